"""jemmig and mig_sup by hand, from uniform factors and exact codes."""

import numpy as np

from dvae_jax.metrics.jemmig import jemmig
from dvae_jax.metrics.mig_sup import mig_sup


def grid(*sizes):
  axes = np.meshgrid(*[np.arange(s) for s in sizes], indexing="ij")
  return np.stack(axes, -1).reshape(-1, len(sizes))


def rng():
  return np.random.default_rng(0)


def test_jemmig_of_own_latents():
  # H(z) = H(v) = I: the joint entropy is H(v), so JEMMIG is 0.
  v = grid(4, 5)
  found = jemmig(v.astype(float), v, rng=rng())
  np.testing.assert_allclose(found["jemmig_nats"], 0, atol=1e-12)
  np.testing.assert_allclose(found["jemmig"], 1, rtol=1e-12)


def test_jemmig_pays_for_what_else_a_latent_holds_and_for_a_second_one():
  a, b = grid(4, 5).T
  both = a * 5.0 + b  # 20 values in 20 bins
  # Factor a: H(z, a) - I(z; a) = log 20 - log 4; the same for b with log 5. The
  # other latent is dead.
  z = np.stack([both, 0 * both], 1)
  found = jemmig(z, grid(4, 5), rng=rng())
  expected = (np.log(20 / 4) + np.log(20 / 5)) / 2
  np.testing.assert_allclose(found["jemmig_nats"], expected, rtol=1e-12)
  normalised = (np.log(5) / np.log(4 * 20) + np.log(4) / np.log(5 * 20)) / 2
  np.testing.assert_allclose(found["jemmig"], 1 - normalised, rtol=1e-12)
  # A copy adds what it tells of the factor.
  copied = jemmig(np.stack([both, both], 1), grid(4, 5), rng=rng())
  np.testing.assert_allclose(
    copied["jemmig_nats"],
    expected + (np.log(4) + np.log(5)) / 2,
    rtol=1e-12,
  )


def test_mig_sup_by_hand():
  # Latent 0 holds a and b whole: no gap. Latent 1 holds b: gap 1. Latent 2
  # halves a: log 2 / log 4. Latent 3 hardly varies, so it takes no part.
  a, b = grid(4, 5).T
  z = np.stack([a * 5.0 + b, 3.0 * b, a // 2, 0.01 * a], 1)
  found = mig_sup(z, grid(4, 5), rng=rng())
  np.testing.assert_allclose(found["mig_sup"], (0 + 1 + 0.5) / 3, rtol=1e-12)
  assert found["active_latents"] == 3
  assert mig_sup(0 * z, grid(4, 5), rng=rng())["mig_sup"] == 0
