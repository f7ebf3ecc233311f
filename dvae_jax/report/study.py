"""Several runs read together: one table, agreement of metrics, selection."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.metrics.udr import udr
from dvae_jax.report import figures
from dvae_jax.report.records import Record, read, swept
from dvae_jax.rundir import write_atomic

# Numbers of the model itself; all other ones are scores, which rate the codes.
MODEL = ("reconstruction", "kl", "elbo", "active_units", "mi", "tc", "dwkl")
# What can be known without labels, and where the least is the best.
UNSUPERVISED = {
  "reconstruction": True,
  "kl": True,
  "elbo": False,
  "tc": True,
  "total_correlation": True,
  "wasserstein": True,
  "mutual_info_score": True,
  "udr": False,
}


class Study(NamedTuple):
  """All lanes of all runs.

  Attributes:
    lanes: M names, "run/lane".
    settings: M settings: the run and its swept numbers, without the seed.
    scores: name -> (M,) numbers; NaN where missing or diverged.
  """

  lanes: list[str]
  settings: list[str]
  scores: dict[str, np.ndarray]


def collect(records: list[Record]) -> Study:
  """Puts the lanes of several runs into one table, diverged ones as NaN.

  Args:
    records: the runs; where pictures.npz of all shows the same images, "udr" is
      added to the scores.

  Raises:
    ValueError: a run has no results.
  """
  lanes, settings, rows = [], [], []
  for record in records:
    if not record.scores:
      raise ValueError(f"{record.name}: no results yet; evaluate the run first")
    for i, lane in enumerate(record.lanes):
      swept_values = [f"{n} {lane['hparams'][n]:g}" for n in swept(record)]
      lanes.append(f"{record.name}/{lane['lane']}")
      settings.append(" ".join([record.name, *swept_values]))
      valid = lane.get("diverged_at", -1) < 0
      numbers = record.scores.items()
      rows.append({name: v[i] if valid else np.nan for name, v in numbers})
  names = list(dict.fromkeys(name for row in rows for name in row))
  scores = {n: np.array([row.get(n, np.nan) for row in rows]) for n in names}
  found = _udr(records)
  if found is not None:
    valid = np.isfinite(scores.get("reconstruction", found))
    scores["udr"] = np.where(valid, found, np.nan)
  return Study(lanes, settings, scores)


def _udr(records: list[Record]) -> np.ndarray | None:
  """UDR of every lane against all others, from the pictures' common images."""
  shown = [record.pictures for record in records if record.pictures]
  number = sum(len(s["lanes"]) for s in shown)
  if len(shown) < len(records) or number < 2:
    return None
  if any(not np.array_equal(s["indices"], shown[0]["indices"]) for s in shown):
    return None
  if len({str(record.data) for record in records}) > 1:
    return None
  codes = [means for s in shown for means in s["means"]]
  kl = [lane for s in shown for lane in s["kl"]]
  return udr(codes, kl, correlation="spearman")


def summarise(study: Study) -> dict[str, dict[str, tuple[float, float, int]]]:
  """Setting -> score -> mean, standard error and number of lanes.

  The error is NaN for a single lane.
  """
  table: dict[str, dict[str, tuple[float, float, int]]] = {}
  for setting in dict.fromkeys(study.settings):
    mine = np.array([name == setting for name in study.settings])
    table[setting] = {
      name: _mean(values[mine]) for name, values in study.scores.items()
    }
  return table


def _mean(values) -> tuple[float, float, int]:
  values = values[np.isfinite(values)]
  number = len(values)
  if not number:
    return np.nan, np.nan, 0
  error = values.std(ddof=1) / np.sqrt(number) if number > 1 else np.nan
  return float(values.mean()), float(error), number


def ratings(study: Study) -> list[str]:
  """Names of the scores: everything that isn't about the model itself."""
  return [
    name
    for name, values in study.scores.items()
    if name not in (*MODEL, *UNSUPERVISED) and np.isfinite(values).any()
  ]


