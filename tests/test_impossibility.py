"""Bijections that keep the prior and destroy what metrics read."""

import numpy as np
import pytest
import scipy.stats

from dvae_jax import impossibility, metrics

D = 4
RNG = np.random.default_rng(0)
MATRIX = impossibility.rotation(D, rng=RNG)
TWIST = impossibility.generator(D, rng=RNG)
# Map, inverse, and a draw of its prior.
MAPS = {
  "turn": (
    lambda z: impossibility.turn(z, MATRIX),
    lambda z: impossibility.turn(z, MATRIX.T),
    scipy.stats.norm,
  ),
  "turn_uniform": (
    lambda u: impossibility.turn_uniform(u, MATRIX),
    lambda u: impossibility.turn_uniform(u, MATRIX.T),
    scipy.stats.uniform,
  ),
  "twist": (
    lambda z: impossibility.twist(z, TWIST),
    lambda z: impossibility.twist(z, -TWIST),
    scipy.stats.norm,
  ),
}


@pytest.fixture(params=MAPS)
def case(request):
  function, inverse, prior = MAPS[request.param]
  return function, inverse, prior, prior.rvs(size=(5000, D), random_state=1)


def jacobian(function, z, step=1e-6):
  """(D, D) by central differences."""
  moves = step * np.eye(D)
  return ((function(z + moves) - function(z - moves)) / (2 * step)).T


def test_it_is_a_bijection(case):
  function, inverse, _, z = case
  np.testing.assert_allclose(inverse(function(z)), z, rtol=1e-6, atol=1e-9)
  np.testing.assert_allclose(function(inverse(z)), z, rtol=1e-6, atol=1e-9)


def test_it_keeps_the_density(case):
  # p(f(z)) |det df/dz| = p(z), point by point.
  function, _, prior, z = case
  before = prior.logpdf(z).sum(1)
  np.testing.assert_allclose(
    prior.logpdf(function(z)).sum(1)[:20]
    + [np.linalg.slogdet(jacobian(function, row))[1] for row in z[:20]],
    before[:20],
    rtol=1e-5,
    atol=1e-4,  # differences are coarse where a uniform latent nears 0 or 1
  )


def test_every_output_is_distributed_as_before(case):
  function, _, prior, z = case
  for column in function(z).T:
    assert scipy.stats.kstest(column, prior.cdf).pvalue > 1e-3


def test_every_output_depends_on_every_input(case):
  function, _, _, z = case
  slopes = [np.abs(jacobian(function, row)).min() for row in z[:20]]
  assert min(slopes) > 1e-6


def test_it_halves_the_gap_or_worse(case):
  function, _, prior, _ = case
  axes = [np.arange(8)] * D
  factors = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, D)
  z = prior.ppf((factors + 0.5) / 8)
  mig = lambda codes: metrics.score(
    "mig", codes, factors, rng=np.random.default_rng(0)
  )["mig"]
  assert mig(z) > 0.9
  assert mig(function(z)) < 0.5 * mig(z)


def test_a_rotation_is_orthogonal_and_drawn_from_all():
  np.testing.assert_allclose(MATRIX @ MATRIX.T, np.eye(D), atol=1e-12)
  rng = np.random.default_rng(2)
  drawn = np.stack([impossibility.rotation(D, rng=rng) for _ in range(2000)])
  # Entries of a Haar rotation have mean 0, variance 1 / D.
  assert abs(drawn.mean()) < 4 / np.sqrt(drawn.size * D)
  assert drawn.var(0) == pytest.approx(1 / D, rel=0.15)


def test_variances_of_turned_posteriors_are_those_of_draws():
  rng = np.random.default_rng(3)
  logvar = np.array([[-4.0, -1.0, 0.0, -2.0]])
  draws = np.exp(logvar / 2) * rng.standard_normal((200_000, D))
  expected = np.log(impossibility.turn(draws, MATRIX).var(0))
  found = impossibility.turned_logvar(logvar, MATRIX)[0]
  np.testing.assert_allclose(found, expected, atol=0.02)
