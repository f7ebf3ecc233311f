"""What pairs share, and what becomes of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from helpers.latents import KEY, B, D, draw, gradients, random_latents

from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.weakly_supervised import shared_latents, slow_vae


def pair_latents(seed=10):
  """Six pairs; half of the latents of each differ little."""
  rng = np.random.default_rng(seed)
  mean = rng.normal(size=(B, D)).astype(np.float32)
  mean[B // 2 :, ::2] = mean[: B // 2, ::2] + 0.01
  logvar = rng.normal(-2.0, 0.3, size=(B, D)).astype(np.float32)
  return mean, logvar


def shared_by_loops(mean, logvar):
  mean, logvar = np.float64(mean), np.float64(logvar)
  half = len(mean) // 2
  shared = np.zeros((half, mean.shape[1]), bool)
  for b in range(half):
    kls = []
    for d in range(mean.shape[1]):
      v1, v2 = np.exp(logvar[b, d]), np.exp(logvar[half + b, d])
      difference = mean[b, d] - mean[half + b, d]
      kls.append(0.5 * (v1 / v2 + difference**2 / v2 - 1 + np.log(v2 / v1)))
    threshold = (min(kls) + max(kls)) / 2
    shared[b] = [kl < threshold for kl in kls]
  return shared


def test_shared_latents_are_those_under_the_threshold():
  mean, logvar = pair_latents()
  shared = shared_latents(Gaussian(jnp.asarray(mean), jnp.asarray(logvar)))
  expected = shared_by_loops(mean, logvar)
  np.testing.assert_array_equal(shared, expected)
  assert expected.any(axis=1).all()
  assert not expected.all(axis=1).any()


@pytest.mark.parametrize("name", ["ada_gvae", "ada_mlvae"])
def test_pairs_share_an_average_and_keep_the_rest(name):
  mean, logvar = pair_latents()
  shared = shared_by_loops(mean, logvar)
  latents = draw(name, KEY, jnp.asarray(mean), jnp.asarray(logvar))
  m1, m2 = np.split(np.float64(mean), 2)
  v1, v2 = np.split(np.exp(np.float64(logvar)), 2)
  if name == "ada_gvae":
    average, variance = (m1 + m2) / 2, (v1 + v2) / 2
  else:  # N(m1, v1) N(m2, v2), normalised
    variance = 1 / (1 / v1 + 1 / v2)
    average = variance * (m1 / v1 + m2 / v2)
  for rows, (own_mean, own_variance) in enumerate(((m1, v1), (m2, v2))):
    half = slice(rows * B // 2, (rows + 1) * B // 2)
    expected = np.where(shared, average, own_mean)
    np.testing.assert_allclose(latents.mean[half], expected, rtol=1e-5)
    expected = np.log(np.where(shared, variance, own_variance))
    np.testing.assert_allclose(latents.logvar[half], expected, rtol=1e-5)
  # z is drawn after averaging.
  eps = jax.random.normal(KEY, mean.shape)
  expected = latents.mean + np.exp(np.float64(latents.logvar) / 2) * eps
  np.testing.assert_allclose(latents.z, expected, rtol=1e-5, atol=1e-6)


def test_product_of_gaussians_is_the_product_of_densities():
  # The first latent of a pair is shared; the second differs most.
  mean = jnp.array([[0.2, -3.0], [0.5, 3.0]])
  logvar = jnp.array([[-1.0, -1.0], [-0.5, -1.0]])
  latents = draw("ada_mlvae", KEY, mean, logvar)
  grid = np.linspace(-10, 10, 100_001)
  std = np.exp(np.float64(logvar) / 2)
  density = scipy.stats.norm.pdf(grid, mean[0, 0], std[0, 0])
  density = density * scipy.stats.norm.pdf(grid, mean[1, 0], std[1, 0])
  density /= density.sum()
  average = (grid * density).sum()
  variance = ((grid - average) ** 2 * density).sum()
  np.testing.assert_allclose(latents.mean[:, 0], average, rtol=1e-5)
  np.testing.assert_allclose(latents.logvar[:, 0], np.log(variance), rtol=1e-5)


def test_a_pair_of_the_same_image_is_a_vae():
  # Equal posteriors share nothing and average to themselves.
  mean, logvar = (jnp.tile(a, (2, 1)) for a in random_latents(11)[1:])
  _, actual = gradients("ada_gvae", mean, logvar, {"beta": 1.0})
  _, expected = gradients("vae", mean, logvar, {})
  for each, same in zip(actual, expected, strict=True):
    np.testing.assert_allclose(each, same, rtol=1e-5, atol=1e-7)


def test_a_slow_step_is_short_and_both_directions_count():
  # Narrow posteriors: E|x| is |step|, so that the cross-entropy grows by the
  # rate times the step, twice as much for the pair that moves twice as far.
  def transition(moved):
    mean = jnp.array([[0.0], [0.0], [moved], [0.0]])
    q = Gaussian(mean, jnp.full((4, 1), -30.0))
    weights = {"beta": 0.0, "gamma": 1.0, "laplace_rate": 3.0, "entropy": 0.0}
    return slow_vae(q, mean, **weights)[0]

  rest, once, twice = (transition(moved) for moved in (0.0, 1.0, 2.0))
  np.testing.assert_allclose(rest, -np.log(1.5), rtol=1e-5)
  np.testing.assert_allclose(once - rest, [3, 0, 3, 0], atol=1e-5)
  np.testing.assert_allclose(twice - rest, [6, 0, 6, 0], atol=1e-5)


def test_the_entropy_of_the_authors_code_counts_for_one_direction():
  q = Gaussian(jnp.zeros((2, 1)), jnp.zeros((2, 1)))
  weights = {"beta": 0.0, "gamma": 1.0, "laplace_rate": 1.0}
  whole, half = (
    slow_vae(q, q.mean, **weights, entropy=entropy)[0] for entropy in (1.0, 0.5)
  )
  entropy = scipy.stats.norm.entropy()
  np.testing.assert_allclose(half - whole, [entropy / 2] * 2, rtol=1e-5)