def select(study: Study, by: str) -> list[tuple[str, str, float, float]]:
  """What choosing a lane by each criterion gets, rated by one score.

  Args:
    study: the lanes.
    by: the score that rates the choice.

  Returns:
    One (criterion, lane, its rating, Spearman's correlation between criterion
    and rating) for each unsupervised criterion and each score, the best choice
    first.

  Raises:
    ValueError: there is no such score.
  """
  if by not in study.scores:
    raise ValueError(f"--by: {by!r} found, one of {ratings(study)} expected")
  rows = []
  for name in dict.fromkeys([*ratings(study), *UNSUPERVISED]):
    values = study.scores.get(name, np.array([np.nan]))
    if not np.isfinite(values).any():
      continue
    worth = -values if UNSUPERVISED.get(name, False) else values
    best = int(np.nanargmax(worth))
    pair = {"criterion": worth, "rating": study.scores[by]}
    correlation = figures.rank_correlations(pair)[0, 1]
    rows.append((name, study.lanes[best], study.scores[by][best], correlation))
  return sorted(rows, key=lambda row: -np.nan_to_num(row[2], nan=-np.inf))


def markdown(study: Study, by: str) -> str:
  """The tables as text: settings with error bars, and the selection."""
  names = [*ratings(study), *(n for n in study.scores if n in MODEL)]
  lines = ["# Study", "", "Means and standard errors over seeds.", ""]
  lines += _table(
    ["setting", "lanes", *names],
    [
      [setting, str(max(n for *_, n in row.values()))]
      + [_number(*row[name]) for name in names]
      for setting, row in summarise(study).items()
    ],
  )
  lines += ["", f"## Choosing a lane, rated by {by}", ""]
  lines += _table(
    ["criterion", "needs labels", "its choice", by, "rank correlation"],
    [
      [
        name,
        "no" if name in UNSUPERVISED else "yes",
        lane,
        f"{score:.3f}",
        f"{correlation:.2f}",
      ]
      for name, lane, score, correlation in select(study, by)
    ],
  )
  return "\n".join(lines) + "\n"


def _number(mean: float, error: float, number: int) -> str:
  if not number:
    return "–"
  return f"{mean:.3f}" + ("" if np.isnan(error) else f" ± {error:.3f}")


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
  rule = ["---"] * len(head)
  escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
  return [f"| {' | '.join(row)} |" for row in (head, rule, *escaped)]


def draw(study: Study) -> dict[str, Figure]:
  """File name -> figure: violins of each score, agreement of all of them."""
  drawn = {}
  settings = np.array(study.settings)
  for name in ratings(study):
    groups = {
      s: study.scores[name][settings == s] for s in dict.fromkeys(settings)
    }
    drawn[f"violins_{name}"] = figures.score_violins(groups, ylabel=name)
  names = [*ratings(study), *(n for n in UNSUPERVISED if n in study.scores)]
  chosen = {name: study.scores[name] for name in names}
  drawn["agreement"] = figures.agreement(
    figures.rank_correlations(chosen), names
  )
  return drawn


def write(workdirs, out, *, by: str = "") -> Path:
  """Writes a study's files, each atomically.

  Args:
    workdirs: run directories.
    out: the folder; made where it's missing.
    by: the score that rates choices; the first one where it's empty.

  Returns:
    study.md.

  Raises:
    ValueError: a run without results, no score at all, or an unknown one.
  """
  study = collect([read(folder) for folder in workdirs])
  scores = ratings(study)
  if not scores:
    raise ValueError("no run has a score; add names to eval.metrics")
  text = markdown(study, by or scores[0])
  folder = Path(out)
  folder.mkdir(parents=True, exist_ok=True)
  for name, figure in draw(study).items():
    with io.BytesIO() as file:
      figure.savefig(file, format="png")
      write_atomic(folder / f"{name}.png", file.getvalue())
  write_atomic(folder / "lanes.csv", _csv(study))
  write_atomic(folder / "study.md", text)
  return folder / "study.md"


def _csv(study: Study) -> str:
  with io.StringIO() as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["lane", "setting", *study.scores])
    columns = (study.lanes, study.settings, *study.scores.values())
    writer.writerows(zip(*columns, strict=True))
    return file.getvalue()
