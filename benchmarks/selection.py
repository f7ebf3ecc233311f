"""How often a choice without labels is right, over studies.

    python -m benchmarks.selection FOLDER ... [--by=mig] [--votes=1000]

A FOLDER is a run directory, or holds run directories at any depth, which are
taken together: a study whose lanes saw the same images. Of each study every
number that needs no labels and knows its better side chooses a lane, and so do
both forms of UDR and, with --votes=1000, ModelCentrality; the score --by rates
the choice. A line gives of a criterion, over studies: how often its choice is
the best lane, and its regret, the best lane's rating less its choice's; the
same of a lane drawn at random. Intervals are 95% of bootstrap samples: of
studies, and in each of settings with all their seeds.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks import timing
from dvae_jax import rundir
from dvae_jax.metrics.files import read_models
from dvae_jax.metrics.udr import FORMS, rank
from dvae_jax.report import study
from dvae_jax.report.scores import needs_labels, worth
from dvae_jax.runs import load_run
from dvae_jax.studies import centrality

SAMPLES = 1000
GROUP = 100  # images of a vote
RANDOM = "(a lane at random)"


class Choices(NamedTuple):
  """The lanes of a study.

  Attributes:
    settings: (M,) texts, equal for the seeds of a setting.
    rating: (M,) turned so that more is better.
    criteria: name -> (M,), turned likewise; NaN where a lane has none.
  """

  settings: np.ndarray
  rating: np.ndarray
  criteria: dict[str, np.ndarray]


def runs_in(folder: Path) -> list[Path]:
  """Run directories with results: the folder, or those in it."""
  found = sorted(path.parent for path in folder.rglob(rundir.RESULTS))
  if not found:
    raise ValueError(f"{folder}: holds no run with {rundir.RESULTS}")
  return found


def read(folder: Path, by: str, votes: int = 0) -> Choices:
  """The lanes of a study that have the rating, and what may choose among them.

  Args:
    folder: of the study.
    by: the score that rates.
    votes: of ModelCentrality; 0 leaves it out.

  Raises:
    ValueError: no run, or no such score.
  """
  runs = runs_in(folder)
  found = study.collect(runs)
  if by not in study.ratings(found):
    raise ValueError(
      f"--by: {by!r} found, one of {study.ratings(found)} expected in {folder}"
    )
  names = [n for n in study.criteria(found) if n != "udr"]
  names = [n for n in names if not needs_labels(n)]
  criteria = {name: worth(name, found.scores[name]) for name in names}
  places = _places(runs)
  if len(places) != len(found.lanes):
    raise ValueError(f"{folder}: a run is there under two names")
  criteria |= _both_forms(runs, places)
  if votes:
    criteria["model_centrality"] = _centrality(runs, places, votes)
  known = np.isfinite(found.scores[by])
  return Choices(
    np.array(found.settings)[known],
    worth(by, found.scores[by])[known],
    {name: values[known] for name, values in criteria.items()},
  )


def _places(runs) -> dict[tuple[str, int], int]:
  """(run, lane) -> which of all lanes it is."""
  places: dict[tuple[str, int], int] = {}
  for run in runs:
    for line in rundir.read_jsonl(run / rundir.RESULTS):
      places[str(run), line["lane"]] = len(places)
  return places


def _centrality(runs, places, votes: int) -> np.ndarray:
  """ModelCentrality of the lanes that didn't diverge."""
  models = [load_run(run) for run in runs]
  for run in models:
    if run.prior(1) is None:
      raise ValueError(f"{run.workdir}: has no prior to draw images from")
  found = np.full(len(places), np.nan)
  scores = centrality.score(models, votes, GROUP)
  for run, values in zip(models, scores, strict=True):
    for lane, value in enumerate(values):
      found[places[str(run.workdir), lane]] = value
  return found


def _both_forms(runs, places) -> dict[str, np.ndarray]:
  """Both forms of UDR of every lane, where the runs have them."""
  found = {}
  for form in FORMS:
    try:
      models, _ = read_models(runs)
      values, _ = rank(models, form=form)
    except ValueError as error:
      print(f"Without {form}: {error}")
      continue
    found[form] = np.full(len(places), np.nan)
    for model, value in zip(models, values, strict=True):
      found[form][places[model.run, model.lane]] = value
  return found


