"""Histogram bins, entropies and mutual information of discrete columns."""

import numpy as np


def histogram_bins(values: np.ndarray, num_bins: int = 20) -> np.ndarray:
  """Cuts every column into equal-width bins between its minimum and maximum.

  As disentanglement_lib's `_histogram_discretize` does for its metrics.

  A column of one value falls into a single bin.

  Args:
    values: (N, D) numbers.
    num_bins: bins per column.

  Returns:
    (N, D) bin numbers, 0 to num_bins - 1.
  """
  bins = np.empty(values.shape, np.int64)
  for column, out in zip(values.T, bins.T, strict=True):
    edges = np.histogram_bin_edges(column, num_bins)
    out[:] = np.searchsorted(edges[1:-1], column, side="right")
  return bins


def entropy(values: np.ndarray) -> np.ndarray:
  """Plug-in entropy (Shannon 1948) of columns (N, K): (K,), in nats."""
  return np.array([_entropy(np.bincount(c)) for c in _compact(values)])


def mutual_information(left: np.ndarray, right: np.ndarray) -> np.ndarray:
  """Plug-in mutual information (Shannon 1948) of two tables' columns.

  Exactly zero where a column is constant.

  Args:
    left: (N, D) integers.
    right: (N, K) integers.

  Returns:
    (D, K) in nats, never negative.
  """
  rights = _compact(right)
  table = [[_information(a, b) for b in rights] for a in _compact(left)]
  return np.array(table).reshape(left.shape[1], right.shape[1])


def _compact(values: np.ndarray) -> list[np.ndarray]:
  """Renames each column's values as numbers from 0 up to N at most."""
  columns = np.ascontiguousarray((values - values.min(0)).T)
  return [
    c if c.max() < len(c) else np.unique(c, return_inverse=True)[1]
    for c in columns
  ]


def _entropy(counts: np.ndarray) -> float:
  p = counts[counts > 0] / counts.sum()
  return float(-(p * np.log(p)).sum())


def _information(a: np.ndarray, b: np.ndarray) -> float:
  size = b.max() + 1
  joint = np.bincount(a * size + b, minlength=(a.max() + 1) * size)
  joint = joint.reshape(-1, size).astype(float)
  product = joint.sum(1, keepdims=True) * joint.sum(0)
  seen = joint > 0
  logs = np.log(joint[seen] * len(a)) - np.log(product[seen])
  return max(0.0, float((joint[seen] * logs).sum() / len(a)))
