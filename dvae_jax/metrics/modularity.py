"""Modularity: whether a latent depends on one factor only."""

import numpy as np

from dvae_jax.metrics.information import histogram_bins, mutual_information
from dvae_jax.metrics.sampling import sample


def modularity(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
  num_bins: int = 20,
  num_samples: int = 10,
) -> dict[str, float | str]:
  """How close each latent's informations are to a single factor's.

  mean_j 1 - (sum_k m_jk^2 - max_k m_jk^2) / (max_k m_jk^2 (K - 1)), m_jk the
  mutual information of latent j and factor k: Ridgeway and Mozer 2018
  (arXiv:1802.05312), eq. 2, as disentanglement_lib estimates it. A constant
  latent scores 0 and so lowers the mean. One that is nearly dead scores what
  its noise says, 0.6 on average with a deviation of 0.07, and differs from
  sample to sample: hence the mean over samples.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers. With one factor, informed latents score 1.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a sample, drawn with replacement.
    num_bins: equal-width bins per latent.
    num_samples: samples that the score is averaged over.

  Returns:
    "modularity", 0 to 1, and "variant".

  Raises:
    ValueError: see `sampling.sample`.
  """
  scores = []
  for _ in range(num_samples):
    z, v = sample(codes, factors, num_rows=num_rows, rng=rng)
    squares = mutual_information(histogram_bins(z, num_bins), v) ** 2
    scores.append(_per_latent(squares).mean())
  return {
    "modularity": float(np.mean(scores)),
    "variant": f"dlib: {num_bins} bins, "
    f"mean over {num_samples} samples of {num_rows} rows",
  }


def _per_latent(squares: np.ndarray) -> np.ndarray:
  """Modularity (D,) of each latent from (D, K) squared informations."""
  top = squares.max(1)
  spread = (squares.sum(1) - top) / max(squares.shape[1] - 1, 1)
  safe = np.where(top > 0, top, 1.0)
  return np.where(top > 0, 1 - spread / safe, 0.0)
