"""Which distances count, and what the authors' code does otherwise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.methods import support
from dvae_jax.methods.posteriors import Gaussian

KEY = jax.random.PRNGKey(0)
WEIGHTS = {"beta": 0.0, "gamma": 1.0, "scale": 0.0}
BOTH = jnp.array([[0, 1]])


def grid(*values):
  """Every combination of the values, (N, D)."""
  axes = np.meshgrid(*values, indexing="ij")
  return jnp.stack([jnp.asarray(a.ravel(), jnp.float32) for a in axes], 1)


def penalty(mean, key=KEY, **weights):
  q = Gaussian(mean, jnp.zeros_like(mean))
  return support.hausdorff_vae(q, mean, key=key, **(WEIGHTS | weights))


def test_a_product_is_at_no_distance_and_a_missing_corner_is():
  full = grid([0, 1, 2], [0, 3])
  assert support.distance_to_product(full, BOTH)[0] == 0
  # Without (2, 3) its nearest neighbour is (1, 3), at distance 1.
  assert support.distance_to_product(full[:-1], BOTH)[0] == 1


def test_the_farthest_combination_counts_alone():
  line = jnp.array([[0.0, 0.0], [1.0, 1.0], [4.0, 4.0]])
  # (0, 4) and (4, 0) are 3^2 + 1^2 from (1, 1), farther than any other.
  assert support.distance_to_product(line, BOTH)[0] == 10


def test_gradients_reach_the_combinations_too():
  line = jnp.array([[0.0, 0.0], [1.0, 1.0], [4.0, 5.0]])
  distance = lambda codes: support.distance_to_product(codes, BOTH)[0]
  assert distance(line) == 16  # from (0, 5) to (4, 5)
  expected = [[-8.0, 0.0], [0.0, 0.0], [8.0, 0.0]]
  np.testing.assert_allclose(jax.grad(distance)(line), expected)


def test_the_gradient_is_that_of_every_combination_written_out():
  def written_out(codes):
    corners = jnp.stack(jnp.meshgrid(codes[:, 0], codes[:, 1]), -1)
    apart = ((corners[:, :, None] - codes[None, None]) ** 2).sum(3)
    return apart.min(2).max()

  distance = lambda codes: support.distance_to_product(codes, BOTH)[0]
  for key in jax.random.split(KEY, 5):
    codes = jax.random.normal(key, (12, 2))
    np.testing.assert_allclose(
      jax.grad(distance)(codes), jax.grad(written_out)(codes), rtol=1e-5
    )


@pytest.mark.parametrize(("latents", "count"), [(3, 3), (7, 21), (10, 25)])
def test_at_most_25_pairs_of_different_latents_are_drawn(latents, count):
  # On a line every pair of latents is at the same distance.
  line = jnp.tile(jnp.array([[0.0], [1.0], [4.0]]), (1, latents))
  found, terms = penalty(line)
  assert terms["distance"] == found[0] == 10 * count


def test_pairs_are_drawn_anew_with_another_key():
  mean = jax.random.normal(KEY, (16, 10))
  one, other = (penalty(mean, key)[0][0] for key in jax.random.split(KEY))
  assert one != other


def test_spread_is_that_of_a_latent_over_the_batch():
  # Over the latents of an image, as in the authors' code, none is missing.
  mean = jnp.array([[0.0, 8.0], [0.5, 8.5], [0.0, 8.5], [0.5, 8.0]])
  found, terms = penalty(mean, gamma=0.0, scale=2.0)
  assert terms["missing_spread"] == pytest.approx(2 * 0.75, rel=1e-4)
  assert found[0] == pytest.approx(2 * 2 * 0.75, rel=1e-4)
