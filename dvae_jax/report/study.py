"""Several runs read together: one table, agreement of metrics, selection."""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.metrics.files import read_models
from dvae_jax.metrics.udr import rank
from dvae_jax.report import figures
from dvae_jax.report.records import read, sweep
from dvae_jax.report.scores import (
  MODEL,
  Summary,
  better,
  by_setting,
  metric_of,
  needs_labels,
  titled,
  worth,
)
from dvae_jax.report.tables import mean_text
from dvae_jax.rundir import clear_away, write_atomic


class Study(NamedTuple):
  """All lanes of all runs.

  Attributes:
    lanes: M names, "run/lane".
    settings: M settings: the run and its swept numbers, without the seed.
    scores: name -> (M,) numbers; NaN where missing or diverged.
    notes: sentences about what is missing.
  """

  lanes: list[str]
  settings: list[str]
  scores: dict[str, np.ndarray]
  notes: list[str]


def collect(workdirs) -> Study:
  """Puts the lanes of several runs into one table.

  Args:
    workdirs: run directories; where codes.npz of all has codes of the same
      images and KLs, "udr" is added to the scores.

  Raises:
    ValueError: a folder without a run, or a run without results.
  """
  folders = list(dict.fromkeys(map(str, workdirs)))
  records = [read(folder, arrays=False) for folder in folders]
  same = len({record.name for record in records}) < len(records)
  lanes: list[str] = []
  settings: list[str] = []
  rows, places = [], {}
  for folder, record in zip(folders, records, strict=True):
    if not any("metrics" in lane for lane in record.lanes):
      raise ValueError(f"{record.name}: no results yet; evaluate the run first")
    run = folder if same else record.name
    for i, setting in enumerate(sweep(record).settings):
      lane = record.lanes[i]["lane"]
      places[folder, lane] = len(lanes)
      lanes.append(f"{run}/{lane}")
      settings.append(" ".join(filter(None, [run, setting])))
      rows.append({name: v[i] for name, v in record.scores.items()})
  names = list(dict.fromkeys(name for row in rows for name in row))
  scores = {n: np.array([row.get(n, np.nan) for row in rows]) for n in names}
  try:
    models, _ = read_models(folders)
    values, _ = rank(models)
  except ValueError as error:
    return Study(lanes, settings, scores, [f"Without udr: {error}."])
  scores["udr"] = np.full(len(lanes), np.nan)
  for model, value in zip(models, values, strict=True):
    scores["udr"][places[model.run, model.lane]] = value
  return Study(lanes, settings, scores, [])


def summarise(study: Study) -> dict[str, dict[str, Summary]]:
  """Setting -> score -> mean, standard error and number of lanes."""
  columns = {
    name: by_setting(study.settings, values)
    for name, values in study.scores.items()
  }
  return {
    setting: {name: column[setting] for name, column in columns.items()}
    for setting in dict.fromkeys(study.settings)
  }


def ratings(study: Study) -> list[str]:
  """Names of the scores that labels give: they rate a choice."""
  return [name for name in _known(study) if needs_labels(name)]


def criteria(study: Study) -> list[str]:
  """Names of all numbers that a lane may be chosen by, ratings first."""
  return sorted(filter(better, _known(study)), key=_labelled_first)


def _labelled_first(name: str) -> bool:
  return not needs_labels(name)


def _known(study: Study) -> list[str]:
  return [n for n, v in study.scores.items() if np.isfinite(v).any()]


def select(study: Study, by: str) -> list[tuple[str, str, float, float]]:
  """What choosing a lane by each criterion gets, rated by one score.

  Args:
    study: the lanes.
    by: the score that rates the choice.

  Returns:
    One (criterion, lane, its rating, Spearman's correlation between criterion
    and rating, both turned so that more is better) for each number that knows
    its better side, the best choice first.

  Raises:
    ValueError: there is no such score.
  """
  allowed = criteria(study)
  if by not in allowed:
    raise ValueError(f"--by: {by!r} found, one of {allowed} expected")
  rating, rows = study.scores[by], []
  for name in allowed:
    value = worth(name, study.scores[name])
    best = int(np.nanargmax(value))
    pair = {"criterion": value, "rating": worth(by, rating)}
    correlation = figures.rank_correlations(pair)[0, 1]
    rows.append((name, study.lanes[best], rating[best], correlation))
  gain = lambda row: np.nan_to_num(worth(by, row[2]), nan=-np.inf)
  return sorted(rows, key=gain, reverse=True)


def markdown(study: Study, by: str) -> str:
  """The tables as text: settings with error bars, and the selection."""
  names = sorted(filter(metric_of, study.scores), key=_labelled_first)
  names += [n for n in MODEL if n in study.scores]
  settings = summarise(study)
  numbers = [
    found.number for row in settings.values() for found in row.values()
  ]
  what = "One lane a setting."
  if max(numbers) > 1:
    what = "Means and standard errors over seeds."
  lines = ["# Study", "", f"{what} Arrows point to the better side.", ""]
  lines += _table(
    ["setting", "lanes", *map(titled, names)],
    [
      [setting, str(max(found.number for found in row.values()))]
      + [mean_text(row[name]) for name in names]
      for setting, row in settings.items()
    ],
  )
  lines += ["", f"## Choosing a lane, rated by {by}", ""]
  lines += _table(
    ["criterion", "needs labels", "its choice", titled(by), "rank correlation"],
    [
      [
        titled(name),
        "yes" if needs_labels(name) else "no",
        lane,
        f"{score:.3f}",
        f"{correlation:.2f}",
      ]
      for name, lane, score, correlation in select(study, by)
    ],
  )
  lines += [line for note in study.notes for line in ("", note)]
  return "\n".join(lines) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
  rule = ["---"] * len(head)
  escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
  return [f"| {' | '.join(row)} |" for row in (head, rule, *escaped)]


def draw(study: Study) -> dict[str, Figure]:
  """File name -> figure: points of each rating, agreement of all criteria."""
  drawn = {}
  settings = np.array(study.settings)
  for name in ratings(study):
    groups = {
      s: study.scores[name][settings == s] for s in dict.fromkeys(settings)
    }
    drawn[f"violins_{name}"] = figures.score_violins(
      groups, ylabel=titled(name)
    )
  turned = {name: worth(name, study.scores[name]) for name in criteria(study)}
  drawn["agreement"] = figures.agreement(
    figures.rank_correlations(turned), list(turned)
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
  study = collect(workdirs)
  scores = ratings(study)
  if not scores:
    raise ValueError("no run has a score; add names to eval.metrics")
  text = markdown(study, by or scores[0])
  folder = Path(out)
  folder.mkdir(parents=True, exist_ok=True)
  clear_away(folder, hours=1)
  for name, figure in draw(study).items():
    with io.BytesIO() as file:
      figure.savefig(file, format="png")
      # Whoever wrote the results has named the scores.
      plain = re.sub(r"[^\w.-]+", "_", name)[:100]
      write_atomic(folder / f"{plain}.png", file.getvalue())
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
