"""Modularity: whether a latent depends on one factor only."""

import numpy as np

from dvae_jax.metrics.information import histogram_bins, mutual_information
from dvae_jax.metrics.sampling import repeat, sample, tell_draws


def modularity(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
  num_bins: int = 20,
) -> dict[str, float | str]:
  """How close each latent's informations are to a single factor's.

  mean_j 1 - (sum_k m_jk^2 - max_k m_jk^2) / (max_k m_jk^2 (K - 1)), m_jk the
  mutual information of latent j and factor k: Ridgeway and Mozer 2018
  (arXiv:1802.05312), eq. 2, as disentanglement_lib estimates it. A constant
  latent scores 0 and so lowers the mean. One that is nearly dead scores what
  its noise says, 0.6 on average with a deviation of 0.07, and differs from
  draw to draw.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers. With one factor, informed latents score 1.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a draw, at most.
    num_bins: equal-width bins per latent.

  Returns:
    "modularity", 0 to 1; "modularity_spread", see `sampling.repeat`; and
    "variant".

  Raises:
    ValueError: see `sampling.sample`.
  """

  def once():
    z, v = sample(codes, factors, num_rows=num_rows, rng=rng)
    squares = mutual_information(histogram_bins(z, num_bins), v) ** 2
    return {"modularity": float(_per_latent(squares).mean())}

  values, draws = repeat(once)
  told = tell_draws(len(codes), num_rows, draws)
  return {**values, "variant": f"{told}, {num_bins} bins"}


def _per_latent(squares: np.ndarray) -> np.ndarray:
  """Modularity (D,) of each latent from (D, K) squared informations."""
  top = squares.max(1)
  spread = (squares.sum(1) - top) / max(squares.shape[1] - 1, 1)
  safe = np.where(top > 0, top, 1.0)
  return np.where(top > 0, 1 - spread / safe, 0.0)
