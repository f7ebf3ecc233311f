"""What a study says: numbers with intervals, from its lanes alone.

The questions are those of Locatello et al. 2019 (arXiv:1811.12359), sections
5.2 to 5.6. Intervals are 95% percentiles of bootstrap samples that draw, in
each setting, as many of its lanes as it has, with replacement: other seeds.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import rankdata

from dvae_jax.report.scores import metric_of, needs_labels, worth

SAMPLES = 1000  # of a bootstrap
POWER = (1.959964, 0.841621)  # normal quantiles: 5% on two sides, 80% power


class Table(NamedTuple):
  """The lanes of a study that didn't diverge.

  Attributes:
    run: (M,) names of runs: a method, a network and a data set.
    setting: (M,) texts, "beta 4"; lanes that share run and setting are seeds.
    place: (M,) a setting's place among its run's, 0 first.
    seed: (M,).
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
    _data_names(kept),
    np.array(
      [
        f"{x.get('method', x['run'])} {x.get('network', '')} {x['setting']}"
        for x in kept
      ]
    ),
    {name: np.array(column(name), np.float64) for name in names},
  )


def _data_names(lanes: list[dict[str, Any]]) -> np.ndarray:
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
  group = table.group
  order = np.argsort(group, kind="stable")
  size = np.bincount(group)
  start = np.cumsum(size) - size
  for _ in range(samples):
    within = (rng.random(len(group)) * size[group[order]]).astype(int)
    yield order[start[group[order]] + within]


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
  found = {}
  for key in dict.fromkeys(zip(table.run, table.setting, strict=True)):
    own = table.scores[score][(table.run == key[0]) & (table.setting == key[1])]
    own = own[np.isfinite(own)]
    rng = np.random.default_rng(0)
    if len(own):
      draws = rng.choice(own, (SAMPLES, len(own))).mean(1)
      found[key] = interval(own.mean(), draws)
  return found


def explained(values: np.ndarray, labels: np.ndarray) -> float:
  """Share of a score's variance that equals that of its groups' means.

  R squared of a regression on the groups (Locatello et al. 2019, section 5.4).

  Args:
    values: (M,) finite.
    labels: (M,) which group.
  """
  group = np.unique(labels, return_inverse=True)[1]
  return _explained(values, group)


def _explained(values: np.ndarray, group: np.ndarray) -> float:
  """The same of groups that are numbers from 0 on."""
  centred = values - values.mean()
  total = (centred**2).sum()
  size = np.bincount(group)
  sums = np.bincount(group, centred)[size > 0]
  return float((sums**2 / size[size > 0]).sum() / total) if total else np.nan


def variance(table: Table, score: str, **options) -> dict[str, Interval]:
  """Shares of a score's variance: method, strength within it, and seeds.

  Returns:
    "method", "strength" and "seed", which add up to 1.
  """
  table = table.rows(np.isfinite(table.scores[score]))
  values, group = table.scores[score], table.group
  run = np.unique(table.run, return_inverse=True)[1]

  def shares(rows):
    method = _explained(values[rows], run[rows])
    setting = _explained(values[rows], group[rows])
    return method, setting - method, 1 - setting

  own = shares(np.arange(len(values)))
  found = [shares(rows) for rows in resampled(table, **options)]
  # A sample repeats lanes, so that its settings scatter less than the study's
  # and explain more: its shares are moved by their mean's distance from ours.
  columns = np.array(found).T
  columns += np.array(own)[:, None] - columns.mean(1, keepdims=True)
  columns = columns.clip(0, 1)
  names = ("method", "strength", "seed")
  return {
    name: interval(value, column)
    for name, value, column in zip(names, own, columns, strict=True)
  }


def agreement(table: Table, names: list[str], **options):
  """Spearman's correlations of scores, turned so that more is better.

  Returns:
    (S, S) correlations, and the ends of their intervals, (2, S, S).
  """
  turned = np.stack([worth(n, table.scores[n]) for n in names])
  found = [spearman(turned[:, rows]) for rows in resampled(table, **options)]
  ends = np.percentile(found, (2.5, 97.5), axis=0)
  return spearman(turned), ends


