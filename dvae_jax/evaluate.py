"""Evaluates a run: `python -m dvae_jax.evaluate --workdir=runs/x`.

Every image of the evaluation grid is encoded once per lane; metrics, results
and pictures are made from that. --metrics measures only those, anew, and keeps
the other scores.
"""

import contextlib
import itertools
import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from dvae_jax import (
  checks,
  measuring,
  metrics,
  processes,
  results,
  rundir,
  runs,
  session,
)
from dvae_jax.codes import CodesFile
from dvae_jax.encoding import (
  Encoded,
  batch_encoder,
  bound_terms,
  encode_all,
  exact_decomposition,
  grid_indices,
  varying_factors,
)
from dvae_jax.measuring import Measured, Truth
from dvae_jax.progress import be_quiet, counting, progress_bar, say
from dvae_jax.registration import register
from dvae_jax.report import page, pictures
from dvae_jax.report.tables import best_in_words
from dvae_jax.runs import Run

AHEAD = 2  # lanes encoded before their metrics are awaited, a worker


def truth_of(run: Run, indices: np.ndarray) -> Truth:
  """What is known of the images (N,) that a run is evaluated on."""
  factors, names = varying_factors(run.dataset, indices) or (None, ())
  held_out = run.dataset.held_out
  rows = None if held_out is None else np.isin(indices, held_out)
  if rows is not None and not rows.any():
    rows = None
  return Truth(factors, names, rows, run.discrete)


def model_terms(encoded: Encoded, truth: Truth) -> tuple[dict, dict]:
  """Numbers of the model itself: of all images, and of the held-out ones."""
  values = bound_terms(encoded) | exact_decomposition(encoded)
  if truth.held_out is None:
    return values, {}
  return values, bound_terms(encoded.rows(truth.held_out))


def result_of(
  run: Run,
  lane: int,
  settings: dict,
  *,
  terms: tuple[dict, dict],
  measured: Measured | None,
  before: dict,
) -> dict[str, Any]:
  """The line of results.jsonl of one lane; a diverged lane has no scores.

  Args:
    run: loaded.
    lane: its number.
    settings: config.eval as a dict.
    terms: from `model_terms`.
    measured: what the metrics say, None of a diverged lane.
    before: what was measured earlier, a line of results.jsonl or {}.
  """
  found: dict[str, Any] = {}
  details: dict[str, Any] = {}
  if measured:
    values, held_out = terms
    found = before.get("metrics", {}) | measured.scores | values
    details = before.get("details", {}) | measured.details
    held_out = held_out | measured.held_out
    if held_out:
      details["held_out"] = details.get("held_out", {}) | held_out
  return {
    **run.lanes[lane],
    "step": run.step,
    "diverged_at": int(run.state(lane).diverged_at),
    "metrics": found,
    "details": details,
    "data": session.describe(run.dataset),
    "eval": settings,
  }


def unmeasured(lines: list[dict], settings: dict[str, Any]) -> list[str] | None:
  """What is left to measure.

  Args:
    lines: of results.jsonl.
    settings: config.eval as a dict.

  Returns:
    Metrics of the settings that some lane's result doesn't have yet; None where
    nothing was measured on these images, so that everything is left.
  """
  same = [line for line in lines if same_images(line, settings)]
  if not same:
    return None
  done = [set(line["eval"]["metrics"]) for line in same]
  return [n for n in settings["metrics"] if any(n not in d for d in done)]


def same_images(line: dict, settings: dict[str, Any]) -> bool:
  """Whether a result is of the images that the settings ask for."""
  return line["eval"]["stride"] == list(settings["stride"])


def evaluate(
  run: Run,
  settings: dict[str, Any],
  *,
  only: list[str] | None = None,
  pool: Executor | None = None,
  bar=None,
  draw: bool = True,
) -> list[dict]:
  """Evaluates every lane and writes results.jsonl, codes.npz and pictures.npz.

  A lane that an interrupted evaluation with the same settings has finished is
  not measured again. Processes that do one run share the lanes; the leader
  writes.

  Args:
    run: loaded, its directory held by this process.
    settings: config.eval as a dict: metrics, stride, codes.
    only: metrics to measure, adding them to the results of the same images;
      None measures all of the settings' and nothing is kept.
    pool: processes that measure while the next lane is encoded; None measures
      here.
    bar: progress bar to show the work on; None shows one of its own.
    draw: whether pictures.npz is written, which only the report reads.

  Returns:
    The lines of results.jsonl; in a process that doesn't lead, of its lanes.

  Raises:
    ValueError: eval.stride doesn't fit the data set.
  """
  indices = grid_indices(run.dataset, tuple(settings["stride"]))
  truth = truth_of(run, indices)
  earlier = _earlier(run, settings) if only is not None else {}
  names = list(settings["metrics"] if only is None else only)
  mine = processes.share(len(run.lanes))
  asked = _asked(run, settings, names, earlier, len(indices), mine)
  settings = asked["eval"]
  unfinished = run.workdir / processes.own(rundir.UNFINISHED)
  lines = _begun(unfinished, asked)
  with contextlib.ExitStack() as stack:
    bar = bar or stack.enter_context(progress_bar())
    codes = None
    if settings["codes"]:
      codes = stack.enter_context(CodesFile(run, indices, truth))
    left = mine[len(lines) :]
    encoded = _encoded(run, indices, codes, mine if codes else left, bar)
    found = _measured(run, encoded, truth, names, pool, bar, left.start)
    task = _all_lanes(bar, mine, lines)
    for lane, terms, measured in found:
      before = earlier.get(lane, {})
      line = result_of(
        run, lane, settings, terms=terms, measured=measured, before=before
      )
      lines.append(rundir.plain(line))
      rundir.write_jsonl(unfinished, [asked, *lines])
      bar.update(task, completed=len(lines), note=best_in_words(lines))
    lines = _of_all(lines)
    if codes:
      codes.write()
    if draw and processes.leads():
      bar.update(task, description="Making pictures")
      pictures.write(run)
    bar.remove_task(task)
  _write(run, lines)
  unfinished.unlink(missing_ok=True)
  return lines


