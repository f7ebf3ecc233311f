"""Densities against NumPy and SciPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from helpers.mixtures import as_jax, log_mixture, log_q_pairs, random_latents

from dvae_jax.methods import densities

B, D = 16, 5


def test_gaussian_kl_equals_the_integral():
  # KL by numerical integration of q log(q / p) over +-12 standard deviations.
  for mean, logvar in ((0.0, 0.0), (1.5, -1.0), (-0.3, 0.7), (0.0, -6.0)):
    std = np.exp(logvar / 2)
    z = np.linspace(mean - 12 * std, mean + 12 * std, 20001)
    log_q = scipy.stats.norm.logpdf(z, mean, std)
    integrand = np.exp(log_q) * (log_q - scipy.stats.norm.logpdf(z))
    expected = np.trapezoid(integrand, z)
    kl = densities.gaussian_kl(*as_jax([[mean]], [[logvar]]))
    np.testing.assert_allclose(kl, [expected], rtol=1e-5, atol=1e-7)


def test_gaussian_kl_sums_latents():
  _, mean, logvar = as_jax(*random_latents(0))
  per_latent = densities.gaussian_kl_per_latent(mean, logvar)
  m, v = np.asarray(mean, np.float64), np.asarray(logvar, np.float64)
  expected = 0.5 * (m**2 + np.exp(v) - v - 1)
  np.testing.assert_allclose(per_latent, expected, rtol=1e-5)
  kl = densities.gaussian_kl(mean, logvar)
  np.testing.assert_allclose(kl, expected.sum(1), rtol=1e-5)


def test_kl_between_gaussians_reduces_to_the_closed_form():
  # KL(p || q) = log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2
  _, mean, logvar = random_latents(1)
  _, other_mean, other_logvar = random_latents(2)
  variance = np.exp(np.float64(logvar))
  other_variance = np.exp(np.float64(other_logvar))
  expected = (
    0.5 * np.log(other_variance / variance)
    + (variance + (np.float64(mean) - other_mean) ** 2) / (2 * other_variance)
    - 0.5
  )
  kl = densities.kl_between_gaussians(
    *as_jax(mean, logvar, other_mean, other_logvar)
  )
  np.testing.assert_allclose(kl, expected, rtol=1e-4, atol=1e-6)


def test_log_normal_equals_scipy():
  z, mean, logvar = random_latents(3)
  expected = scipy.stats.norm.logpdf(
    np.float64(z), mean, np.exp(np.float64(logvar) / 2)
  )
  log_prob = densities.log_normal(*as_jax(z, mean, logvar))
  np.testing.assert_allclose(log_prob, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_images", [7, 1000, 1001])
def test_log_qz_exact_equals_numpy(num_images, monkeypatch):
  # Chunks of 100 images: one partial, ten full, ten full and a partial one.
  monkeypatch.setattr(densities, "PAIRS_PER_CHUNK", 100 * B * D)
  monkeypatch.setattr(densities, "IMAGES_PER_CHUNK", 100)
  z, _, _ = random_latents(6)
  _, mean, logvar = random_latents(7, batch=num_images)
  weights = np.full((B, num_images), 1 / num_images)
  expected = log_mixture(log_q_pairs(z, mean, logvar), weights)
  actual = densities.log_qz_exact(*as_jax(z, mean, logvar))
  np.testing.assert_allclose(actual[0], expected[0], rtol=1e-4, atol=1e-4)
  np.testing.assert_allclose(actual[1], expected[1], rtol=1e-4, atol=1e-4)
  joint = densities.log_aggregate(*as_jax(z, mean, logvar))
  np.testing.assert_allclose(joint, expected[0], rtol=1e-4, atol=1e-4)


def test_log_aggregate_far_from_every_posterior():
  # exp(-0.5 10^2 D) is 0 in float32; its logarithm isn't.
  mean, logvar = np.zeros((600, D)), np.zeros((600, D))
  joint = densities.log_aggregate(*as_jax(np.full((2, D), 10.0), mean, logvar))
  expected = D * (-50 - 0.5 * np.log(2 * np.pi))
  np.testing.assert_allclose(joint, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["log_qz_exact", "log_aggregate"])
def test_memory_does_not_grow_with_the_data_set(name):
  def temporary_bytes(num_images):
    shapes = [(64, 10), (num_images, 10), (num_images, 10)]
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    compiled = jax.jit(getattr(densities, name)).lower(*arguments).compile()
    return compiled.memory_analysis().temp_size_in_bytes

  # dSprites: all pairs at once would be 737,280 x 64 x 10 x 4 B = 1.9 GB.
  assert temporary_bytes(737_280) <= 1.1 * temporary_bytes(20_000)
  assert temporary_bytes(737_280) < 100 * 2**20


def test_log_qz_exact_of_all_of_dsprites_equals_its_repeated_quarter():
  # A mixture doesn't change when every component is repeated four times.
  z, _, _ = as_jax(*random_latents(8, batch=2, dim=2))
  _, mean, logvar = as_jax(*random_latents(9, batch=737_280 // 4, dim=2))
  quarter = densities.log_qz_exact(z, mean, logvar)
  repeated = densities.log_qz_exact(
    z, jnp.tile(mean, (4, 1)), jnp.tile(logvar, (4, 1))
  )
  np.testing.assert_allclose(repeated[0], quarter[0], rtol=1e-4)
  np.testing.assert_allclose(repeated[1], quarter[1], rtol=1e-4)
