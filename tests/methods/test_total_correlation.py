"""FactorVAE's critic and its permutation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from helpers.latents import (
  KEY,
  B,
  D,
  Latents,
  as_q,
  context,
  critic_params,
  penalty,
  random_latents,
)

from dvae_jax.methods import objective
from dvae_jax.methods.total_correlation import permute_latents


def test_critic_and_encoder_give_each_other_no_gradient():
  latents, other = random_latents(6), random_latents(7)
  params, gamma = critic_params(), 6.0

  def value(z, other_z, params):
    own = Latents(z, latents.mean, latents.logvar)
    q, _ = as_q("vae", other)
    second = objective.Latents(q, other_z)
    result, _ = penalty(
      "factor_vae", own, {"gamma": gamma}, other=second, critic_params=params
    )
    return jnp.mean(result)

  arguments = latents.z, other.z, params
  d_z, d_other, d_params = jax.grad(value, argnums=(0, 1, 2))(*arguments)
  # Encoder: d/dz of gamma mean(w z + b), nothing of the cross-entropy.
  weight, bias = (np.float64(params[name]) for name in ("weight", "bias"))
  np.testing.assert_allclose(
    d_z, np.tile(gamma * weight / B, (B, 1)), rtol=1e-5
  )
  assert not np.any(d_other)
  # Critic: the derivative of the cross-entropy, nothing of gamma TC.
  permuted = np.float64(permute_latents(KEY, other.z))
  z = np.float64(latents.z)
  slope = scipy.special.expit(z @ weight + bias) - 1
  slope_permuted = scipy.special.expit(permuted @ weight + bias)
  d_weight = 0.5 * (slope @ z + slope_permuted @ permuted) / B
  d_bias = 0.5 * (slope + slope_permuted).mean()
  np.testing.assert_allclose(d_params["weight"], d_weight, rtol=1e-4)
  np.testing.assert_allclose(d_params["bias"], d_bias, rtol=1e-4)


def test_critic_terms():
  latents = random_latents(8)
  _, terms = penalty("factor_vae", latents)
  weight, bias = (np.float64(critic_params()[k]) for k in ("weight", "bias"))
  logit = np.float64(latents.z) @ weight + bias
  other = permute_latents(KEY, context()["other"].z)
  logit_permuted = np.float64(other) @ weight + bias
  log_expit = scipy.special.log_expit
  loss = -0.5 * (log_expit(logit) + log_expit(-logit_permuted)).mean()
  accuracy = 0.5 * ((logit > 0).mean() + (logit_permuted < 0).mean())
  np.testing.assert_allclose(terms["tc"], logit, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(terms["critic_loss"], loss, rtol=1e-5)
  np.testing.assert_allclose(terms["critic_accuracy"], accuracy, rtol=1e-6)


def test_permuted_latents_keep_every_marginal():
  z = random_latents(9, batch=64).z
  permuted = permute_latents(KEY, z)
  np.testing.assert_array_equal(np.sort(permuted, 0), np.sort(z, 0))
  # Each latent has a permutation of its own.
  order = np.argsort(np.argsort(permuted, 0), 0)
  original = np.argsort(np.argsort(z, 0), 0)
  moved = np.array(
    [
      [np.flatnonzero(original[:, d] == r)[0] for r in order[:, d]]
      for d in range(D)
    ]
  )
  assert len({tuple(row) for row in moved}) == D


@pytest.mark.parametrize("latents", [2, 5])
def test_alpha_tcvae_counts_latents_not_images(latents):
  # Weights by hand: K = 5, alpha = 1/4 is 5/19 and 15/19; K = 2, 2/7 and 6/7.
  conditional, variational = {2: (2 / 7, 6 / 7), 5: (5 / 19, 15 / 19)}[latents]
  terms = random_latents(4, dim=latents)
  found, parts = penalty("alpha_tcvae", terms, {"alpha": 0.25})
  expected = conditional * parts["mi"] + variational * parts["dwkl"]
  np.testing.assert_allclose(found, expected, rtol=1e-5)
  # With the KL in place of dwkl it is beta-TCVAE: the docstring's weights. Its
  # KL in closed form stands for the sampled one, mi + tc + dwkl.
  weights = {"alpha": conditional + variational}
  weights |= {"beta": variational, "gamma": variational}
  other, _ = penalty("beta_tcvae", terms, weights)
  sampled = parts["mi"] + parts["tc"] + parts["dwkl"]
  expected = conditional * parts["mi"] + variational * sampled
  np.testing.assert_allclose(other - parts["kl"] + sampled, expected, 1e-4)
