"""Rank correlations, with intervals over other seeds.

Of several data sets the correlations of each are averaged: what differs between
data sets isn't what differs between models.
"""

import numpy as np
from scipy.stats import rankdata

from dvae_jax.report.scores import worth
from dvae_jax.studies.findings import (
  Table,
  blocks,
  in_order,
  interval,
  places_of_data,
)


def agreement(table: Table, names: list[str], **options):
  """Spearman's correlations of scores, turned so that more is better.

  Returns:
    As `correlations`, of the S scores.
  """
  turned = np.stack([worth(n, table.scores[n]) for n in names])
  return correlations(table, turned, **options)


def correlations(table: Table, columns, **options):
  """Spearman's correlations of columns: of each data set, and their mean.

  Args:
    table: of the lanes.
    columns: (S, M) numbers of those lanes.

  Returns:
    (S, S) correlations, and the ends of their intervals, (2, S, S).
  """
  columns = np.asarray(columns, np.float64)
  places = places_of_data(table)

  def judged(rows):  # (B, M) -> (B, S, S)
    return known_mean(
      np.array([spearman_of_samples(columns, rows[:, at]) for at in places])
    )

  own = judged(in_order(table)[None])[0]
  size = len(columns)
  samples = np.concatenate(
    [judged(rows) for rows in blocks(table, size, **options)]
  )
  ends = [
    interval(own[i, j], samples[:, i, j])[1:] for i, j in np.ndindex(own.shape)
  ]
  return own, np.array(ends).T.reshape(2, size, size)


def known_mean(values: np.ndarray) -> np.ndarray:
  """The mean over the first axis of what is finite; NaN where nothing is."""
  known = np.isfinite(values)
  with np.errstate(invalid="ignore"):
    return np.where(known, values, 0.0).sum(0) / known.sum(0)


def spearman(columns: np.ndarray) -> np.ndarray:
  """Spearman's correlations (..., S, S) of S columns (..., S, M).

  NaN where a column is constant or where, of a pair, a value is missing in more
  than a tenth of the lanes; the lanes that miss one are left out.
  """
  known = np.isfinite(columns)
  if known.all():
    return _pearson(rankdata(columns, axis=-1))
  if columns.ndim > 2:
    return np.stack([spearman(sample) for sample in columns])
  found = np.full((len(columns), len(columns)), np.nan)
  whole = np.flatnonzero(known.all(1))
  found[np.ix_(whole, whole)] = _pearson(rankdata(columns[whole], axis=1))
  for i in np.flatnonzero(~known.all(1)):
    for j, other in enumerate(columns):
      both = known[i] & known[j]
      if both.mean() >= 0.9:
        pair = _pearson(rankdata([columns[i, both], other[both]], axis=1))
        found[i, j] = found[j, i] = pair[0, 1]
  return found


def spearman_of_samples(columns, rows) -> np.ndarray:
  """Spearman's correlations in samples that draw from few lanes many times.

  Args:
    columns: (S, M).
    rows: (B, m) lanes of each sample.

  Returns:
    (B, S, S), as `spearman` of each sample, without sorting it.
  """
  there = np.zeros(columns.shape[1], bool)
  there[rows] = True
  if not np.isfinite(columns[:, there]).all():
    return np.stack([spearman(columns[:, own]) for own in rows])
  ranks = [_sampled_ranks(column, there, rows) for column in columns]
  return _pearson(np.stack(ranks, axis=1))


def _sampled_ranks(column, there, rows) -> np.ndarray:
  """Ranks (B, m) of a column's values among those of each sample.

  Equal values have the mean of their ranks. Places among all lanes that are
  there take one sort; in a sample it's enough to count how often each occurs.
  """
  place = np.zeros(len(column), int)
  place[there] = np.unique(column[there], return_inverse=True)[1]
  drawn, number = place[rows], place.max() + 1
  flat = drawn + number * np.arange(len(rows))[:, None]
  counts = np.bincount(flat.ravel(), minlength=number * len(rows))
  counts = counts.reshape(len(rows), number)
  last = counts.cumsum(axis=1)
  return np.take_along_axis(last - (counts - 1) / 2, drawn, axis=1)


def _pearson(columns: np.ndarray) -> np.ndarray:
  """Pearson's correlations (..., S, S) of S columns (..., S, M)."""
  centred = columns - columns.mean(-1, keepdims=True)
  with np.errstate(invalid="ignore"):
    centred /= np.sqrt((centred**2).sum(-1, keepdims=True))
  return np.clip(centred @ centred.swapaxes(-1, -2), -1, 1)
