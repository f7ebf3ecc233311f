"""A likelihood that learns its variance: sigma-VAE (Rybkin et al. 2021).

python -m dvae_jax.main --config=sigma_vae.py
"""

import math

import jax.numpy as jnp
from jax.nn import sigmoid

from dvae_jax.config import base
from dvae_jax.methods import LIKELIHOODS, Likelihood


def gaussian(logits, images, *, log_sigma):
  """log N(x; sigmoid(logits), sigma^2) over pixels (arXiv:2006.13202)."""
  error = (images - sigmoid(logits)) * jnp.exp(-log_sigma)
  log_density = -0.5 * (error**2 + math.log(2.0 * math.pi)) - log_sigma
  return log_density.sum(axis=(1, 2, 3))


LIKELIHOODS["sigma"] = Likelihood(gaussian, parameters={"log_sigma": 0.0})


def get_config(profile=""):
  """A VAE: with sigma learned there is no beta to choose."""
  config = base()
  config.objective = "vae"
  config.likelihood = "sigma"
  return config
