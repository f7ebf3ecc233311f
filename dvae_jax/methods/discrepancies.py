"""Methods that compare the aggregate posterior with the prior: InfoVAE."""

import jax
import jax.numpy as jnp
from jax import Array

from dvae_jax.methods.densities import gaussian_kl
from dvae_jax.methods.objective import Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.shapes import Float, PRNGKeyArray


def info_vae(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  key: PRNGKeyArray,
  alpha: Scalar,
  lambda_mmd: Scalar,
  bandwidth: Scalar,
) -> Penalty:
  """(1 - alpha) KL + (alpha + lambda - 1) MMD (Zhao et al. 2017, eq. 6).

  arXiv:1706.02262. The discrepancy is between the batch's z and as many draws
  from the prior. alpha = 0 and lambda = 1 is the VAE, alpha = 1 the MMD-VAE,
  where nothing holds a single posterior's variance up.

  Args:
    q: Gaussian, (B, D).
    z: (B, D) draws from it.
    key: draws from the prior.
    alpha: weight of the mutual information of images and codes.
    lambda_mmd: lambda.
    bandwidth: of the kernel.

  Returns:
    (B,) nats per image; KL (B,) and MMD () to log.
  """
  kl = gaussian_kl(q.mean, q.logvar)
  prior = jax.random.normal(key, z.shape, z.dtype)
  mmd = squared_mmd(z, prior, bandwidth)
  penalty = (1.0 - alpha) * kl + (alpha + lambda_mmd - 1.0) * mmd
  return penalty, {"kl": kl, "mmd": mmd}


def squared_mmd(
  x: Float[Array, "B D"], y: Float[Array, "B D"], bandwidth: Scalar
) -> Float[Array, ""]:
  """An unbiased estimate of the squared maximum mean discrepancy.

  Gretton et al. 2012 (JMLR 13, 723), eq. 3, with k(x, y) = exp(-|x - y|^2 /
  (2 bandwidth^2)): pairs of a sample with itself don't count, so that it may be
  negative. The kernel in Zhao et al.'s own code, exp(-mean_d (x - y)^2 / D),
  has the bandwidth D / sqrt(2).

  Args:
    x: (B, D).
    y: (B, D).
    bandwidth: above 0.

  Returns:
    ().
  """
  batch = len(x)

  def kernel(x, y):
    squares = jnp.sum((x[:, None] - y[None]) ** 2, axis=-1)
    return jnp.exp(-0.5 * squares / bandwidth**2)

  def within(x):
    pairs = max(batch * (batch - 1), 1)
    return (1.0 - jnp.eye(batch)) * kernel(x, x) / pairs

  return jnp.sum(within(x) + within(y)) - 2.0 * jnp.mean(kernel(x, y))


OBJECTIVES = {"info_vae": Objective(info_vae)}
