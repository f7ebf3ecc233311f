"""What is drawn from a posterior, and what its families say of themselves."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.latents import KEY, random_latents

from dvae_jax.methods import OBJECTIVES, posteriors
from dvae_jax.methods.models import keywords
from dvae_jax.methods.posteriors import Gaussian, Point, bound_logvar
from dvae_jax.networks import NETWORKS


def q_of(head, features, **hparams):
  params = head.init(KEY, features, **hparams)
  return params, head.apply(params, features, **hparams)


def test_fixed_variance_is_the_hyper_parameter():
  head = posteriors.fixed_variance.head(4)
  features = jax.random.normal(KEY, (6, 5))
  params, q = q_of(head, features, posterior_std=0.1)
  np.testing.assert_allclose(q.logvar, 2 * np.log(0.1), rtol=1e-6)
  assert set(params["params"]) == {"mean"}  # no untrained variance
  z = posteriors.fixed_variance.draw(KEY, q)
  eps = jax.random.normal(KEY, q.mean.shape)
  np.testing.assert_allclose(z, q.mean + 0.1 * eps, rtol=1e-5, atol=1e-6)


def test_an_autoencoder_has_no_noise_and_no_prior():
  family = posteriors.deterministic
  params, q = q_of(family.head(4), jax.random.normal(KEY, (6, 5)))
  assert set(params["params"]) == {"mean"}
  np.testing.assert_array_equal(family.draw(KEY, q), q.code)
  np.testing.assert_array_equal(family.code(q), q.code)
  assert family.kl is family.logvar is family.prior is None


def test_a_gaussian_is_coded_by_its_mean():
  _, mean, logvar = random_latents(13)
  q = Gaussian(mean, logvar)
  np.testing.assert_array_equal(posteriors.gaussian.code(q), mean)
  np.testing.assert_array_equal(posteriors.gaussian.logvar(q), logvar)
  # KL(N(m, v) || N(0, 1)) = (m^2 + v - log v - 1) / 2.
  m, lv = np.float64(mean), np.float64(logvar)
  expected = 0.5 * (m**2 + np.exp(lv) - lv - 1)
  np.testing.assert_allclose(posteriors.gaussian.kl(q), expected, rtol=1e-4)


@pytest.mark.parametrize("std", [None, 0.1])
def test_draws_have_the_posteriors_moments(std):
  mean = jnp.tile(jnp.array([[1.0, -2.0]]), (20_000, 1))
  logvar = jnp.tile(jnp.array([[-1.0, 0.5]]), (20_000, 1))
  if std:
    logvar = jnp.full_like(logvar, 2 * np.log(std))
  z = posteriors.draw_gaussian(KEY, Gaussian(mean, logvar))
  expected = [std, std] if std else np.exp([-0.5, 0.25])
  # Standard errors at 20,000 draws: 0.7% of std, 0.5% of std.
  np.testing.assert_allclose(z.mean(0), mean[0], atol=0.03 * max(expected))
  np.testing.assert_allclose(z.std(0), expected, rtol=0.02)


def test_the_prior_is_standard_normal():
  z = posteriors.gaussian.prior.draw(KEY, (50_000, 2))
  np.testing.assert_allclose(z.mean(0), 0.0, atol=0.02)
  np.testing.assert_allclose(z.std(0), 1.0, rtol=0.02)


# They share a key at initialisation, so a name in both would mean equal values.
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_encoders_and_heads_share_no_parameter_name(network, objective):
  images = jnp.zeros((1, 64, 64, 1))
  encoder = NETWORKS[network](images.shape[1:]).encoder
  trunk = jax.eval_shape(encoder.init, KEY, images).get("params", {})
  head = OBJECTIVES[objective].posterior.head(3)
  given = dict.fromkeys(keywords(type(head).__call__), 0.1)
  own = jax.eval_shape(lambda x: head.init(KEY, x, **given), jnp.zeros((1, 5)))[
    "params"
  ]
  assert not set(trunk) & set(own)


def test_objectives_name_a_posterior_of_this_file():
  known = (
    posteriors.gaussian,
    posteriors.labelled_gaussian,
    posteriors.fixed_variance,
    posteriors.deterministic,
    posteriors.quantised,
    posteriors.recognised,
    posteriors.categorical,
    posteriors.finite_scalar,
  )
  assert all(a != b for a, b in itertools.combinations(known, 2))
  assert {o.posterior for o in OBJECTIVES.values()} == set(known)
  assert isinstance(
    q_of(posteriors.deterministic.head(2), jnp.ones((1, 3)))[1], Point
  )


@pytest.mark.parametrize("raw", [-1e4, -30.0, 30.0, 1e4])
def test_log_variance_stays_finite_and_keeps_its_gradient(raw):
  value, slope = jax.value_and_grad(bound_logvar)(raw)
  excess = abs(raw) - 10
  np.testing.assert_allclose(
    value, np.sign(raw) * (10 + np.log1p(excess)), 1e-5
  )
  np.testing.assert_allclose(slope, 1 / (1 + excess), 1e-5)
  assert np.isfinite(np.exp(value, dtype=np.float32))


@pytest.mark.parametrize("raw", [-10.0, -3.0, 0.0, 2.5, 10.0])
def test_usual_log_variances_are_left_alone(raw):
  assert bound_logvar(raw) == raw
  assert jax.grad(bound_logvar)(raw) == 1
