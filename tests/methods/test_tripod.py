"""Tripod's values, kernels and second differences."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from helpers import tiny
from helpers.latents import as_q, penalty, random_latents

from dvae_jax.methods import build, models, posteriors, tripod

KEY = jax.random.PRNGKey(0)


def normal(rows, latents, correlation=0.0):
  z = np.random.default_rng(0).normal(size=(rows, latents))
  z[:, 1] = correlation * z[:, 0] + np.sqrt(1 - correlation**2) * z[:, 1]
  return z


def information(z, marginal):
  """The estimate with Silverman's joint kernel and given marginals'."""
  spread = tripod.spread_of(jnp.float32(z))
  joint = tripod.silverman(*z.shape) * spread
  return tripod.multi_information(jnp.float32(z), joint, marginal * spread)


def test_codes_are_twelve_values_from_minus_one_to_one():
  head = posteriors.finite_scalar.head(1, nn.initializers.ones)
  features = jnp.linspace(-4, 4, 400)[:, None]
  params = head.init(KEY, features)
  q = head.apply(params, features)
  expected = np.linspace(-1, 1, 12)
  np.testing.assert_allclose(np.unique(q.code), expected, atol=1e-6)
  raw = np.tanh(np.linspace(-4, 4, 400))[:, None]
  np.testing.assert_allclose(q.raw, raw, 1e-4, 1e-6)
  away = np.abs(np.asarray(q.code) - raw)
  assert away.max() < 1 / 11 + 1e-6  # half of what lies between two values
  assert set(params["params"]) == {"mean"}  # no codebook
  slope = jax.grad(
    lambda x: posteriors.finite_scalar.draw(KEY, head.apply(params, x)).sum()
  )(features)
  np.testing.assert_allclose(slope, 1 - raw**2, 1e-3, 1e-6)


def test_marginals_are_scipys_and_silvermans():
  z = normal(60, 2, correlation=0.7)
  # Of one latent, joint and marginal density are the same.
  found = information(z[:, :1], tripod.silverman(60, 1))
  np.testing.assert_allclose(found, 0.0, atol=1e-5)
  estimate = scipy.stats.gaussian_kde(
    z[:, 0], bw_method=lambda kde: kde.silverman_factor() * np.sqrt(59 / 60)
  )
  kernel = estimate.covariance[0, 0] ** 0.5
  mine = tripod.silverman(60, 1) * z[:, 0].std()
  assert mine == pytest.approx(kernel, rel=1e-6)
  joint = tripod.silverman(60, 2)
  assert joint == pytest.approx((60 * (2 + 2) / 4) ** (-1 / 6), rel=1e-12)


def test_only_silvermans_marginals_find_independence():
  z = normal(2000, 2)
  right = information(z, tripod.silverman(2000, 1)).mean()
  published = information(z, 1.0).mean()
  # Two standard normals under kernels of deviation 1 lose log 2 / 2 each, less
  # a quarter's difference: E log N(0, 1) - E log N(0, 2) = log 2 / 2 - 1 / 4.
  assert abs(right) < 0.05
  assert published == pytest.approx(np.log(2) - 0.5, abs=0.06)
  bound = normal(2000, 2, correlation=0.9)
  exact = -0.5 * np.log(1 - 0.81)
  found = information(bound, tripod.silverman(2000, 1)).mean()
  assert found == pytest.approx(exact, abs=0.25)


def test_the_two_rows_differ_by_the_marginals():
  latents = random_latents(5)
  weights = {"information": 1.0, "hessian": 0.0}
  found, published = (
    penalty(name, latents, weights)[0]
    for name in ("tripod", "tripod_published")
  )
  spread = tripod.spread_of(as_q("tripod", latents)[0].raw)
  batch, dim = latents.z.shape
  joint = tripod.silverman(batch, dim) * spread
  for value, marginal in (
    (found, tripod.silverman(batch, 1) * spread),
    (published, spread),
  ):
    expected = tripod.multi_information(latents.z, joint, marginal)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def bent(function, rows=200, latents=3):
  z = jnp.float32(normal(rows, latents))
  return tripod.hessian_penalty(
    lambda z: (function(z),), z, jnp.array([1.0, 0.5, 2.0]), KEY
  )


def test_latents_that_act_apart_are_not_penalised_and_others_are():
  apart = lambda z: jnp.stack([jnp.cos(z[:, 0]), z[:, 1] ** 2], 1)
  assert bent(apart).max() < 1e-3
  mixed = lambda z: jnp.stack([z[:, 0] * z[:, 1], jnp.sin(z.sum(1))], 1)
  assert jnp.median(bent(mixed)) > 0.1
  # A scale changes nothing: small derivatives aren't rewarded.
  small = bent(lambda z: 0.01 * mixed(z))
  np.testing.assert_allclose(jnp.median(small), jnp.median(bent(mixed)), 0.05)


@pytest.mark.parametrize("network", ["mlp_small", "conv", "qlae_conv"])
def test_hidden_layers_are_all_but_the_first_and_the_output(network):
  config = tiny.get_config("tripod")
  config.network = network
  model = build.build(config, (64, 64, 1))
  z = jnp.zeros((2, config.latent_dim))

  def shapes(key):
    params = {"decoder": model.modules["decoder"].init(key, z)}
    return models.hidden_layers(model, params, z)

  found = [layer.shape for layer in jax.eval_shape(shapes, KEY)]
  if network == "mlp_small":
    assert found == [(2, 256)]
  if network == "conv":
    assert found == [(2, 1024), (2, 8, 8, 64), (2, 16, 16, 32), (2, 32, 32, 32)]
  if network == "qlae_conv":
    # A dense layer; 12 convolutions with a normalisation and a style each.
    assert len(found) == 1 + 12 * 3