def spearman(columns: np.ndarray) -> np.ndarray:
  """Spearman's correlations (S, S) of S columns (S, M).

  NaN where a column is constant or where, of a pair, a value is missing in more
  than a tenth of the lanes; the lanes that miss one are left out.
  """
  known = np.isfinite(columns)
  if known.all():
    ranks = rankdata(columns, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
      return np.corrcoef(ranks)
  found = np.full((len(columns), len(columns)), np.nan)
  for i, a in enumerate(columns):
    for j, b in enumerate(columns[: i + 1]):
      both = known[i] & known[j]
      if both.mean() >= 0.9:
        with np.errstate(invalid="ignore", divide="ignore"):
          pair = np.corrcoef(rankdata([a[both], b[both]], axis=1))
        found[i, j] = found[j, i] = pair[0, 1]
  return found


def chance_of_best(
  table: Table, score: str, **options
) -> dict[tuple[str, str], float]:
  """(run, setting) -> share of bootstrap samples in which its mean is best."""
  table = table.rows(np.isfinite(table.scores[score]))
  group, wins = table.group, []
  turned = worth(score, table.scores[score])
  for rows in resampled(table, **options):
    sums = np.bincount(group[rows], turned[rows])
    wins.append(int((sums / np.bincount(group[rows])).argmax()))
  counts = np.bincount(wins, minlength=group.max() + 1) / len(wins)
  first = {g: i for i, g in reversed(list(enumerate(group)))}
  found = {
    (str(table.run[i]), str(table.setting[i])): float(counts[g])
    for g, i in first.items()
  }
  return dict(sorted(found.items(), key=lambda item: -item[1]))


def choices(
  table: Table, by: str, **options
) -> dict[str, tuple[Interval, Interval]]:
  """What choosing a lane without labels gets (section 5.6).

  Args:
    table: of the study.
    by: the score that rates a choice.

  Returns:
    Criterion -> the rating of its choice, and Spearman's correlation of
    criterion and rating. "best" chooses by the rating itself, "at random" is
    the mean lane.
  """
  table = table.rows(np.isfinite(table.scores[by]))
  rating = table.scores[by]
  turned = {"best": worth(by, rating)} | {
    name: worth(name, values)
    for name, values in table.scores.items()
    if name in UNSUPERVISED or (metric_of(name) and not needs_labels(name))
  }
  turned = {n: v for n, v in turned.items() if np.isfinite(v).any()}
  columns = np.stack(list(turned.values()))

  def judged(rows):
    found = {"at random": (rating[rows].mean(), np.nan)}
    correlations = spearman(columns[:, rows])[0]
    for k, name in enumerate(turned):
      best = rows[np.nanargmax(columns[k, rows])]
      found[name] = rating[best], correlations[k]
    return found

  own = judged(np.arange(len(rating)))
  found = [judged(rows) for rows in resampled(table, **options)]
  part = lambda name, k: interval(
    own[name][k], [sample[name][k] for sample in found]
  )
  return {name: (part(name, 0), part(name, 1)) for name in own}


UNSUPERVISED = ("elbo", "reconstruction", "tc", "udr", "udr_a2a")


def seeds_needed(a: np.ndarray, b: np.ndarray) -> float:
  """Seeds of each of two settings that would show their difference.

  For 80% power at 5%, two-sided, by the normal approximation: n = (z_.975 +
  z_.8)^2 (s_a^2 + s_b^2) / (mean_a - mean_b)^2 (Cohen 1988, chapter 2).

  Args:
    a, b: scores of the seeds at hand, two or more of each.
  """
  gap = (a.mean() - b.mean()) ** 2
  spread = a.var(ddof=1) + b.var(ddof=1)
  return float(np.ceil(sum(POWER) ** 2 * spread / gap)) if gap else np.inf
