"""The Z-max variance score: which latent moves when one factor does?"""

import numpy as np

from dvae_jax.metrics.sampling import group_rest

ACTIVE_DEVIATION = 0.05


def z_max_var(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
) -> dict[str, float | str]:
  """Accuracy of a majority vote from the most varying latent to the factor.

  A vote is a group of rows that differ in one factor only, and the latent whose
  variance in the group, relative to that over all rows, is largest: Kim et al.
  2019 (arXiv:1902.01568), section 3. The paper samples groups; here every group
  votes, each factor weighing the same, so nothing is random. FactorVAE's score
  fixes one factor and looks for the least variance.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers: a grid, or at least rows that differ in a single
      factor, for each factor.
    rng: not used.

  Returns:
    "z_max_var", 1 / K to 1 (0 where no latent is active); "z_max_var_scaled",
    the same from 0 to 1; "active_latents", those with a standard deviation over
    ACTIVE_DEVIATION, which alone can be voted for; and "variant".

  Raises:
    ValueError: no two rows differ in some one factor only.
  """
  del rng
  variances = codes.var(0, ddof=1)
  active = np.sqrt(variances) > ACTIVE_DEVIATION
  count, score = factors.shape[1], 0.0
  if active.any():
    scaled = np.ascontiguousarray(codes[:, active] / np.sqrt(variances[active]))
    votes = [_votes(scaled, factors, k) for k in range(count)]
    score = float(np.max(votes, axis=0).sum() / count)
  least = 1 / count
  scaled_score = (score - least) / (1 - least) if count > 1 else score
  return {
    "z_max_var": score,
    "z_max_var_scaled": scaled_score,
    "active_latents": float(active.sum()),
    "variant": "kim2019, every group of the table",
  }


def _votes(codes: np.ndarray, factors: np.ndarray, k: int) -> np.ndarray:
  """Share (D,) of the groups in which each latent varies most."""
  groups = group_rest(factors, k)
  several = groups.size > 1
  if not several.any():
    raise ValueError(
      f"factors: no two rows differ in column {k} only; z_max_var needs a grid"
    )
  z = codes.take(groups.order, 0)
  size = groups.size[:, None]
  # Around a row of the group, so that far-away codes keep their digits.
  z = z - np.repeat(z.take(groups.start, 0), groups.size, axis=0)
  mean = np.add.reduceat(z, groups.start) / size
  spread = np.add.reduceat(z**2, groups.start) / size - mean**2
  most = spread[several].argmax(1)
  return np.bincount(most, minlength=codes.shape[1]) / several.sum()