def judge(choices: Choices, rows: np.ndarray) -> dict[str, tuple[float, float]]:
  """Of each criterion whether its choice is the best, and its regret.

  Args:
    choices: of a study.
    rows: of the lanes that there are to choose from; one may occur twice.

  Returns:
    {criterion: (hit, regret)}; NaN of one that knows none of the lanes. A
    choice as good as the best is a hit, and one among equals is their mean.
  """
  rating = choices.rating[rows]
  best = rating.max()
  found = {RANDOM: (float((rating == best).mean()), best - rating.mean())}
  for name, values in choices.criteria.items():
    values = values[rows]
    if not np.isfinite(values).any():
      found[name] = (np.nan, np.nan)
      continue
    chosen = rating[values == np.nanmax(values)]
    found[name] = (float((chosen == best).mean()), best - chosen.mean())
  return found


def sampled(choices: Choices, rng: np.random.Generator) -> np.ndarray:
  """Rows of as many settings as there are, drawn with replacement."""
  groups = [
    np.flatnonzero(choices.settings == s) for s in np.unique(choices.settings)
  ]
  drawn = rng.integers(len(groups), size=len(groups))
  return np.concatenate([groups[i] for i in drawn])


def summarise(studies: list[Choices], rng: np.random.Generator) -> list[dict]:
  """A row of each criterion: hits, regret, their intervals, how many studies.

  Args:
    studies: one or more.
    rng: NumPy generator of the bootstrap samples.
  """
  whole = [judge(s, np.arange(len(s.rating))) for s in studies]
  names = list(dict.fromkeys(name for found in whole for name in found))
  blank = (np.nan, np.nan)
  stack = lambda judged: np.array(
    [[found.get(name, blank) for name in names] for found in judged]
  )
  drawn = []
  for _ in range(SAMPLES):
    which = rng.integers(len(studies), size=len(studies))
    judged = [judge(studies[i], sampled(studies[i], rng)) for i in which]
    drawn.append(_mean(stack(judged)))
  mean, spread = _mean(stack(whole)), np.array(drawn)
  rows = []
  for i, name in enumerate(names):
    row = {"criterion": name, "studies": sum(name in f for f in whole)}
    for j, what in enumerate(("hits", "regret")):
      low_high = [np.nan, np.nan]
      if np.isfinite(spread[:, i, j]).any():
        low_high = np.nanquantile(spread[:, i, j], (0.025, 0.975)).tolist()
      row[what], row[f"{what}_interval"] = float(mean[i, j]), low_high
    rows.append(row)
  return sorted(rows, key=lambda row: np.nan_to_num(row["regret"], nan=np.inf))


def _mean(table: np.ndarray) -> np.ndarray:
  """Mean over studies of those that are numbers; NaN where none is."""
  known = np.isfinite(table)
  count = known.sum(0)
  total = np.where(known, table, 0.0).sum(0)
  return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def markdown(rows: list[dict], by: str) -> str:
  """The table."""
  lines = [f"| criterion | studies | chose the best | regret in {by} |"]
  lines += ["| --- | --- | --- | --- |"]
  for row in rows:
    cells = [
      "{:.2f} [{:.2f}, {:.2f}]".format(row[what], *row[f"{what}_interval"])
      for what in ("hits", "regret")
    ]
    lines.append(f"| {row['criterion']} | {row['studies']} | {cells[0]} |"
                 f" {cells[1]} |")  # fmt: skip
  return "\n".join(lines)


def main() -> None:
  """Prints the table."""
  parser = timing.parser(__doc__)
  parser.formatter_class = argparse.RawDescriptionHelpFormatter
  parser.add_argument("folders", nargs="+", type=Path)
  parser.add_argument("--by", default="mig", help="the rating; default: mig")
  parser.add_argument("--votes", type=int, default=0)
  flags = parser.parse_args()
  try:
    studies = [read(folder, flags.by, flags.votes) for folder in flags.folders]
  except ValueError as error:
    raise SystemExit(f"error: {error}") from error
  rows = summarise(studies, np.random.default_rng(0))
  print(markdown(rows, flags.by))
  timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
