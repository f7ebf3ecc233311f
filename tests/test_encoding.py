"""What is said of a lane's posteriors once all images are encoded."""

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from dvae_jax.encoding import Encoded, exact_decomposition

IMAGES, LATENTS, DRAWS = 200, 3, 1000


def posteriors():
  """Means and log variances (N, D), two latents correlated."""
  rng = np.random.default_rng(0)
  means = rng.normal(size=(IMAGES, LATENTS))
  means[:, 1] += means[:, 0]
  return means, rng.uniform(-4, -2, means.shape)


def independent(means, logvars, rng):
  """mi, tc and dwkl by their definitions, of independent draws."""
  rows = rng.integers(0, IMAGES, DRAWS)
  sds = np.exp(logvars / 2)
  z = means[rows] + sds[rows] * rng.normal(size=(DRAWS, LATENTS))
  log_q = norm.logpdf(z[:, None], means, sds)
  joint = logsumexp(log_q.sum(2), axis=1) - np.log(IMAGES)
  marginals = (logsumexp(log_q, axis=1) - np.log(IMAGES)).sum(1)
  own = norm.logpdf(z, means[rows], sds[rows]).sum(1)
  terms = own - joint, joint - marginals, marginals - norm.logpdf(z).sum(1)
  return np.mean(terms, axis=1)


def test_the_decomposition_scatters_less_than_independent_draws():
  means, logvars = posteriors()
  encoded = Encoded(
    np.float32(means), np.zeros(IMAGES, np.float32), np.float32(logvars)
  )
  rng = np.random.default_rng(0)
  drawn = np.array([independent(means, logvars, rng) for _ in range(40)])
  found = [exact_decomposition(encoded, seed=seed) for seed in range(20)]
  assert list(found[0]) == ["mi", "tc", "dwkl"]
  spread = np.array([list(terms.values()) for terms in found])
  error = drawn.std(0, ddof=1) / np.sqrt(len(drawn))
  np.testing.assert_array_less(abs(spread.mean(0) - drawn.mean(0)), 4 * error)
  assert (spread.std(0, ddof=1) < 0.8 * drawn.std(0, ddof=1)).all()
