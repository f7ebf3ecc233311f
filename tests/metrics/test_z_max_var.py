"""z_max_var against votes drawn one by one, and by hand."""

import numpy as np
import pytest

from dvae_jax.metrics.z_max_var import z_max_var


def grid(*sizes):
  axes = np.meshgrid(*[np.arange(s) for s in sizes], indexing="ij")
  return np.stack(axes, -1).reshape(-1, len(sizes))


def rng():
  return np.random.default_rng(0)


def by_drawing(codes, factors, votes=4000):
  """The definition: draw a factor and a row, let the factor vary, vote."""
  generator = rng()
  variance = codes.var(0, ddof=1)
  table = np.zeros((codes.shape[1], factors.shape[1]))
  for _ in range(votes):
    k = generator.integers(factors.shape[1])
    row = factors[generator.integers(len(factors))]
    others = np.delete(factors == row, k, axis=1).all(1)
    table[(codes[others].var(0, ddof=1) / variance).argmax(), k] += 1
  return table.max(1).sum() / votes


@pytest.mark.parametrize("noise", [0.1, 1.0, 4.0])
def test_agrees_with_drawn_votes(noise):
  factors = grid(3, 4, 5)
  codes = factors + noise * rng().normal(size=factors.shape)
  found = z_max_var(codes, factors, rng=rng())["z_max_var"]
  # The standard error of a share of 4,000 is 0.008.
  assert abs(found - by_drawing(codes, factors)) < 0.025


def test_own_latents_score_one_and_a_common_one_chance():
  factors = grid(3, 4, 5)
  own = z_max_var(1.0 * factors, factors, rng=rng())
  assert own["z_max_var"] == own["z_max_var_scaled"] == 1
  common = factors.sum(1, keepdims=True) * 1.0
  found = z_max_var(common, factors, rng=rng())
  np.testing.assert_allclose(found["z_max_var"], 1 / 3)
  np.testing.assert_allclose(found["z_max_var_scaled"], 0, atol=1e-12)


def test_only_latents_that_vary_are_voted_for():
  # Latent 2 is factor 2 on a small scale, under the threshold: latent 0, the
  # first of those that don't move with it, is voted for.
  factors = grid(3, 4, 5)
  codes = factors * (1, 1, 1e-3)
  found = z_max_var(codes, factors, rng=rng())
  assert found["active_latents"] == 2
  np.testing.assert_allclose(found["z_max_var"], 2 / 3)
  assert z_max_var(0.0 * codes, factors, rng=rng())["z_max_var"] == 0


def test_far_away_codes_keep_their_digits():
  factors = grid(3, 4, 5)
  found = z_max_var(factors + 1e9, factors, rng=rng())
  assert found["z_max_var"] == 1


def test_needs_rows_that_differ_in_one_factor():
  factors = np.arange(6)[:, None] * [1, 1]
  with pytest.raises(ValueError, match="no two rows differ in column 0 only"):
    z_max_var(1.0 * factors, factors, rng=rng())
