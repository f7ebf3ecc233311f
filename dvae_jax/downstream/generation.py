"""How far a set of generated images is from a set of real ones."""

import numpy as np

from dvae_jax.runs import Run


def generate(
  run: Run, number: int, lane: int = 0, *, seed: int = 0
) -> np.ndarray:
  """Images (number, H, W, C) decoded from draws of the prior.

  Raises:
    ValueError: the method has no prior.
  """
  z = run.prior(number, seed=seed)
  if z is None:
    raise ValueError(
      f"objective: {run.config.objective!r} has no prior to draw from; one that"
      " has is needed"
    )
  return run.decode(z, lane)


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
  """Squared Frechet distance of the Gaussians fitted to two sets.

  Dowson & Landau 1982 (doi:10.1016/0047-259X(82)90077-X): |m_a - m_b|^2 +
  tr(C_a + C_b - 2 (C_a C_b)^(1/2)). Heusel et al. 2017 (arXiv:1706.08500) take
  features of an Inception network; here they are whatever is given, such as
  coordinates along principal components, and the number is no FID.

  Args:
    a, b: (N, D), (M, D) features.

  Returns:
    The distance, in squared units of the features; 0 for equal sets.
  """
  a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
  cov_a, cov_b = np.cov(a.T), np.cov(b.T)
  cov_a, cov_b = np.atleast_2d(cov_a), np.atleast_2d(cov_b)
  # tr (C_a C_b)^(1/2) by the eigenvalues of C_a^(1/2) C_b C_a^(1/2), which is
  # symmetric and has the same ones.
  values, axes = np.linalg.eigh(cov_a)
  root = (axes * np.sqrt(values.clip(0))) @ axes.T
  shared = np.linalg.eigvalsh(root @ cov_b @ root).clip(0)
  apart = ((a.mean(0) - b.mean(0)) ** 2).sum()
  traces = np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(shared).sum()
  return float(apart + traces)


def mmd(a: np.ndarray, b: np.ndarray) -> float:
  """Unbiased estimate of the squared MMD of two sets.

  Gretton et al. 2012 (JMLR 13), lemma 6, with the polynomial kernel (x y / D +
  1)^3 of Binkowski et al. 2018 (arXiv:1801.01401).

  Args:
    a, b: (N, D), (M, D) features.

  Returns:
    The estimate, around 0 for sets of the same distribution.
  """
  a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
  kernel = lambda x, y: (x @ y.T / x.shape[1] + 1) ** 3

  def within(x):
    values = kernel(x, x)
    return (values.sum() - np.trace(values)) / (len(x) * (len(x) - 1))

  return float(within(a) + within(b) - 2 * kernel(a, b).mean())
