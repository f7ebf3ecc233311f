"""The mutual information gap of latents, MIG's counterpart."""

import numpy as np

from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)
from dvae_jax.metrics.sampling import repeat, sample, tell_draws

ACTIVE_VARIANCE = 0.01


def mig_sup(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
  num_bins: int = 20,
) -> dict[str, float | str]:
  """How much more a latent knows of one factor than of any other.

  Li et al. 2020 (arXiv:2002.10549), section 4: the mean over active latents of
  the gap between the largest and the second largest I(z_j; v_k) / H(v_k). MIG
  punishes a factor in two latents, this one two factors in a latent. Active is
  a latent with a variance over ACTIVE_VARIANCE, as in the authors' code; the
  information is estimated as in `mig`, theirs is that of `mig_exact`. A single
  factor has no second.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a draw, at most.
    num_bins: equal-width bins per latent.

  Returns:
    "mig_sup", 0 to 1 (0 where no latent is active); "active_latents", their
    number; "mig_sup_spread", see `sampling.repeat`; and "variant".
  """
  active = codes.var(0) > ACTIVE_VARIANCE

  def once():
    z, v = sample(codes[:, active], factors, num_rows=num_rows, rng=rng)
    shares = mutual_information(histogram_bins(z, num_bins), v) / entropy(v)
    ranked = np.sort(np.pad(shares, [(0, 0), (1, 0)]), axis=1)
    gaps = ranked[:, -1] - ranked[:, -2]
    return {"mig_sup": float(gaps.mean()) if active.any() else 0.0}

  values, draws = repeat(once)
  told = tell_draws(len(codes), num_rows, draws).replace("dlib", "li2020")
  return {
    **values,
    "active_latents": float(active.sum()),
    "variant": f"{told}, {num_bins} bins",
  }
