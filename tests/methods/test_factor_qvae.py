"""What FactorQVAE's choices are, and who is moved by what."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from dvae_jax.methods import posteriors, quantised
from dvae_jax.methods.total_correlation import estimate_tc

KEY = jax.random.PRNGKey(0)
FEATURES = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)


@pytest.fixture(scope="module")
def made():
  """The head of 2 latents, and its first parameters."""
  head = posteriors.categorical.head(2, nn.initializers.lecun_normal())
  return head, head.init(KEY, FEATURES)


def logits_of(rows, latents, values):
  shape = rows, latents, values
  return jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)


def test_one_codebook_serves_all_latents_and_the_nearest_value_is_the_code(
  made,
):
  head, params = made
  codebook = np.asarray(params["params"]["codebook"])
  assert codebook.shape == (64,)
  q = head.apply(params, FEATURES)
  raw = FEATURES @ params["params"]["mean"]["kernel"]
  squares = (np.asarray(raw)[:, :, None] - codebook) ** 2
  np.testing.assert_allclose(q.logits, -squares, 1e-4, 1e-5)
  np.testing.assert_array_equal(
    posteriors.categorical.code(q), codebook[squares.argmin(2)]
  )


def test_relaxed_choices_have_the_frequencies_and_a_temperature():
  logits = jnp.tile(logits_of(1, 2, 4), (20_000, 1, 1))
  soft = quantised.relaxed_choices(KEY, logits, 1.0)
  np.testing.assert_allclose(soft.sum(2), 1, rtol=1e-5)
  # Its largest entry is a draw from the softmax, whatever the temperature.
  chosen = jax.nn.one_hot(soft.argmax(2), 4).mean(0)
  expected = np.exp(logits[0]) / np.exp(logits[0]).sum(1, keepdims=True)
  np.testing.assert_allclose(chosen, expected, atol=0.015)
  cold = quantised.relaxed_choices(KEY, logits, 1e-3)
  assert (cold.max(2) > 0.99).mean() > 0.99
  assert (soft.max(2) > 0.99).mean() < 0.1


def test_the_kl_is_that_of_each_latent_to_the_uniform_distribution():
  logits = logits_of(3, 2, 5)
  p = np.exp(np.float64(logits))
  p /= p.sum(2, keepdims=True)
  expected = scipy.stats.entropy(p, np.full_like(p, 0.2), axis=2)
  np.testing.assert_allclose(quantised.kl_to_uniform(logits), expected, 1e-4)
  # A sure choice among 64 is worth log 64, a choice of nothing 0.
  sure = jnp.where(jnp.arange(64) == 3, 0.0, -1e4)[None, None]
  np.testing.assert_allclose(quantised.kl_to_uniform(sure), np.log(64), 1e-6)
  assert abs(quantised.kl_to_uniform(jnp.zeros((1, 1, 64)))[0, 0]) < 1e-6


def test_a_latents_values_are_permuted_together_and_latents_apart():
  choices = jnp.arange(50 * 2 * 3.0).reshape(50, 2, 3)
  permuted = np.asarray(quantised.permute_choices(KEY, choices))
  rows = permuted // 6
  assert (rows == rows[:, :, :1]).all()
  np.testing.assert_array_equal(permuted % 6, np.asarray(choices) % 6)
  assert (rows[:, 0, 0] != rows[:, 1, 0]).mean() > 0.9
  np.testing.assert_array_equal(np.sort(rows[:, 0, 0]), np.arange(50))


def test_the_critics_loss_moves_the_critic_alone_and_tc_the_encoder_alone():
  critic = lambda weight, z: z @ weight
  z, weight = jnp.ones((4, 3)), jnp.array([1.0, -2.0, 0.5])
  slopes = jax.jacrev(
    lambda w, z: estimate_tc(critic, w, z, 2 * z)[:2], argnums=(0, 1)
  )(weight, z)
  (tc_by_critic, tc_by_z), (loss_by_critic, loss_by_z) = slopes
  assert not tc_by_critic.any()
  assert tc_by_z.any()
  assert loss_by_critic.any()
  # Of `permuted`, which depends on z here, the caller stops the gradient.
  by_true = jax.grad(
    lambda z: estimate_tc(critic, weight, z, jnp.ones((4, 3)))[1]
  )(z)
  assert not by_true.any()
  assert loss_by_z.any()
