"""Likelihoods against SciPy, and at extremes."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats

from dvae_jax.methods import LIKELIHOODS, likelihoods


def as_jax(*arrays):
  return tuple(jnp.asarray(array, jnp.float32) for array in arrays)


def random_images(seed, binary=True):
  rng = np.random.default_rng(seed)
  images = rng.uniform(size=(3, 4, 5, 2))
  logits = rng.normal(0, 3, size=images.shape)
  return (images > 0.5 if binary else images).astype(np.float32), logits


def test_bernoulli_log_prob_equals_scipy_on_binary_images():
  images, logits = random_images(0)
  probability = scipy.special.expit(logits)
  expected = scipy.stats.bernoulli.logpmf(images, probability).sum((1, 2, 3))
  log_prob = likelihoods.bernoulli(*as_jax(logits, images))
  np.testing.assert_allclose(log_prob, expected, rtol=1e-5)


def test_bernoulli_log_prob_is_the_cross_entropy_on_grey_images():
  images, logits = random_images(1, binary=False)
  cross_entropy = -images * scipy.special.log_expit(logits) - (
    1 - images
  ) * scipy.special.log_expit(-logits)
  log_prob = likelihoods.bernoulli(*as_jax(logits, images))
  expected = -cross_entropy.sum((1, 2, 3))
  np.testing.assert_allclose(log_prob, expected, rtol=1e-5)


def test_gaussian_log_prob_is_a_normal_density_but_for_its_constant():
  images, logits = random_images(2, binary=False)
  mean = scipy.special.expit(logits)
  density = scipy.stats.norm.logpdf(images, mean, np.sqrt(0.5))
  expected = (density + 0.5 * np.log(np.pi)).sum((1, 2, 3))
  log_prob = likelihoods.gaussian(*as_jax(logits, images))
  np.testing.assert_allclose(log_prob, expected, rtol=1e-5)


@pytest.mark.parametrize("variance", [1e-4, 0.02, 0.5, 30.0])
def test_gaussian_noise_log_prob_is_a_normal_density(variance):
  images, logits = random_images(3, binary=False)
  mean = scipy.special.expit(logits)
  density = scipy.stats.norm.logpdf(images, mean, np.sqrt(variance))
  log_prob = likelihoods.gaussian_noise(
    *as_jax(logits, images), noise_variance=jnp.float32(variance)
  )
  np.testing.assert_allclose(log_prob, density.sum((1, 2, 3)), rtol=2e-5)


def test_a_learned_variance_is_best_at_the_mean_squared_error():
  images, logits = random_images(4, binary=False)
  error = ((images - scipy.special.expit(logits)) ** 2).mean()

  def summed(log_variance):
    return likelihoods.gaussian_learned(
      *as_jax(logits, images), log_variance=log_variance
    ).sum()

  # d/ds sum -(e / exp(s) + s) / 2 = n (mean e / exp(s) - 1) / 2.
  best = jnp.log(jnp.float32(error))
  for log_variance in (best, jnp.float32(0.0), jnp.float32(-3.0)):
    found = jax.grad(summed)(log_variance)
    expected = 0.5 * images.size * (error / np.exp(log_variance) - 1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)
  density = scipy.stats.norm.logpdf(
    images, scipy.special.expit(logits), np.exp(-1.5)
  )
  np.testing.assert_allclose(summed(-3.0), density.sum(), rtol=2e-5)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_likelihoods_survive_extreme_logits(name):
  # log sigmoid(1e4) = 0 and log sigmoid(-1e4) = -1e4; (1 - 0)^2 = 1.
  logits = jnp.array([1e4, -1e4, 1e4, -1e4]).reshape(1, 2, 2, 1)
  images = jnp.array([1.0, 0.0, 0.0, 1.0]).reshape(1, 2, 2, 1)
  log_prob = LIKELIHOODS[name].log_prob
  if name == "gaussian_noise":  # of this variance it has no constant
    log_prob = partial(log_prob, noise_variance=0.5 / np.pi)
  if name == "gaussian_learned":
    log_prob = partial(log_prob, log_variance=-jnp.log(2.0 * jnp.pi))
  ones = {"gaussian": -2.0, "gaussian_noise": -2.0 * np.pi}
  ones["gaussian_learned"] = ones["gaussian_noise"]
  expected = {"bernoulli": -2e4, **ones}[name]
  np.testing.assert_allclose(log_prob(logits, images), [expected], rtol=1e-6)
  gradient = jax.grad(lambda x: log_prob(x, images).sum())(logits)
  # d/dlogits [x l - log(1 + e^l)] = x - sigmoid(l); a flat sigmoid for squares.
  slope = [0, 0, -1, 1] if name == "bernoulli" else [0, 0, 0, 0]
  np.testing.assert_allclose(gradient.ravel(), slope, atol=1e-6)
