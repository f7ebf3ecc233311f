"""Principal components of images: what every code is held against."""

from typing import NamedTuple

import numpy as np


class Components(NamedTuple):
  """Principal components.

  Attributes:
    mean: (P,) of the rows they were fitted to.
    axes: (D, P) orthonormal, by falling variance.
    variances: (D,) of the rows along them.
  """

  mean: np.ndarray
  axes: np.ndarray
  variances: np.ndarray


def principal_components(rows: np.ndarray, number: int) -> Components:
  """The directions of largest variance (Pearson 1901).

  Args:
    rows: (N, ...), each row taken as P numbers.
    number: D, at most the smaller of N and P.

  Returns:
    The components; variances are those of scikit-learn's PCA, over N - 1.

  Raises:
    ValueError: more components than there are.
  """
  flat = rows.reshape(len(rows), -1).astype(np.float64)
  if not 0 < number <= min(flat.shape):
    raise ValueError(
      f"number: {number} found, 1 to {min(flat.shape)} allowed for"
      f" {flat.shape[0]} rows of {flat.shape[1]} numbers"
    )
  mean = flat.mean(0)
  covariance = (flat - mean).T @ (flat - mean) / (len(flat) - 1)
  variances, axes = np.linalg.eigh(covariance)
  order = np.argsort(variances)[::-1][:number]
  return Components(mean, axes.T[order], variances[order])


def project(rows: np.ndarray, components: Components) -> np.ndarray:
  """Coordinates (N, D) of rows (N, ...) along components (Pearson 1901)."""
  flat = rows.reshape(len(rows), -1)
  return (flat - components.mean) @ components.axes.T


def restore(codes: np.ndarray, components: Components) -> np.ndarray:
  """Rows (N, P) of coordinates (N, D); the inverse of `project`."""
  return components.mean + codes @ components.axes
