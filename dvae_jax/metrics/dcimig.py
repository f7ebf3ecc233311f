"""DCIMIG, also called 3CharM."""

import numpy as np

from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)


def dcimig(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_bins: int = 20,
) -> dict[str, float | str]:
  """Share of the factors' entropy that latents of their own tell.

  Sepliarskaia, Kiseleva and de Rijke (arXiv:1910.05587), section 4: a latent
  counts only for the factor it tells most of, with its lead over the factor it
  tells second most of; a factor takes the largest lead among its latents; the
  sum over factors is divided by the sum of their entropies.

  Mutual information is the plug-in estimate of all N rows, each latent cut into
  equal-width bins.

  Args:
    codes: (N, D) numbers.
    factors: (N, K) integers.
    rng: not used.
    num_bins: bins per latent.

  Returns:
    `dcimig` in [0, 1], and `variant`. With one factor the whole information
    counts as the lead.
  """
  del rng
  table = mutual_information(histogram_bins(codes, num_bins), factors)
  ranked = np.sort(np.pad(table, ((0, 0), (1, 0))), axis=1)
  lead = ranked[:, -1] - ranked[:, -2]
  leads = np.zeros_like(table)
  leads[np.arange(len(table)), table.argmax(1)] = lead
  return {
    "dcimig": float(leads.max(0).sum() / entropy(factors).sum()),
    "variant": f"sepliarskaia2019, {num_bins} bins, all rows",
  }
