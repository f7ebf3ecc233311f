"""Whether settings that do well on one data set do well on another."""

import itertools
from typing import NamedTuple

import numpy as np

from dvae_jax.report.scores import worth
from dvae_jax.studies.findings import (
  Interval,
  Table,
  interval,
  resampled,
  spearman,
)


class Transfer(NamedTuple):
  """What settings of one data set are worth on another; a score each.

  Attributes:
    settings: number that both have.
    correlation: Spearman's, of the settings' means on both.
    chosen: mean there of the setting that is best here.
    best: mean there of the best one.
    at_random: mean there of all.
  """

  settings: int
  correlation: Interval
  chosen: Interval
  best: Interval
  at_random: Interval


def transfer(
  table: Table, score: str, **options
) -> dict[tuple[str, str], Transfer]:
  """(here, there) -> what the best setting of one data set gets on another.

  Locatello et al. 2019 (arXiv:1811.12359), section 5.5: by method, network and
  strength, which both data sets must have. {} of one data set.
  """
  table = table.rows(np.isfinite(table.scores[score]))
  sets = list(dict.fromkeys(map(str, table.data)))
  shared = {
    pair: np.intersect1d(*(table.recipe[table.data == name] for name in pair))
    for pair in itertools.permutations(sets, 2)
  }
  shared = {pair: recipes for pair, recipes in shared.items() if len(recipes)}

  def judged(rows: np.ndarray) -> list[tuple[float, ...]]:
    some = table.rows(rows)
    found: list[tuple[float, ...]] = []
    for pair, recipes in shared.items():
      here, there = (_means(some, score, name, recipes) for name in pair)
      turned = worth(score, here)
      top = there[worth(score, there).argmax()]
      correlation = spearman(np.array([here, there]))[0, 1]
      found.append((correlation, there[turned.argmax()], top, there.mean()))
    return found

  own = judged(np.arange(len(table.run)))
  samples = [judged(rows) for rows in resampled(table, **options)]
  return {
    pair: Transfer(
      len(shared[pair]),
      *(interval(own[i][k], [s[i][k] for s in samples]) for k in range(4)),
    )
    for i, pair in enumerate(shared)
  }


def _means(table: Table, score: str, data: str, recipes) -> np.ndarray:
  """(S,) mean of a score on a data set, by recipe."""
  mine = np.flatnonzero((table.data == data) & np.isin(table.recipe, recipes))
  which = np.searchsorted(recipes, table.recipe[mine])
  sums = np.bincount(which, table.scores[score][mine], len(recipes))
  return sums / np.bincount(which, minlength=len(recipes))
