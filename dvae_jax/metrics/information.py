"""Histogram bins, entropies and mutual information of discrete columns."""

import numpy as np

from dvae_jax.metrics.sampling import number


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
  columns = np.ascontiguousarray(values.T)
  bins = np.empty(columns.shape, np.int64)
  for column, out in zip(columns, bins, strict=True):
    edges = np.histogram_bin_edges(column, num_bins)
    out[:] = np.searchsorted(edges[1:-1], column, side="right")
  return bins.T


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
  """Numbers each column's values from 0 in order."""
  return [number(column)[0] for column in np.ascontiguousarray(values.T)]


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
