"""Evaluates a run: `python -m dvae_jax.evaluate --workdir=runs/x`.

Every image of the evaluation grid is encoded once per lane; metrics, results
and pictures are made from that. --metrics measures only those, anew, and keeps
the other scores.
"""

from functools import partial
from typing import Any

import numpy as np
from absl import app, flags

from dvae_jax import config as configs
from dvae_jax import metrics, rundir, runs, session
from dvae_jax.encoding import (
  Encoded,
  batch_encoder,
  bound_terms,
  encode_all,
  exact_decomposition,
  grid_indices,
  varying_factors,
)
from dvae_jax.progress import progress_bar, say
from dvae_jax.registration import register
from dvae_jax.report import page, pictures
from dvae_jax.runs import Run


def scores(run: Run, encoded: Encoded, indices, names, advance) -> tuple:
  """Runs metrics on one lane's codes.

  Args:
    run: loaded.
    encoded: of the lane.
    indices: (N,) of the images.
    names: of the metrics.
    advance: called after each.

  Returns:
    {name: value} of the headlines, the first of a metric under the metric's
    name and further ones as "name.part", and {name: all else that the metric
    returned}. A metric that refuses the codes has the value None and its
    reason; one that reads what there isn't is left out.
  """
  factors, factor_names = varying_factors(run.dataset, indices) or (None, ())
  found: dict[str, float | None] = {}
  details: dict[str, dict] = {}
  for name in names:
    advance(1)
    if metrics.missing(name, factors=factors, logvars=encoded.logvars):
      continue
    try:
      details[name] = metrics.score(
        name,
        encoded.codes,
        factors,
        rng=np.random.default_rng(0),
        logvars=encoded.logvars,
        factor_names=factor_names,
        discrete=run.discrete,
      )
    except ValueError as error:
      say(f"Metric {name}: {error}")
      details[name] = {name: None, "refused": str(error)}
    found[name] = details[name].pop(name)
    for part in metrics.headlines(name)[1:]:
      if part in details[name]:
        found[f"{name}.{part}"] = details[name][part]
  return found, details


def result_of(
  run: Run,
  lane: int,
  indices,
  encoded: Encoded,
  settings: dict,
  *,
  names: list[str],
  before: dict,
  advance,
) -> dict[str, Any]:
  """The line of results.jsonl of one lane; a diverged lane has no scores.

  Args:
    run: loaded.
    lane: its number.
    indices: (N,) of the images.
    encoded: of the lane.
    settings: config.eval as a dict.
    names: of the metrics to be measured.
    before: what was measured earlier, a line of results.jsonl or {}.
    advance: called after each metric.
  """
  diverged_at = int(run.state(lane).diverged_at)
  found: dict[str, Any] = {}
  details: dict[str, Any] = {}
  if diverged_at < 0:
    values = bound_terms(encoded) | exact_decomposition(encoded)
    found, details = scores(run, encoded, indices, names, advance)
    found = before.get("metrics", {}) | found | values
    held_out = before.get("details", {}).get("held_out", {})
    held_out |= _held_out(run, encoded, indices, names)
    details = before.get("details", {}) | details
    if held_out:
      details["held_out"] = held_out
  return {
    **run.lanes[lane],
    "step": run.step,
    "diverged_at": diverged_at,
    "metrics": found,
    "better": {n: metrics.METRICS[n].better for n in settings["metrics"]},
    "details": details,
    "data": session.describe(run.dataset),
    "eval": settings,
  }


def _held_out(run: Run, encoded: Encoded, indices, names) -> dict[str, Any]:
  """Loss terms and scores on the held-out images alone; {} without any."""
  rows = held_out_rows(run, indices)
  if rows is None:
    return {}
  some = encoded.rows(rows)
  found, _ = scores(run, some, indices[rows], names, lambda _: None)
  return bound_terms(some) | found


def held_out_rows(run: Run, indices) -> np.ndarray | None:
  """(N,) booleans: which of the images are held out; None where none is."""
  if run.dataset.held_out is None:
    return None
  rows = np.isin(indices, run.dataset.held_out)
  return rows if rows.any() else None


def unmeasured(lines: list[dict], settings: dict[str, Any]) -> list[str]:
  """Metrics of the settings that some lane's result doesn't have yet."""
  names = settings["metrics"]
  same = [line for line in lines if same_images(line, settings)]
  done = [set(line["eval"]["metrics"]) for line in same]
  return [n for n in names if not done or any(n not in d for d in done)]


def same_images(line: dict, settings: dict[str, Any]) -> bool:
  """Whether a result is of the images that the settings ask for."""
  return line["eval"]["stride"] == list(settings["stride"])