def _asked(run, settings, names, earlier, number: int, lanes: range) -> dict:
  """What is to be done, in JSON: the first line of an unfinished evaluation."""
  kept = [n for b in earlier.values() for n in b["eval"]["metrics"]] + names
  fields = {"metrics": [*dict.fromkeys(kept)], "num_images": number}
  asked = {"names": names, "eval": rundir.plain(settings) | fields}
  asked["step"] = run.step
  return asked if len(lanes) == len(run.lanes) else asked | {"lanes": [*lanes]}


def _of_all(lines: list[dict]) -> list[dict]:
  """The leader gets the other processes' lines behind its own."""
  if processes.count() == 1:
    return lines
  found = processes.to_leader(json.dumps(lines).encode())
  parts = [lines] if found is None else map(json.loads, found)
  return list(itertools.chain(*parts))


def _all_lanes(bar, lanes: range, lines: list[dict]) -> int:
  """The bar's task of a whole evaluation, of which some lanes are done."""
  number = len(lanes)
  words = f"Evaluating {number} lane{'s' if number > 1 else ''}"
  return bar.add_task(words, total=number, completed=len(lines))


def _begun(unfinished: Path, task: dict[str, Any]) -> list[dict]:
  """Lines that an interrupted evaluation of the same task has written."""
  head, *lines = rundir.read_jsonl(unfinished) or [task]
  for number, line in enumerate(lines, 2):
    results.check_evaluated(unfinished, line, number)
  return lines if head == task else []


def _write(run: Run, lines: list[dict]) -> None:
  """Writes results.jsonl, by the leader."""
  if processes.leads():
    rundir.write_jsonl(run.workdir / rundir.RESULTS, lines)
    _say_notes(lines)


def _say_notes(lines: list[dict]) -> None:
  """Says which metrics had too few images; what they say is in the results."""
  details = [item for line in lines for item in line["details"].items()]
  noted = dict.fromkeys(name for name, found in details if "note" in found)
  if noted:
    say(f"Few images for {', '.join(noted)}: see the notes in the results")


def _encoded(
  run: Run, indices, codes: CodesFile | None, lanes: range, bar
) -> Iterator[tuple[int, Encoded]]:
  """Lanes and their codes."""
  encoder = batch_encoder(run)
  for lane in lanes:
    task = bar.add_task(f"Encoding lane {lane}", total=len(indices))
    advance = partial(bar.advance, task)
    encoded = encode_all(run, encoder, indices, lane, advance)
    bar.remove_task(task)
    if codes:
      codes.put(encoded)
    yield lane, encoded


def _measured(run, encoded, truth: Truth, names, pool, bar, start: int):
  """Yields (lane, model's terms, Measured or None) from lane `start` on."""
  ahead = AHEAD * getattr(pool, "_max_workers", 0)
  waiting: deque = deque()
  for lane, one in encoded:
    if lane < start:
      continue
    if int(run.state(lane).diverged_at) >= 0:
      waiting.append((lane, ({}, {}), None, _done(None)))
    else:
      job = _submit(pool, bar, lane, one, truth, names)
      decoded = _by_decoder(run, lane, one, truth, names)
      waiting.append((lane, model_terms(one, truth), decoded, job))
    while len(waiting) > ahead or (waiting and waiting[0][-1].done()):
      lane, terms, decoded, job = waiting.popleft()
      yield lane, terms, decoded and decoded.joined(job.result())
  for lane, terms, decoded, job in waiting:
    yield lane, terms, decoded and decoded.joined(job.result())


def _by_decoder(run: Run, lane: int, encoded: Encoded, truth, names):
  """What the metrics say that read a decoder, which processes don't have."""
  names = [n for n in names if metrics.METRICS[n].reads == "decoder"]
  decode = partial(run.decode, lane=lane)
  return measuring.measure(encoded.codes, None, truth, names, decode=decode)


def _submit(pool, bar, lane: int, encoded: Encoded, truth, names) -> Future:
  """Measures a lane in a process of the pool, or here and now."""
  given = encoded.codes, encoded.logvars, truth, names
  if pool:
    return pool.submit(measuring.measure, *given)
  task = bar.add_task(f"Measuring lane {lane}", total=len(names))
  found = measuring.measure(*given, partial(bar.advance, task))
  bar.remove_task(task)
  return _done(found)


def _done(result) -> Future:
  future: Future = Future()
  future.set_result(result)
  return future


def _earlier(run: Run, settings) -> dict[int, dict]:
  """Lane -> its result at this step and of these images."""
  return {
    line["lane"]: line
    for line in results.evaluated(run.workdir)
    if line["step"] == run.step and same_images(line, settings)
  }


def main(_) -> None:
  """Evaluates the newest checkpoint of a run directory again."""
  session.set_up()
  be_quiet(flags.FLAGS.quiet)
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
    checks.check(run.config)
    with rundir.locked(run.workdir):
      evaluate(run, settings, only=only)
      with counting("Drawing figures") as advance:
        report = page.write(run.workdir, advance=advance)
      say(f"Report: {report}")


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "Run directory to evaluate.")
  flags.DEFINE_bool("quiet", False, "Say nothing but warnings.")
  flags.DEFINE_list(
    "metrics", None, "Metrics to measure; those of the run's config if unset."
  )
  flags.DEFINE_multi_string(
    "register", [], "Experiment file that registers what the run names."
  )
  app.run(main)
