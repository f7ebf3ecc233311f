"""What a section of a study's page is: a question, its answer, its numbers."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.report.formats import Rows
from dvae_jax.report.scores import needs_labels
from dvae_jax.studies.findings import Interval, Table

NONE = Interval(np.nan, np.nan, np.nan)

# Title -> cells, as many in each column: texts, numbers or Intervals.
Columns = dict[str, list]
Key = TypeVar("Key")


class Section(NamedTuple):
  """One question about a study.

  Attributes:
    name: of its figure's file.
    title: the question.
    reference: what Locatello et al. 2019 (arXiv:1811.12359) found, in words;
      "" where they didn't ask.
    text: the study's own answer, computed.
    tables: file name -> columns: every number that the figure shows and more;
      {} where there is nothing to show.
    draw: width in inches -> the figure; None where there is nothing to draw.
  """

  name: str
  title: str
  reference: str
  text: str
  tables: dict[str, Columns]
  draw: Callable[[float], Figure] | None


def in_words(columns: Columns) -> Rows:
  """A table for people: intervals in one cell, two digits."""
  cells = [[_words(cell) for cell in column] for column in columns.values()]
  return [list(columns), *map(list, zip(*cells, strict=True))]


def _words(cell) -> str:
  if isinstance(cell, float):
    return "" if np.isnan(cell) else f"{cell:.2f}"
  return str(cell)


def in_numbers(columns: Columns) -> Rows:
  """The same for programs: an interval is three columns, six digits."""
  found: dict[str, list[str]] = {}
  for title, column in columns.items():
    if any(isinstance(cell, Interval) for cell in column):
      for k, end in enumerate(("", " low", " high")):
        found[title + end] = [_digits(cell[k]) for cell in column]
    else:
      found[title] = [
        _digits(cell) if isinstance(cell, float) else str(cell)
        for cell in column
      ]
  return [list(found), *map(list, zip(*found.values(), strict=True))]


def _digits(number: float) -> str:
  return "" if np.isnan(number) else f"{number:.6g}"


def rated(table: Table) -> list[str]:
  """Names of the scores that labels give, headlines only."""
  return [n for n in table.scores if "." not in n and needs_labels(n)]


def runs_of(table: Table) -> list[str]:
  """Names of the runs, in the lanes' order."""
  return [str(run) for run in dict.fromkeys(table.run)]


def data_of(table: Table) -> list[str]:
  """Names of the data sets, in the lanes' order."""
  return [str(name) for name in dict.fromkeys(table.data)]


def on(table: Table, data: str) -> str:
  """ "On dsprites the ", or "The " where there is no other data set."""
  return f"On {data} the " if len(data_of(table)) > 1 else "The "


def extremes(found: Mapping[Key, float]) -> tuple[Key, Key]:
  """What has the least and what the largest number, the first of equals."""
  by = lambda key: found[key]
  return min(found, key=by), max(found, key=by)


def listed(words: list[str]) -> str:
  """ "a, b and c"."""
  return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
