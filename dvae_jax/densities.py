"""Log-densities, KLs and estimators of the aggregate posterior, in nats."""

import jax.numpy as jnp
from jax import Array


def gaussian_kl(mean, logvar) -> Array:
  """KL(N(mean, exp(logvar)) || N(0, I)), summed over latents.

  Kingma & Welling 2014 (arXiv:1312.6114), appendix B.

  Args:
    mean: (B, D).
    logvar: (B, D) log variances.

  Returns:
    (B,) in nats.
  """
  return 0.5 * jnp.sum(mean**2 + jnp.exp(logvar) - logvar - 1.0, axis=-1)
