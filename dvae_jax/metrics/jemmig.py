"""Joint entropy minus mutual information gap."""

import numpy as np

from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)
from dvae_jax.metrics.sampling import repeat, sample, tell_draws


def jemmig(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
  num_bins: int = 20,
) -> dict[str, float | str]:
  """How little a factor's latent holds besides it, and how much ahead it is.

  Do and Tran 2020 (arXiv:1908.09961), section 3.3: for each factor

    JEMMIG = H(z_i, v_k) - I(z_i; v_k) + I(z_j; v_k)

  of the two latents i, j that tell most of it; 0 is best. Normalised to 1 -
  JEMMIG / (H(v_k) + log bins), 1 best, and averaged over factors, with
  plug-in estimates from equal-width bins. A single latent has a dead second. A
  latent that says nothing because it is constant has no entropy to hold against
  it: constant codes score log bins / (H(v_k) + log bins).

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a draw, at most.
    num_bins: equal-width bins per latent.

  Returns:
    "jemmig", normalised; "jemmig_nats", the mean of what is not normalised,
    which is better low; "jemmig_spread", see `sampling.repeat`; and "variant".
  """

  def once():
    z, v = sample(codes, factors, num_rows=num_rows, rng=rng)
    bins = histogram_bins(z, num_bins)
    informed = mutual_information(bins, v)
    best = informed.argmax(0)
    ranked = np.sort(np.pad(informed, [(1, 0), (0, 0)]), axis=0)
    joint = entropy(bins)[best] + entropy(v) - ranked[-1]
    nats = joint - ranked[-1] + ranked[-2]
    normalised = 1 - nats / (entropy(v) + np.log(num_bins))
    return {
      "jemmig": float(normalised.mean()),
      "jemmig_nats": float(nats.mean()),
    }

  values, draws = repeat(once)
  told = tell_draws(len(codes), num_rows, draws).replace("dlib", "do2020")
  return {**values, "variant": f"{told}, {num_bins} bins, normalised"}
