"""Scores that need no factors: how far the latents are from independent."""

import numpy as np

from dvae_jax.metrics.information import histogram_bins, mutual_information
from dvae_jax.metrics.sampling import draw_rows, repeat, tell_draws


def total_correlation(
  codes: np.ndarray,
  *,
  rng: np.random.Generator,
) -> dict[str, float | str]:
  """Total correlation of a Gaussian with the codes' covariance.

  KL(N(0, C) || N(0, diag C)) = (sum_j log C_jj - log det C) / 2, in nats:
  Locatello et al. 2019 (arXiv:1811.12359), as disentanglement_lib computes it.
  Constant latents take no part. Eigenvalues of the correlations are taken as at
  least D epsilon, so a latent that others determine adds 17 nats, not infinity.

  Args:
    codes: (N, D) codes.
    rng: NumPy generator, not used.

  Returns:
    "total_correlation", 0 or more, and "variant".
  """
  z = codes[:, np.ptp(codes, axis=0) > 0]
  value = 0.0
  if z.size:
    eigenvalues = np.linalg.eigvalsh(np.atleast_2d(np.corrcoef(z.T)))
    floor = len(eigenvalues) * np.finfo(float).eps
    value = float(-np.log(np.maximum(eigenvalues, floor)).sum() / 2)
  return {
    "total_correlation": max(0.0, value),
    "variant": "dlib: Gaussian, all rows",
  }


def wasserstein(
  codes: np.ndarray,
  *,
  rng: np.random.Generator,
) -> dict[str, float | str]:
  """Squared Wasserstein-2 distance to independent latents, for Gaussians.

  2 tr C - 2 tr (D^1/2 C D^1/2)^1/2 with covariance C and D = diag C: Locatello
  et al. 2019 (arXiv:1811.12359), as disentanglement_lib computes it.

  Args:
    codes: (N, D) codes.
    rng: NumPy generator, not used.

  Returns:
    "wasserstein", in squared units of the codes; "wasserstein_norm", it over
    tr C (0 when all codes are constant); and "variant".
  """
  covariance = np.atleast_2d(np.cov(codes.T))
  scale = np.sqrt(np.diag(covariance))
  squares = np.linalg.eigvalsh(scale[:, None] * covariance * scale)
  trace = np.trace(covariance)
  value = 2 * trace - 2 * np.sqrt(np.maximum(squares, 0)).sum()
  return {
    "wasserstein": float(max(0.0, value)),
    "wasserstein_norm": float(max(0.0, value) / trace) if trace > 0 else 0.0,
    "variant": "dlib: Gaussian, all rows",
  }


def mutual_info_score(
  codes: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
  num_bins: int = 20,
) -> dict[str, float | str]:
  """Mean mutual information of two latents, on binned codes.

  Locatello et al. 2019 (arXiv:1811.12359), as disentanglement_lib computes it.

  Args:
    codes: (N, D) codes.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a draw, at most.
    num_bins: equal-width bins per latent.

  Returns:
    "mutual_info_score", in nats (0 for a single latent);
    "mutual_info_score_spread", see `sampling.repeat`; and "variant".
  """

  def once():
    rows = draw_rows(len(codes), num_rows, rng)
    bins = histogram_bins(codes[rows], num_bins)
    shared = mutual_information(bins, bins)
    pairs = shared[~np.eye(len(shared), dtype=bool)]
    return {"mutual_info_score": float(pairs.mean()) if pairs.size else 0.0}

  values, draws = repeat(once)
  told = tell_draws(len(codes), num_rows, draws)
  return {**values, "variant": f"{told}, {num_bins} bins"}
