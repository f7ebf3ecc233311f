"""The capacity of the annealed VAE."""

import jax.numpy as jnp
import numpy as np
import pytest
from helpers.latents import Latents, gradients, penalty, random_latents


def vae_gradients_numpy(mean, logvar):
  """d/dmean and d/dlogvar of mean_b KL_b."""
  mean, logvar = np.float64(mean), np.float64(logvar)
  return mean / len(mean), 0.5 * (np.exp(logvar) - 1) / len(mean)


@pytest.mark.parametrize(("capacity", "sign"), [(0.0, 1.0), (1e3, -1.0)])
def test_capacity_pulls_the_kl_from_both_sides(capacity, sign):
  _, mean, logvar = random_latents(3)
  hparams = {"gamma": 7.0, "capacity": capacity, "annealing_steps": 10.0}
  _, actual = gradients("annealed_vae", mean, logvar, hparams)
  expected = vae_gradients_numpy(mean, logvar)
  for each, numpy in zip(actual, expected, strict=True):
    np.testing.assert_allclose(each, sign * 7.0 * numpy, rtol=1e-4, atol=1e-6)


def test_capacity_acts_on_the_batch_mean():
  # One image above the target and one below it by the same amount: no loss.
  mean = jnp.sqrt(2 * jnp.array([[1.0], [3.0]]))  # KL 1 and 3 at unit variance
  latents = Latents(mean, mean, jnp.zeros((2, 1)))
  hparams = {"gamma": 1.0, "capacity": 2.0, "annealing_steps": 1.0}
  value, _ = penalty("annealed_vae", latents, hparams)
  np.testing.assert_allclose(value, 0.0, atol=1e-6)


@pytest.mark.parametrize(
  ("step", "expected"), [(0, 0.0), (25, 5.0), (50, 10.0), (5000, 10.0)]
)
def test_capacity_grows_linearly_and_stays(step, expected):
  hparams = {"gamma": 1.0, "capacity": 10.0, "annealing_steps": 50.0}
  latents = random_latents(4)
  _, terms = penalty("annealed_vae", latents, hparams, step=jnp.int32(step))
  np.testing.assert_allclose(terms["capacity"], expected, rtol=1e-6)
