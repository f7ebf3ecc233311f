"""Which lane or setting one would choose, what it gets and how sure that is."""

import itertools
from typing import NamedTuple

import numpy as np

from dvae_jax.report.scores import metric_of, needs_labels, worth
from dvae_jax.studies import findings
from dvae_jax.studies.findings import (
  SAMPLES,
  Interval,
  Table,
  blocks,
  in_order,
  interval,
  places_of_data,
)
from dvae_jax.studies.ranks import known_mean, spearman_of_samples

UNSUPERVISED = ("elbo", "reconstruction", "tc", "udr", "udr_a2a")
POWER = (1.959964, 0.841621)  # normal quantiles: 5% on two sides, 80% power


def setting_means(
  table: Table, names: list[str], **options
) -> tuple[np.ndarray, np.ndarray]:
  """Means of S scores over the seeds of G settings, numbered as `Table.group`.

  Returns:
    (S, G), and those of bootstrap samples, (B, S, G); NaN where no lane of a
    setting has the score.
  """
  values = np.stack([table.scores[name] for name in names])
  known = np.isfinite(values)
  filled, order = np.where(known, values, 0.0), in_order(table)
  start = np.unique(table.group[order], return_index=True)[1]

  def means(rows):  # (B, M) -> (B, S, G)
    sums = np.add.reduceat(filled[:, rows], start, axis=-1)
    counts = np.add.reduceat(known[:, rows].astype(float), start, axis=-1)
    with np.errstate(invalid="ignore"):
      return (sums / counts).swapaxes(0, 1)

  samples = [means(rows) for rows in blocks(table, len(names), **options)]
  return means(order[None])[0], np.concatenate(samples)


def chance_of_best(
  table: Table, score: str, *, among=None, **options
) -> dict[tuple[str, str], float]:
  """(run, setting) -> share of bootstrap samples in which its mean is best.

  Args:
    table: of the lanes.
    score: the better side of which counts.
    among: (M,) labels: a setting is compared with those of its label; None
      compares it with those of its data set.
  """
  known = np.isfinite(table.scores[score])
  labels = (table.data if among is None else among)[known]
  table = table.rows(known)
  group = table.group
  _, samples = setting_means(table, [score], **options)
  turned, wins = worth(score, samples[:, 0]), np.zeros(group.max() + 1)
  for label in dict.fromkeys(labels):
    own = np.unique(group[labels == label])
    np.add.at(wins, own[turned[:, own].argmax(1)], 1 / len(turned))
  found = {key: float(wins[g]) for g, key in findings.settings(table).items()}
  return dict(sorted(found.items(), key=lambda item: -item[1]))


def best_settings(table: Table, score: str) -> dict[str, tuple[str, Interval]]:
  """Run -> its setting with the best mean of a score, and that mean."""
  found: dict[str, tuple[str, Interval]] = {}
  for (run, setting), mean in findings.means(table, score).items():
    best = found.get(run)
    if not best or worth(score, mean.value) > worth(score, best[1].value):
      found[run] = setting, mean
  return found


def choices(
  table: Table, by: str, **options
) -> dict[str, tuple[Interval, Interval]]:
  """What choosing a lane without labels gets (section 5.5).

  Args:
    table: of the study; of several data sets, a lane is chosen on each, and
      what that gets is averaged.
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
  columns, places = np.stack(list(turned.values())), places_of_data(table)

  def judged(rows):  # (B, M) -> (B, C + 1, 2)
    of_each = [_judged(columns, rating, rows[:, at]) for at in places]
    return known_mean(np.array(of_each))

  own = judged(in_order(table)[None])[0]
  samples = np.concatenate(
    [judged(rows) for rows in blocks(table, len(columns), **options)]
  )
  part = lambda k, what: interval(own[k, what], samples[:, k, what])
  names = ("at random", *turned)
  return {name: (part(k, 0), part(k, 1)) for k, name in enumerate(names)}


def _judged(columns, rating, rows) -> np.ndarray:
  """Ratings and rank correlations of choices among some lanes.

  Args:
    columns: (C, M) criteria, more is better, the first is the rating's.
    rating: (M,).
    rows: (B, m) lanes of B samples.

  Returns:
    (B, C + 1, 2), the first criterion being none.
  """
  picked = columns[:, rows]
  known = np.isfinite(picked)
  best = np.where(known, picked, -np.inf).argmax(-1).T
  chosen = rating[np.take_along_axis(rows, best, axis=1)]
  chosen = np.where(known.any(-1).T, chosen, np.nan)
  ratings = np.column_stack([rating[rows].mean(1), chosen])
  correlations = spearman_of_samples(columns, rows)[:, 0]
  none = np.full(len(rows), np.nan)
  return np.stack([ratings, np.column_stack([none, correlations])], axis=-1)


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


class Pair(NamedTuple):
  """Two runs of one data set at their best settings.

  Attributes:
    one, other: run and setting in words.
    difference: of their means.
    needed: seeds of each that would show it, by `seeds_needed`.
    seeds: that each has, the fewer of both.
  """

  one: str
  other: str
  difference: Interval
  needed: float
  seeds: int


def pairs(table: Table, by: str) -> list[Pair]:
  """Every two runs that share a data set, where each has two seeds or more."""
  rng = np.random.default_rng(0)
  groups = []
  for run, (setting, _) in best_settings(table, by).items():
    mine = (table.run == run) & (table.setting == setting)
    own = table.scores[by][mine & np.isfinite(table.scores[by])]
    draws = rng.choice(own, (SAMPLES, len(own))).mean(1)
    name = f"{run} {setting}".strip()
    groups.append((name, table.data[mine][0], own, draws))
  return [
    Pair(
      one,
      other,
      interval(x.mean() - y.mean(), xs - ys),
      seeds_needed(x, y),
      min(len(x), len(y)),
    )
    for (one, a, x, xs), (other, b, y, ys) in itertools.combinations(groups, 2)
    if a == b and min(len(x), len(y)) > 1
  ]
