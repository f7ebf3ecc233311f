"""The maximum mean discrepancy, and what InfoVAE is made of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.methods.densities import gaussian_kl
from dvae_jax.methods.discrepancies import info_vae, squared_mmd
from dvae_jax.methods.posteriors import Gaussian

KEYS = jax.random.split(jax.random.PRNGKey(0), 400)


def draws(mean, std, rows=16):
  """400 samples of 16 rows of two latents, and as many of the prior."""
  drawn = jax.vmap(lambda key: jax.random.normal(key, (2 * rows, 2)))(KEYS)
  return mean + std * drawn[:, :rows], drawn[:, rows:]


def population(mean, std, bandwidth):
  """The squared MMD of N(mean, std^2) and N(0, 1), two latents alike.

  E k(x, y) of normal x and y, with v the variance of x - y and m its mean, is
  (h^2 / (h^2 + v) exp(-m^2 / (h^2 + v)))^(1/2) per latent.
  """
  h2 = bandwidth**2
  term = lambda m, v: h2 / (h2 + v) * np.exp(-(m**2) / (h2 + v))
  return term(0, 2 * std**2) + term(0, 2.0) - 2 * term(mean, std**2 + 1)


@pytest.mark.parametrize(
  ("mean", "std", "bandwidth"),
  [(0.0, 1.0, 1.0), (0.7, 1.0, 1.0), (0.0, 0.3, 0.5), (0.3, 1.5, 3.0)],
)
def test_the_estimate_has_no_bias(mean, std, bandwidth):
  estimates = jax.jit(jax.vmap(lambda x, y: squared_mmd(x, y, bandwidth)))(
    *draws(mean, std)
  )
  error = estimates.std() / np.sqrt(len(estimates))
  assert abs(estimates.mean() - population(mean, std, bandwidth)) < 4 * error
  # Counting each sample with itself adds 2 / 16 of 1 less the mean kernel.
  assert error < 0.2 * 2 / 16 * (1 - bandwidth**2 / (bandwidth**2 + 2))


def test_a_narrow_kernel_is_blind_to_what_a_wide_one_sees():
  x, y = draws(4.0, 1.0)
  assert abs(squared_mmd(x[0], y[0], 0.01)) < 1e-6
  assert squared_mmd(x[0], y[0], 2.0) > 0.5


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_the_bandwidth_is_in_units_of_codes(scale):
  x, y = (sample[0] for sample in draws(0.5, 0.8))
  np.testing.assert_allclose(
    squared_mmd(scale * x, scale * y, scale), squared_mmd(x, y, 1.0), rtol=1e-4
  )


def test_alpha_and_lambda_weigh_kl_and_discrepancy():
  z, mean = (sample[0] for sample in draws(0.5, 0.8))
  q = Gaussian(mean, 0.1 * mean)
  kl = gaussian_kl(*q)

  def penalty(alpha, lambda_mmd):
    return info_vae(
      q, z, key=KEYS[0], alpha=alpha, lambda_mmd=lambda_mmd, bandwidth=1.0
    )

  np.testing.assert_allclose(penalty(0.0, 1.0)[0], kl, rtol=1e-6)  # the VAE
  found, terms = penalty(1.0, 50.0)  # the MMD-VAE, without a KL
  np.testing.assert_allclose(
    found, jnp.full_like(kl, 50.0 * terms["mmd"]), rtol=1e-6
  )
  # PyTorch-VAE's alpha of -9 with lambda 10.5: ten KLs and half an MMD.
  np.testing.assert_allclose(
    penalty(-9.0, 10.5)[0], 10 * kl + 0.5 * terms["mmd"], rtol=1e-5
  )
