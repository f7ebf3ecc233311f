"""q(z_j) on its grid, read between its points."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm

from dvae_jax.metrics import aggregate


def mixture(means, sds, z):
  """log prod_j q(z_j) by its definition, in float64."""
  log_q = norm.logpdf(z[:, None], means, sds)  # (M, N, D)
  return (logsumexp(log_q, axis=1) - np.log(len(means))).sum(1)


def draws(means, sds, rng, count=300):
  rows = rng.integers(0, len(means), count)
  return means[rows] + sds[rows] * rng.normal(size=(count, means.shape[1]))


@pytest.mark.parametrize("widest", [1.01, 3.0, 300.0])
def test_marginals_are_the_mixtures(widest):
  rng = np.random.default_rng(0)
  sds = 0.01 * np.exp(rng.uniform(0, np.log(widest), (2000, 3)))
  means = rng.normal(size=(2000, 3))
  means[:40, 1] += 50.0  # two stretches far apart
  z = draws(means, sds, rng)
  found = aggregate.log_marginals(means, 2 * np.log(sds), z)
  np.testing.assert_allclose(found, mixture(means, sds, z), atol=3e-5)


def test_equal_posteriors_and_one_alone():
  rng = np.random.default_rng(1)
  for count in (1, 700):
    means, sds = np.full((count, 2), 3.0), np.full((count, 2), 0.2)
    z = draws(means, sds, rng)
    found = aggregate.log_marginals(means, 2 * np.log(sds), z)
    expected = norm.logpdf(z, 3, 0.2).sum(1)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    np.testing.assert_allclose(found.mean(), expected.mean(), atol=1e-5)


def test_too_narrow_posteriors_are_widened_and_stay_finite(monkeypatch):
  monkeypatch.setattr(aggregate, "MAX_POINTS", 2**15)
  rng = np.random.default_rng(2)
  means = rng.uniform(-1, 1, (30_000, 1))
  logvars = np.full_like(means, 2 * np.log(1e-9))
  found = aggregate.log_marginals(means, logvars, means[:50])
  assert np.isfinite(found).all()
  assert (found < -np.log(1e-9) - np.log(30_000)).all()


def test_between_points_a_quintic_is_met_to_the_ends():
  quintic = lambda x: 2 + x - 0.3 * x**2 + 0.01 * x**5
  at = np.linspace(0, 11, 50)
  found = aggregate._between(quintic(np.arange(12.0)), at)
  np.testing.assert_allclose(found, quintic(at), rtol=1e-11)


def test_small_tables_add_up_to_the_same(monkeypatch):
  rng = np.random.default_rng(3)
  means, sd = np.sort(rng.normal(size=2000)), rng.uniform(0.02, 0.5, 2000)
  values = rng.integers(0, 7, (2000, 1))
  axis = aggregate.lay_axis(means, sd, 2**16)
  expected = aggregate.densities(axis, values, 7)
  monkeypatch.setattr(aggregate, "TABLE", 1)
  found = aggregate.densities(axis, values, 7)
  np.testing.assert_allclose(found, expected, atol=1e-7 * expected.max())


def test_what_is_not_finite_has_no_density_and_certainty_does_not_hang():
  means = np.zeros((50, 2))
  for logvar in (-1e6, 1e6):
    found = aggregate.log_marginals(means, np.full((50, 2), logvar), means)
    assert np.isfinite(found).all()
  means[3, 1] = np.nan
  found = aggregate.log_marginals(means, np.zeros((50, 2)), np.zeros((4, 2)))
  assert np.isnan(found).all()
