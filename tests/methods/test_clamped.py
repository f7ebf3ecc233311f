"""What DC-IGN clamps, to what, and with which gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.data.sampling.groups import SIZE
from dvae_jax.methods.clamped import clamp, group_mean, varying_latents

# Two groups side by side: in the first factor 2 varies, in the other factor 0.
FACTORS = np.zeros((SIZE, 2, 3), np.int32)
FACTORS[:, 0, 2] = np.arange(SIZE) % 4
FACTORS[:, 1, 0] = np.arange(SIZE) % 2
FACTORS = jnp.asarray(FACTORS.reshape(2 * SIZE, 3))
X = jax.random.normal(jax.random.PRNGKey(0), (2 * SIZE, 3))


def of_group(array, which):
  return np.asarray(array).reshape(SIZE, 2, -1)[:, which]


def test_a_latent_is_of_its_factor_and_further_ones_of_the_first():
  active = varying_latents(FACTORS, 5)
  for which, expected in ((0, [0, 0, 1, 0, 0]), (1, [1, 0, 0, 1, 1])):
    found = of_group(active, which)
    np.testing.assert_array_equal(found, np.tile(expected, (SIZE, 1)))
  with pytest.raises(ValueError, match="latent_dim: 2 found, 3 or more"):
    varying_latents(FACTORS, 2)


@pytest.mark.parametrize("first_image", [0.0, 1.0])
def test_the_others_are_the_groups_mean_or_its_first_image(first_image):
  clamped = clamp(X, varying_latents(FACTORS, 3), first_image)
  for which, own in ((0, 2), (1, 0)):
    x, found = of_group(X, which), of_group(clamped, which)
    np.testing.assert_array_equal(found[:, own], x[:, own])
    others = [d for d in range(3) if d != own]
    expected = x[0] if first_image else x.mean(0)
    np.testing.assert_allclose(
      found[:, others], np.tile(expected[others], (SIZE, 1)), rtol=1e-5
    )


@pytest.mark.parametrize("first_image", [0.0, 1.0])
def test_a_clamped_latent_has_no_gradient_of_what_follows(first_image):
  active = varying_latents(FACTORS, 3)
  weigh = jnp.arange(6.0 * SIZE).reshape(X.shape) + 1.0
  slope = jax.grad(lambda x: (weigh * clamp(x, active, first_image)).sum())(X)
  np.testing.assert_array_equal(slope, jnp.where(active, weigh, 0.0))


def test_means_are_those_of_each_group():
  x = of_group(X, 1)
  np.testing.assert_allclose(of_group(group_mean(X), 1)[7], x.mean(0), 1e-5)
