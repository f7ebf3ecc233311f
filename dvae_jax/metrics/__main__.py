"""Scores a file of codes, or ranks the models of several runs without labels.

python -m dvae_jax.metrics                              what there is
python -m dvae_jax.metrics codes.npz --metrics=mig,dci --out=scores.json
python -m dvae_jax.metrics udr runs/a runs/b

--register=FILE before all else runs a file that adds a metric of its own.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from dvae_jax.metrics import METRICS, intervals, missing, score, single_model
from dvae_jax.metrics.checks import check
from dvae_jax.metrics.files import Codes, read_codes, read_models
from dvae_jax.metrics.udr import FORMS, rank
from dvae_jax.registration import register_first

SECONDS = {
  "dci": 20,
  "dci_es": 20,
  "dci_fast": 3,
  "mig_exact": 6,
  "infomec": 6,
}  # else about 1


def parse_codes(arguments: list[str]) -> argparse.Namespace:
  """Options of the main form."""
  parser = argparse.ArgumentParser(
    prog="python -m dvae_jax.metrics",
    description="Scores anybody's codes with disentanglement metrics.",
    epilog="To rank models without labels: python -m dvae_jax.metrics udr"
    " --help",
  )
  parser.add_argument(
    "codes",
    help="npz with the arrays 'codes' (N, D) numbers and, if there are any,"
    " 'factors' (N, K) integers, 'logvars' (N, D), 'factor_names' (K) and"
    " 'discrete' (); or a run's codes.npz",
  )
  parser.add_argument(
    "--metrics",
    help="comma-separated; default: all that the file has the arrays for. There"
    f" are {', '.join(single_model())}",
  )
  parser.add_argument("--out", help="JSON file for the scores; must be new")
  parser.add_argument(
    "--intervals",
    action="store_true",
    help="add 95%% intervals"
    f" ({intervals.HALVES + intervals.WHOLES} times the work)",
  )
  parser.add_argument("--seed", type=int, default=0, help="default: 0")
  parser.add_argument("--lane", type=int, help="which model of a run's codes")
  return parser.parse_args(arguments)


def parse_udr(arguments: list[str]) -> argparse.Namespace:
  """Options of the udr form."""
  parser = argparse.ArgumentParser(
    prog="python -m dvae_jax.metrics udr",
    description="Ranks all lanes of runs on the same images by unsupervised"
    " disentanglement ranking (Duan et al. 2020): how well other trainings find"
    " the same latents.",
  )
  parser.add_argument("runs", nargs="+", help="run directories with codes.npz")
  parser.add_argument(
    "--correlation",
    choices=("lasso", "spearman"),
    default="lasso",
    help="how latents of two models are compared; default: lasso",
  )
  parser.add_argument(
    "--form",
    choices=FORMS,
    default="udr",
    help="udr compares a lane with those of the same setting and other seeds,"
    " udr_a2a with all; default: udr",
  )
  parser.add_argument(
    "--normalisation",
    choices=("paper", "dlib"),
    default="paper",
    help="paper: sum over all latents of a pair over their number; dlib: the"
    " mean of the two models' means; default: paper",
  )
  parser.add_argument("--out", help="JSON file for the scores; must be new")
  return parser.parse_args(arguments)


def chosen_metrics(listed: str | None, data: Codes) -> list[str]:
  """Names in a comma-separated list, or all that the file suffices for."""
  refused = partial(missing, factors=data.factors, logvars=data.logvars)
  if listed is None:
    return [name for name in METRICS if not refused(name)]
  names = [name.strip() for name in listed.split(",")]
  unknown = [name for name in names if name not in METRICS]
  if unknown:
    raise ValueError(
      f"--metrics: {unknown} unknown; there are {single_model()}"
    )
  for name in names:
    if refusal := refused(name):
      raise ValueError(refusal)
  return names


def score_file(options: argparse.Namespace) -> dict:
  """Runs the metrics under a progress bar: {name: what it returned}.

  A metric that wasn't asked for by name may refuse: {name: {"refused": why}}.
  """
  from rich.progress import BarColumn, Progress, TimeRemainingColumn

  data = read_codes(options.codes, options.lane)
  try:
    check(
      data.codes,
      data.factors,
      logvars=data.logvars,
      factor_names=data.factor_names,
    )
  except ValueError as error:
    raise ValueError(f"{options.codes}: {error}") from error
  names = chosen_metrics(options.metrics, data)
  runs = 1 + options.intervals * (intervals.HALVES + intervals.WHOLES)
  scores = {}
  with Progress(
    "{task.description}",
    BarColumn(),
    "{task.percentage:.0f}%",
    TimeRemainingColumn(),
    "left",
    console=_stderr(),
  ) as progress:
    total = sum(SECONDS.get(name, 1) * runs for name in names)
    task = progress.add_task("", total=total)
    for name in names:
      progress.update(task, description=name)
      advance = partial(progress.advance, task, SECONDS.get(name, 1))
      try:
        scores[name] = score_one(name, data, options, advance)
      except ValueError as error:
        if options.metrics is not None:
          raise
        scores[name] = {"refused": str(error)}
  return scores


def score_one(name: str, data: Codes, options, advance) -> dict:
  """One metric on all rows of a file, with its intervals if asked for."""
  rng = np.random.default_rng(options.seed)
  rows = np.arange(len(data.codes))
  result = score_rows(name, data, rows, rng)
  advance()
  if options.intervals:
    result["intervals"] = intervals.interval(
      partial(score_rows, name, data), len(rows), rng=rng, advance=advance
    )
  return result


def score_rows(name: str, data: Codes, rows, rng) -> dict:
  """One metric on some rows of a file."""
  return score(
    name,
    data.codes[rows],
    None if data.factors is None else data.factors[rows],
    rng=rng,
    logvars=None if data.logvars is None else data.logvars[rows],
    factor_names=data.factor_names,
    discrete=data.discrete,
  )


def rank_runs(options: argparse.Namespace) -> dict:
  """UDR of every lane, best first, those that have no partner last."""
  models, skipped = read_models(options.runs)
  values, variant = rank(
    models,
    form=options.form,
    correlation=options.correlation,
    normalisation=options.normalisation,
  )
  ranked = [
    {"run": models[i].run, "lane": models[i].lane, "udr": float(values[i])}
    for i in np.argsort(-values, kind="stable")
    if np.isfinite(values[i])
  ]
  skipped += [
    f"{model.run} lane {model.lane}: no partner of its setting and another seed"
    for model, value in zip(models, values, strict=True)
    if np.isnan(value)
  ]
  return {"variant": variant, "ranking": ranked, "skipped": skipped}


def print_metrics() -> None:
  """Prints of each metric its name, which way is up, and what it reads."""
  for name, metric in METRICS.items():
    first = (metric.function.__doc__ or "").partition("\n")[0]
    print(f"{name:<18} {metric.better:<5} {metric.reads:<18} {first}")


def print_scores(scores: dict) -> None:
  """Prints of each metric its headline, how sharp it is, and the rest.

  After the headline comes the standard error of its mean over draws, and its
  interval; a note stands in a line of its own.
  """
  for name, result in scores.items():
    if "refused" in result:
      print(f"{name:<14} refused: {result['refused']}")
      continue
    spread = result.get(f"{name}_spread", 0.0)
    low_high = result.get("intervals", {}).get(name)
    drawn = f" ± {spread:.4f}" if spread else ""
    within = "  [{:.4f}, {:.4f}]".format(*low_high) if low_high else ""
    others = [
      f"{key} {value:.4f}"
      for key, value in result.items()
      if key not in (name, f"{name}_spread") and isinstance(value, float)
    ]
    text = ", ".join([*others, result.get("variant", "")])
    print(f"{name:<14} {result[name]:.4f}{drawn}{within}  {text}")
    if "note" in result:
      print(f"{'':<14} note: {result['note']}")


def print_ranking(result: dict) -> None:
  """Prints what was left out, and all the others."""
  for sentence in result["skipped"]:
    print(f"skipped: {sentence}")
  print(result["variant"])
  for place, model in enumerate(result["ranking"], 1):
    print(
      f"{place:>4}  {model['udr']:.4f}  {model['run']} lane {model['lane']}"
    )


def main(arguments: list[str]) -> int:
  """Runs one form; returns 0, or 2 after a message about what was refused."""
  try:
    arguments = register_first(arguments)
    if not arguments:
      print_metrics()
      return 0
    ranking = arguments[:1] == ["udr"]
    options = parse_udr(arguments[1:]) if ranking else parse_codes(arguments)
    if options.out and Path(options.out).exists():
      raise ValueError(
        f"--out: {options.out} exists; remove it or name another"
      )
    result = rank_runs(options) if ranking else score_file(options)
  except ValueError as error:
    print(f"error: {error}", file=sys.stderr)
    return 2
  (print_ranking if ranking else print_scores)(result)
  if options.out:
    Path(options.out).write_text(json.dumps(result, indent=1) + "\n")
  return 0


def _stderr():
  from rich.console import Console

  return Console(stderr=True)


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
