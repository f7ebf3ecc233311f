"""Mutual information gap on binned codes."""

import numpy as np

from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)
from dvae_jax.metrics.sampling import repeat, sample, tell_draws


def mig(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
  num_bins: int = 20,
) -> dict[str, float | str]:
  """How much more the best latent knows of a factor than the second best.

  mean_k (I_1k - I_2k) / H(v_k), I_1k and I_2k the largest and second largest
  I(z_j; v_k): Chen et al. 2018 (arXiv:1802.04942), eq. 6, as
  disentanglement_lib estimates it from histograms. A single latent has a dead
  second.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a draw, at most.
    num_bins: equal-width bins per latent.

  Returns:
    "mig", 0 to 1; "mig_spread", see `sampling.repeat`; and "variant".

  Raises:
    ValueError: see `sampling.sample`.
  """

  def once():
    z, v = sample(codes, factors, num_rows=num_rows, rng=rng)
    informed = mutual_information(histogram_bins(z, num_bins), v)
    ranked = np.sort(np.pad(informed, [(1, 0), (0, 0)]), axis=0)
    return {"mig": float(((ranked[-1] - ranked[-2]) / entropy(v)).mean())}

  values, draws = repeat(once)
  told = tell_draws(len(codes), num_rows, draws)
  return {**values, "variant": f"{told}, {num_bins} bins"}
