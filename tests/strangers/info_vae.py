"""InfoVAE with the maximum mean discrepancy (Zhao et al. 2017).

python -m dvae_jax.main --config=info_vae.py
"""

import jax
import jax.numpy as jnp

from dvae_jax.config import base
from dvae_jax.methods import OBJECTIVES, Objective
from dvae_jax.methods.densities import gaussian_kl


def info_vae(q, z, *, key, alpha, lambda_mmd):
  """(1 - alpha) KL + (alpha + lambda - 1) MMD (arXiv:1706.02262)."""
  kl = gaussian_kl(q.mean, q.logvar)
  prior = jax.random.normal(key, z.shape)
  mmd = kernel(z, z) - 2.0 * kernel(z, prior) + kernel(prior, prior)
  penalty = (1.0 - alpha) * kl + (alpha + lambda_mmd - 1.0) * mmd
  return penalty, {"kl": kl, "mmd": mmd}


def kernel(x, y):
  """Mean of exp(-|x - y|^2 / D) over all pairs of rows."""
  distances = jnp.sum((x[:, None] - y[None]) ** 2, axis=-1)
  return jnp.mean(jnp.exp(-distances / x.shape[1]))


OBJECTIVES["info_vae"] = Objective(info_vae)


def get_config(profile=""):
  """MMD-VAE: no KL, and the discrepancy a thousand times."""
  config = base()
  config.objective = "info_vae"
  config.hparams.update(alpha=1.0, lambda_mmd=1000.0)
  return config