def evaluate(
  run: Run, settings: dict[str, Any], *, only: list[str] | None = None
) -> list[dict]:
  """Evaluates every lane and writes results.jsonl, codes.npz and pictures.npz.

  A lane that an interrupted evaluation with the same settings has finished is
  not measured again.

  Args:
    run: loaded, its directory held by this process.
    settings: config.eval as a dict: metrics, stride, codes.
    only: metrics to measure, adding them to the results of the same images;
      None measures all of the settings' and nothing is kept.

  Returns:
    The lines of results.jsonl.

  Raises:
    ValueError: eval.stride doesn't fit the data set.
  """
  indices = grid_indices(run.dataset, tuple(settings["stride"]))
  earlier = _earlier(run, settings) if only is not None else {}
  kept = [n for b in earlier.values() for n in b["eval"]["metrics"]]
  names = list(settings["metrics"] if only is None else only)
  settings = rundir.plain(settings) | {
    "metrics": list(dict.fromkeys([*kept, *names])),
    "num_images": len(indices),
  }
  task = {"names": names, "eval": settings, "step": run.step}
  unfinished = run.workdir / rundir.UNFINISHED
  head, *lines = rundir.read_jsonl(unfinished) or [task]
  if head != task:
    lines = []
  codes = []
  with progress_bar() as bar:
    for lane, encoded in _encoded(run, indices, settings, len(lines), bar):
      codes.append(encoded)
      if lane < len(lines):
        continue
      task_id = bar.add_task(f"Measuring lane {lane}", total=len(names))
      line = result_of(
        run,
        lane,
        indices,
        encoded,
        settings,
        names=names,
        before=earlier.get(lane, {}),
        advance=partial(bar.advance, task_id),
      )
      lines.append(rundir.plain(line))
      rundir.write_jsonl(unfinished, [task, *lines])
  if settings["codes"]:
    write_codes(run, indices, codes)
  pictures.write(run)
  rundir.write_jsonl(run.workdir / rundir.RESULTS, lines)
  unfinished.unlink(missing_ok=True)
  _say_notes(lines)
  return lines


def _say_notes(lines: list[dict]) -> None:
  """Says which metrics had too few images; what they say is in the results."""
  details = [item for line in lines for item in line["details"].items()]
  noted = dict.fromkeys(name for name, found in details if "note" in found)
  if noted:
    say(f"Few images for {', '.join(noted)}: see the notes in the results")


def _encoded(run: Run, indices, settings, measured: int, bar):
  """Yields lanes and their codes; measured lanes only where codes are kept."""
  encoder = batch_encoder(run)
  for lane in range(0 if settings["codes"] else measured, len(run.lanes)):
    task = bar.add_task(f"Encoding lane {lane}", total=len(indices))
    advance = partial(bar.advance, task)
    yield lane, encode_all(run, encoder, indices, lane, advance)


def _earlier(run: Run, settings) -> dict[int, dict]:
  """Lane -> its result at this step and of these images."""
  return {
    line["lane"]: line
    for line in rundir.read_jsonl(run.workdir / rundir.RESULTS)
    if line["step"] == run.step and same_images(line, settings)
  }


def write_codes(run: Run, indices: np.ndarray, codes: list[Encoded]) -> None:
  """Writes codes.npz, which any tool's metrics can read.

  `means` (L, N, D), `indices` (N,), `discrete` (); `logvars` (L, N, D) where
  the posterior is Gaussian, `kl` (L, D) nats where it has a KL; `factors` (N,
  K) and `factor_names` where there are factors, `held_out` (N,) where images
  are held out.
  """
  arrays: dict[str, Any] = {
    "means": np.stack([encoded.codes for encoded in codes]),
    "indices": indices,
    "discrete": np.bool_(run.discrete),
  }
  logvars = [lane.logvars for lane in codes if lane.logvars is not None]
  kls = [
    lane.kl.mean(0, dtype="float64") for lane in codes if lane.kl is not None
  ]
  arrays |= {"logvars": np.stack(logvars)} if logvars else {}
  arrays |= {"kl": np.stack(kls)} if kls else {}
  found = varying_factors(run.dataset, indices)
  if found is not None:
    arrays["factors"], arrays["factor_names"] = found[0], np.array(found[1])
  rows = held_out_rows(run, indices)
  if rows is not None:
    arrays["held_out"] = rows
  rundir.write_atomic(
    run.workdir / rundir.CODES, lambda file: np.savez(file, **arrays)
  )


def main(_) -> None:
  """Evaluates the newest checkpoint of a run directory again."""
  session.set_up()
  with session.refusing():
    if flags.FLAGS.workdir is None:
      raise ValueError("--workdir: missing; name a run directory")
    for experiment in flags.FLAGS.register:
      register(experiment)
    run = runs.load_run(flags.FLAGS.workdir)
    settings = run.config.eval.to_dict()
    only = flags.FLAGS.metrics
    if only is not None:
      run.config.eval.metrics = tuple(only)
    configs.check(run.config)
    with rundir.locked(run.workdir):
      evaluate(run, settings, only=only)
      say(f"Report: {page.write(run.workdir)}")


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "Run directory to evaluate.")
  flags.DEFINE_list(
    "metrics", None, "Metrics to measure; those of the run's config if unset."
  )
  flags.DEFINE_multi_string(
    "register", [], "Experiment file that registers what the run names."
  )
  app.run(main)
