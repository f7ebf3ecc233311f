"""Which latent tells which factor: the matrix behind the other metrics."""

import numpy as np

from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)


def selectivity(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_bins: int = 20,
  discrete: bool = False,
) -> dict[str, float | str | list]:
  """The share of each factor's entropy that each latent tells.

  The matrix I(z_j; v_k) / H(v_k), drawn for single latents by Higgins et al.
  2016 (arXiv:1606.05579). Plug-in estimates of all N rows, each latent cut into
  equal-width bins.

  Args:
    codes: (N, D) numbers.
    factors: (N, K) integers.
    rng: not used.
    num_bins: bins per latent.
    discrete: whether a latent's different values are its bins.

  Returns:
    `selectivity`, the mean over factors of the largest share, in [0, 1];
    `selectivity_matrix`, the shares as K lists of D numbers; and `variant`.
  """
  del rng
  bins, cut = histogram_bins(codes, num_bins), f"{num_bins} bins"
  if discrete:
    bins, cut = _values(codes), "each value a bin"
  table = mutual_information(bins, factors)
  shares = (table / entropy(factors)).T
  return {
    "selectivity": float(shares.max(1).mean()),
    "selectivity_matrix": shares.tolist(),
    "variant": f"I(z; v) / H(v), {cut}, all rows",
  }


def _values(codes: np.ndarray) -> np.ndarray:
  """The number of each value of a latent among its different ones, (N, D)."""
  numbers = [np.unique(column, return_inverse=True)[1] for column in codes.T]
  return np.stack(numbers, axis=1)
