"""The numbers of a run's page: its headline, its best lanes, its table."""

import math
from typing import Any

import numpy as np

from dvae_jax.report.records import (
  Record,
  diverged,
  scores_of,
  sweep,
  swept,
)
from dvae_jax.report.scores import (
  MODEL,
  Summary,
  best_setting,
  by_setting,
  headline,
  rated,
  titled,
  worth,
)


def best_lanes(record: Record) -> list[int]:
  """Lanes from the best to the worst by the headline number.

  Diverged lanes and lanes without a number come last.
  """
  name = headline(record.scores)
  if not name:
    return sorted(
      range(len(record.lanes)), key=lambda i: diverged(record.lanes[i])
    )
  found = worth(name, record.scores[name])
  found = np.where(np.isfinite(found), found, -np.inf)
  return [int(lane) for lane in np.argsort(-found, kind="stable")]


def best_in_words(lines: list[dict]) -> str:
  """ "best mig 0.31 (lane 5)" of some results; "" where none has a score."""
  scores = scores_of(lines)
  name = headline(scores)
  found = worth(name, scores[name]) if name else np.array([np.nan])
  if not np.isfinite(found).any():
    return ""
  place = int(np.nanargmax(found))
  value, lane = scores[name][place], lines[place]["lane"]
  return f"best {name} {value:.3g} (lane {lane})"


def headline_facts(record: Record) -> list[tuple[str, str]]:
  """The best setting's mean of the headline number, and over which seeds."""
  name, settings = headline(record.scores), sweep(record).settings
  best = best_setting(name, settings, record.scores[name]) if name else None
  if best is None:
    return []
  setting, found = best
  term = f"best {titled(name)}" if len(set(settings)) > 1 else titled(name)
  facts = [(term, mean_text(found))]
  if setting:
    facts.append(("at", setting))
  seeds = "one seed"
  if found.number > 1:
    seeds = f"{found.number} seeds, ± standard error"
  return [*facts, ("over", seeds)]


def mean_text(found: Summary) -> str:
  """ "0.575 ± 0.025", without the error for a single number."""
  if not found.number:
    return "–"
  text = f"{found.mean:.3f}"
  return text + (f" ± {found.error:.3f}" if found.number > 1 else "")


# Groups of columns, and whether a page shows them at first.
GROUPS = {"scores": True, "loss terms": False, "details": False}


def grouped(record: Record) -> dict[str, list[str]]:
  """Group -> names of scores: headlines, the model's own terms, the rest."""
  found = {
    "scores": rated(record.scores),
    "loss terms": [name for name in MODEL if name in record.scores],
  }
  known = {name for names in found.values() for name in names}
  return found | {"details": [n for n in record.scores if n not in known]}


def setting_table(record: Record) -> dict[str, Any]:
  """A row a setting: seeds, and the mean of each headline score.

  The best mean of a score is marked where there are several settings. There are
  no rows where no setting has two seeds: lanes say the same.
  """
  own = sweep(record).settings
  if len(set(own)) == len(own):
    return {"columns": [], "rows": []}
  names = rated(record.scores) or [n for n in MODEL if n in record.scores]
  columns = {name: by_setting(own, record.scores[name]) for name in names}
  best = {name: best_setting(name, own, record.scores[name]) for name in names}
  rows: list[dict[str, Any]] = []
  for setting in dict.fromkeys(own):
    cells = [
      {
        "text": mean_text(columns[name][setting]),
        "best": len(set(own)) > 1 and (best[name] or ("",))[0] == setting,
      }
      for name in names
    ]
    rows.append({
      "setting": setting or "all lanes",
      "seeds": own.count(setting),
      "cells": cells,
    })  # fmt: skip
  return {"columns": list(map(titled, names)), "rows": rows}


def setting_rows(record: Record) -> list[list[str]]:
  """The table of settings as rows of texts, the first one the head."""
  found = setting_table(record)
  rows = [["setting", "seeds", *found["columns"]]]
  for row in found["rows"]:
    cells = [cell["text"].replace(" ± ", " $\\pm$ ") for cell in row["cells"]]
    rows.append([row["setting"], str(row["seeds"]), *cells])
  return rows


SUMMARISED = 4  # metrics of a run's last words; all are in its report


def summary_rows(record: Record) -> list[list[str]]:
  """A row a setting with the means of its first metrics, the first the head.

  The reconstruction is the last column, where there is one.
  """
  own = sweep(record).settings
  names = rated(record.scores)[:SUMMARISED]
  names += [n for n in ("reconstruction",) if n in record.scores]
  columns = {name: by_setting(own, record.scores[name]) for name in names}
  rows = [["setting", "seeds", *map(titled, names)]]
  for setting in dict.fromkeys(own):
    means = [mean_text(columns[name][setting]) for name in names]
    rows.append([setting or "all lanes", str(own.count(setting)), *means])
  return rows


def lanes(record: Record) -> dict[str, Any]:
  """Columns and rows of the table of lanes, and a note above it."""
  names, groups = swept(record), grouped(record)
  listed = [name for group in groups.values() for name in group]
  rows = []
  for i, lane in enumerate(record.lanes):
    first = _cell(lane["lane"])
    if diverged(lane):
      first["warning"] = f"diverged at step {lane['diverged_at']}"
    settings = [_cell(lane["hparams"].get(name)) for name in names]
    numbers = [_cell(record.scores[n][i], record.scores[n]) for n in listed]
    rows.append([first, _cell(lane["seed"]), *settings, *numbers])
  columns = [{"title": n, "group": ""} for n in ("lane", "seed", *names)]
  columns += [
    {"title": titled(name), "group": group.replace(" ", "-")}
    for group, own in groups.items()
    for name in own
  ]
  return {
    "columns": columns,
    "groups": [
      {"id": g.replace(" ", "-"), "title": g, "open": GROUPS[g], "size": len(n)}
      for g, n in groups.items()
      if n
    ],
    "settings": setting_table(record),
    "rows": rows,
    "table_note": "Loss terms are in nats per image. Arrows point to the better"
    " side. Click a column's name to sort by it.",
  }


def _cell(value, column=None) -> dict[str, Any]:
  """Text and sorting key; the share of the column's range is a bar."""
  missing = value is None or not math.isfinite(value)
  share = None
  if column is not None and not missing:
    low, high = min(0.0, np.nanmin(column)), np.nanmax(column)
    share = float((value - low) / (high - low)) if high > low else None
  return {
    "value": "" if missing else repr(float(value)),
    "text": "–" if missing else _number(value),
    "share": share,
    "warning": "",
  }


def _number(value: float) -> str:
  """Whole numbers as they are, others with three digits that matter or so."""
  if value == int(value) and abs(value) < 1e6:
    return str(int(value))
  if 0.001 <= abs(value) < 10:
    return f"{value:.3f}"
  return f"{value:.1f}" if 10 <= abs(value) < 1e5 else f"{value:.3g}"
