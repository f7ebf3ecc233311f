"""What a study says: numbers with intervals, from its lanes alone.

The questions are those of Locatello et al. 2019 (arXiv:1811.12359), sections
5.2 to 5.6. Intervals are 95% percentiles of bootstrap samples that draw, in
each setting, as many of its lanes as it has, with replacement: other seeds.
"""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

SAMPLES = 1000  # of a bootstrap
BLOCK = 2_000_000  # numbers of the bootstrap samples that are ranked at once


class Table(NamedTuple):
  """The lanes of a study that didn't diverge.

  Attributes:
    run: (M,) names of runs: a method, a network and a data set.
    setting: (M,) texts, "beta 4"; lanes that share run and setting are seeds.
    place: (M,) a setting's place among its run's, 0 first.
    seed: (M,).
    method: (M,) names of objectives.
    data: (M,) names of data sets, told apart by their images where two share
      one.
    recipe: (M,) method, network and setting: what a lane of another data set
      may share.
    scores: name -> (M,) numbers, NaN where missing.
  """

  run: np.ndarray
  setting: np.ndarray
  place: np.ndarray
  seed: np.ndarray
  method: np.ndarray
  data: np.ndarray
  recipe: np.ndarray
  scores: dict[str, np.ndarray]

  @property
  def group(self) -> np.ndarray:
    """(M,) numbers, equal where lanes differ in their seed alone."""
    labels = [f"{r}\n{s}" for r, s in zip(self.run, self.setting, strict=True)]
    return np.unique(labels, return_inverse=True)[1]

  def rows(self, chosen) -> "Table":
    """The same of some lanes; one may occur twice."""
    return Table(
      self.run[chosen],
      self.setting[chosen],
      self.place[chosen],
      self.seed[chosen],
      self.method[chosen],
      self.data[chosen],
      self.recipe[chosen],
      {name: values[chosen] for name, values in self.scores.items()},
    )


class Interval(NamedTuple):
  """A number and the ends of its 95% interval; NaN where there is none."""

  value: float
  low: float
  high: float

  def __str__(self) -> str:
    if np.isnan(self.value):
      return ""
    if np.isnan(self.low):
      return f"{self.value:.2f}"
    return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def table_of(lanes: list[dict[str, Any]]) -> Table:
  """Lines of lanes.jsonl as columns; diverged lanes are left out."""
  kept = [lane for lane in lanes if lane["diverged_at"] < 0]
  order: dict[str, list[str]] = {}
  for lane in kept:
    places = order.setdefault(lane["run"], [])
    if lane["setting"] not in places:
      places.append(lane["setting"])
  numbers = [
    {n: v for n, v in lane["metrics"].items() if not isinstance(v, list)}
    for lane in kept
  ]
  names = dict.fromkeys(name for row in numbers for name in row)
  column = lambda name: [row.get(name) for row in numbers]
  return Table(
    np.array([lane["run"] for lane in kept]),
    np.array([lane["setting"] for lane in kept]),
    np.array([order[lane["run"]].index(lane["setting"]) for lane in kept]),
    np.array([lane["seed"] for lane in kept]),
    np.array([lane.get("method", lane["run"]) for lane in kept]),
    data_names(kept),
    np.array(
      [
        f"{x.get('method', x['run'])} {x.get('network', '')} {x['setting']}"
        for x in kept
      ]
    ),
    {name: np.array(column(name), np.float64) for name in names},
  )


def data_names(lanes: list[dict[str, Any]]) -> np.ndarray:
  """(M,) what to call each lane's data set."""
  every = [lane.get("data") or {"name": ""} for lane in lanes]
  kinds = [json.dumps(data, sort_keys=True) for data in every]
  shared = Counter(json.loads(kind)["name"] for kind in set(kinds))
  return np.array(
    [
      data["name"]
      if shared[data["name"]] == 1
      else f"{data['name']}, {data['num_images']:,} images"
      for data in every
    ]
  )


def resampled(table: Table, *, seed: int = 0, samples: int = SAMPLES):
  """Yields (M,) rows of bootstrap samples, settings keeping their size."""
  rng = np.random.default_rng(seed)
  group, order = table.group, in_order(table)
  size = np.bincount(group)
  start = np.cumsum(size) - size
  for _ in range(samples):
    within = (rng.random(len(group)) * size[group[order]]).astype(int)
    yield order[start[group[order]] + within]


