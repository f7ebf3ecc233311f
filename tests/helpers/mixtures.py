"""Mixtures of Gaussian posteriors in float64, by SciPy."""

import jax.numpy as jnp
import numpy as np
import scipy.special
import scipy.stats

B, D = 16, 5


def random_latents(seed, batch=B, dim=D, spread=0.5):
  rng = np.random.default_rng(seed)
  mean = rng.normal(size=(batch, dim)).astype(np.float32)
  logvar = rng.normal(-2.0, spread, size=(batch, dim)).astype(np.float32)
  eps = rng.normal(size=(batch, dim)).astype(np.float32)
  return mean + np.exp(logvar / 2) * eps, mean, logvar


def log_q_pairs(z, mean, logvar):
  """[i, j, d], by SciPy in float64."""
  z, mean, logvar = (np.asarray(a, np.float64) for a in (z, mean, logvar))
  return scipy.stats.norm.logpdf(
    z[:, None], mean[None], np.exp(logvar[None] / 2)
  )


def log_mixture(log_q, weights):
  joint = scipy.special.logsumexp(log_q.sum(2), axis=1, b=weights)
  marginals = scipy.special.logsumexp(log_q, axis=1, b=weights[:, :, None])
  return joint, marginals.sum(1)


def as_jax(*arrays):
  return tuple(jnp.asarray(a, jnp.float32) for a in arrays)
