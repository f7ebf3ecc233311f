"""Interventional robustness score."""

import numpy as np

from dvae_jax.metrics.information import histogram_bins
from dvae_jax.metrics.sampling import group_rows, repeat, sample, tell_draws


def irs(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
  num_bins: int = 20,
  quantile: float = 0.99,
) -> dict[str, float | str]:
  """How little a latent moves while its own factor is held fixed.

  1 - the quantile of abs(z_j - E[z_j given v_k]), averaged over the values of
  v_k, over max abs(z_j - E z_j); then the best factor of each latent, averaged
  with the latents' maximal deviations as weights: Suter et al. 2019
  (arXiv:1811.00007), as disentanglement_lib computes it.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a draw, at most.
    num_bins: factors with more values are cut into as many bins.
    quantile: of the deviations; 1 is the paper's maximum.

  Returns:
    "irs", 0 to 1 (0 when every latent is constant); "irs_spread", see
    `sampling.repeat`; and "variant". The latents' scales are weights, so
    rescaling a latent changes it.

  Raises:
    ValueError: see `sampling.sample`.
  """

  def once():
    z, v = sample(codes, factors, num_rows=num_rows, rng=rng)
    return {"irs": _score(z, histogram_bins(v, num_bins), quantile)}

  values, draws = repeat(once)
  told = tell_draws(len(codes), num_rows, draws)
  return {**values, "variant": f"{told}, quantile {quantile}"}


def _score(z: np.ndarray, v: np.ndarray, quantile: float) -> float:
  """The score of (N, D) codes and (N, K) factors, read entirely."""
  z = z[:, np.ptp(z, axis=0) > 0]
  if z.size == 0:
    return 0.0
  largest = np.abs(z - z.mean(0)).max(0)
  moved = [_deviation(z, factor, quantile) for factor in v.T]
  robust = 1 - np.min(moved, axis=0) / largest
  return float(np.average(robust, weights=largest))


def _deviation(
  z: np.ndarray, factor: np.ndarray, quantile: float
) -> np.ndarray:
  """Mean over a factor's values of the deviations' quantile: (D,)."""
  groups = group_rows(factor)
  quantiles = []
  for rows in np.split(groups.order, groups.start[1:]):
    deviations = np.abs(z[rows] - z[rows].mean(0))
    quantiles.append(np.quantile(deviations, quantile, axis=0))
  return np.mean(quantiles, axis=0)