def blocks(table: Table, size: int, **options) -> Iterator[np.ndarray]:
  """The same samples, some at a time: (B, M) rows.

  Args:
    table: of the lanes.
    size: numbers that are read of a lane; BLOCK of them all are read at once.
  """
  samples = resampled(table, **options)
  number = max(1, BLOCK // (size * len(table.run)))
  while block := list(itertools.islice(samples, number)):
    yield np.array(block)


def places_of_data(table: Table) -> list[np.ndarray]:
  """Where in a bootstrap sample the lanes of each data set are."""
  data = table.data[in_order(table)]
  return [np.flatnonzero(data == name) for name in dict.fromkeys(table.data)]


def in_order(table: Table) -> np.ndarray:
  """(M,) rows of all lanes, once each, in the order of a bootstrap sample's."""
  return np.argsort(table.group, kind="stable")


def interval(value: float, samples) -> Interval:
  """A number with the 2.5% and 97.5% percentiles of its bootstrap samples."""
  samples = np.asarray(samples, np.float64)
  samples = samples[np.isfinite(samples)]
  if not len(samples):
    return Interval(float(value), np.nan, np.nan)
  low, high = np.percentile(samples, (2.5, 97.5))
  return Interval(float(value), float(low), float(high))


def with_interval(
  table: Table, statistic: Callable[[Table], float], **options
) -> Interval:
  """A number of a table, and its interval over other seeds."""
  found = [statistic(table.rows(rows)) for rows in resampled(table, **options)]
  return interval(statistic(table), found)


def over_seeds(statistic: Callable[..., float], *groups) -> Interval:
  """A number of some groups of lanes, and its interval over other seeds.

  Args:
    statistic: of as many arrays as there are groups.
    groups: (M, ...) values of M lanes, each drawn from apart from the others.
  """
  groups = tuple(np.asarray(group, np.float64) for group in groups)
  rng = np.random.default_rng(0)
  found = [
    statistic(*(g[rng.integers(0, len(g), len(g))] for g in groups))
    for _ in range(SAMPLES)
  ]
  return interval(statistic(*groups), found)


def means(table: Table, score: str) -> dict[tuple[str, str], Interval]:
  """(run, setting) -> a score's mean over seeds and its interval."""
  found, group = {}, table.group
  for number, key in settings(table).items():
    own = table.scores[score][group == number]
    own = own[np.isfinite(own)]
    rng = np.random.default_rng(0)
    if len(own):
      draws = rng.choice(own, (SAMPLES, len(own))).mean(1)
      found[key] = interval(own.mean(), draws)
  return found


def settings(table: Table) -> dict[int, tuple[str, str]]:
  """Number in `Table.group` -> (run, setting), in the lanes' order."""
  first = {g: i for i, g in reversed(list(enumerate(table.group.tolist())))}
  return {
    g: (str(table.run[i]), str(table.setting[i]))
    for g, i in sorted(first.items(), key=lambda item: item[1])
  }


def explained(values: np.ndarray, labels: np.ndarray) -> float:
  """Share of a score's variance that equals that of its groups' means.

  R squared of a regression on the groups (Locatello et al. 2019, section 5.4).

  Args:
    values: (M,) finite.
    labels: (M,) which group.
  """
  group = np.unique(labels, return_inverse=True)[1]
  return _explained(values, group)


def _explained(values, group, *, within=None) -> float:
  """The same of groups that are numbers from 0 on.

  Args:
    values: (M,) finite.
    group: (M,) which one.
    within: (M,) other groups, whose means are taken off first; or None.
  """
  centred = values - values.mean()
  total = (centred**2).sum()
  if within is not None:
    size = np.maximum(np.bincount(within), 1)
    centred = centred - (np.bincount(within, centred) / size)[within]
  size = np.bincount(group)
  sums = np.bincount(group, centred)[size > 0]
  return float((sums**2 / size[size > 0]).sum() / total) if total else np.nan


def variance(table: Table, score: str, **options) -> dict[str, Interval]:
  """Shares of a score's variance: data set, method, strength and seeds.

  Returns:
    "data", where there are several, "method" within it, "strength" within that
    (a strength of one method is none of another's, so that the two have no
    interaction) and "seed", the rest, which add up to 1; and "shared", the part
    of the rest that a seed has in every setting. What is left of "seed" is the
    interaction of seed and setting.
  """
  table = table.rows(np.isfinite(table.scores[score]))
  values, group = table.scores[score], table.group
  data, run, seed = (
    np.unique(column, return_inverse=True)[1]
    for column in (table.data, table.run, table.seed)
  )

  def shares(rows):
    found = [_explained(values[rows], g[rows]) for g in (data, run, group)]
    shared = _explained(values[rows], seed[rows], within=group[rows])
    return [*np.diff([0.0, *found, 1.0]), shared]

  own = np.array(shares(np.arange(len(values))))
  found = [shares(rows) for rows in resampled(table, **options)]
  # A sample repeats lanes, so that its settings scatter less than the study's
  # and explain more: its shares are moved by their mean's distance from ours.
  columns = np.array(found).T
  columns += own[:, None] - columns.mean(1, keepdims=True)
  columns = columns.clip(0, 1)
  names = ("data", "method", "strength", "seed", "shared")
  parts = {
    name: interval(value, column)
    for name, value, column in zip(names, own, columns, strict=True)
  }
  if len(set(table.data)) == 1:
    del parts["data"]
  return parts
