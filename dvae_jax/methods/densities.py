"""Log-densities, KLs and the mixture of all posteriors, in nats.

Shapes: B images in the batch, D latents, N images in the training set. Batch
pairs are (B, M, D): axis 0 is the sample z_i, axis 1 the posterior q(. | x_j)
it is evaluated under, axis 2 the latent.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.nn import logsumexp

from dvae_jax.methods.shapes import Float

LOG_2PI = float(np.log(2 * np.pi))
PAIRS_PER_CHUNK = 2**22  # of log_qz_exact: 16 MiB in float32
IMAGES_PER_CHUNK = 512  # of log_aggregate: 2 MiB for 1,000 samples


class Decomposition(NamedTuple):
  """Three terms that sum to log q(z|x) - log p(z), each (B,), in nats."""

  mi: Array
  tc: Array
  dwkl: Array


def gaussian_kl_per_latent(
  mean: Float[Array, "*B D"], logvar: Float[Array, "*B D"]
) -> Float[Array, "*B D"]:
  """KL(N(mean, exp(logvar)) || N(0, 1)) of each latent.

  Kingma & Welling 2014 (arXiv:1312.6114), appendix B.

  Args:
    mean: (..., D).
    logvar: (..., D) log variances.

  Returns:
    (..., D) in nats.
  """
  return 0.5 * (mean**2 + jnp.expm1(logvar) - logvar)


def gaussian_kl(
  mean: Float[Array, "*B D"], logvar: Float[Array, "*B D"]
) -> Float[Array, "*B"]:
  """KL(N(mean, exp(logvar)) || N(0, I)), summed over latents.

  Kingma & Welling 2014 (arXiv:1312.6114), appendix B.

  Args:
    mean: (..., D).
    logvar: (..., D) log variances.

  Returns:
    (...) in nats.
  """
  return jnp.sum(gaussian_kl_per_latent(mean, logvar), axis=-1)


def kl_between_gaussians(
  mean: Float[Array, "*B D"],
  logvar: Float[Array, "*B D"],
  other_mean: Float[Array, "*B D"],
  other_logvar: Float[Array, "*B D"],
) -> Float[Array, "*B D"]:
  """KL(N(mean, exp(logvar)) || N(other_mean, exp(other_logvar))), per latent.

  Locatello et al. 2020 (arXiv:2002.02886), section 4, tells by it which latents
  a pair shares.

  Args:
    mean: (..., D).
    logvar: (..., D) log variances.
    other_mean: (..., D).
    other_logvar: (..., D) log variances.

  Returns:
    (..., D) in nats.
  """
  log_ratio = logvar - other_logvar
  distance = (mean - other_mean) ** 2 * jnp.exp(-other_logvar)
  return 0.5 * (distance + jnp.expm1(log_ratio) - log_ratio)


def log_normal(
  z: Float[Array, "*#B"],
  mean: Float[Array, "*#B"],
  logvar: Float[Array, "*#B"],
) -> Float[Array, "..."]:
  """log N(z; mean, exp(logvar)), elementwise, normalised.

  Kingma & Welling 2014 (arXiv:1312.6114), appendix C.2.

  Args:
    z: where the density is taken.
    mean: broadcast against z.
    logvar: log variances, broadcast against z.

  Returns:
    The broadcast shape, in nats; nothing is summed.
  """
  return -0.5 * (LOG_2PI + logvar + (z - mean) ** 2 * jnp.exp(-logvar))


def log_qz_exact(
  z: Float[Array, "B D"],
  mean_all: Float[Array, "N D"],
  logvar_all: Float[Array, "N D"],
) -> tuple[Float[Array, " B"], Float[Array, " B"]]:
  """log q(z) and log prod_j q(z_j) of the mixture of all N posteriors.

  Chen et al. 2018 (arXiv:1802.04942), section 2.1: q(z) = 1/N sum_n q(z | x_n),
  and q(z_j) likewise. The posteriors are taken in
  chunks of 2^22 / (B D), so memory doesn't grow with N. It is for measuring:
  its gradient would keep every chunk.

  Args:
    z: (B, D) samples, from anywhere.
    mean_all: (N, D) means of q(z | x_n) for every image.
    logvar_all: (N, D) log variances.

  Returns:
    log q(z) and log prod_j q(z_j), each (B,), in nats.
  """
  num_images = mean_all.shape[0]
  chunk_size = min(max(PAIRS_PER_CHUNK // z.size, 1), num_images)

  def add_chunk(sums, start):
    # The last slice starts early enough to be full; what it repeats weighs 0.
    first = jnp.minimum(start, num_images - chunk_size)
    mean = jax.lax.dynamic_slice_in_dim(mean_all, first, chunk_size)
    logvar = jax.lax.dynamic_slice_in_dim(logvar_all, first, chunk_size)
    is_new = first + jnp.arange(chunk_size) >= start
    log_weights = jnp.where(is_new, 0.0, -jnp.inf)[None, :]
    joint, marginals = log_sums(log_q_pairs(z, mean, logvar), log_weights)
    sums = jnp.logaddexp(sums[0], joint), jnp.logaddexp(sums[1], marginals)
    return sums, None

  nothing = jnp.full(z.shape[0], -jnp.inf), jnp.full(z.shape, -jnp.inf)
  starts = jnp.arange(0, num_images, chunk_size)
  (joint, marginals), _ = jax.lax.scan(add_chunk, nothing, starts)
  log_num_images = float(np.log(num_images))
  return joint - log_num_images, (marginals - log_num_images).sum(axis=1)


def log_aggregate(
  z: Float[Array, "B D"],
  mean_all: Float[Array, "N D"],
  logvar_all: Float[Array, "N D"],
) -> Float[Array, " B"]:
  """log q(z) of the mixture of all N posteriors, as `log_qz_exact`, faster.

  Chen et al. 2018 (arXiv:1802.04942), section 2.1. Without the marginals one
  exponential a pair is left, and the latents are summed before it.

  Args:
    z: (B, D) samples, from anywhere.
    mean_all: (N, D) means of q(z | x_n) for every image.
    logvar_all: (N, D) log variances.

  Returns:
    (B,) nats.
  """
  num_images, num_latents = mean_all.shape
  size = min(IMAGES_PER_CHUNK, num_images)

  def add_chunk(sums, start):
    top, total = sums
    # As above: what the last slice repeats weighs 0.
    first = jnp.minimum(start, num_images - size)
    part = lambda table: jax.lax.dynamic_slice_in_dim(table, first, size).T
    mean, logvar = part(mean_all), part(logvar_all)
    precision, square = jnp.exp(-logvar), jnp.zeros((len(z), size))
    for d in range(num_latents):  # (B, size, D) would be summed in single steps
      square += (z[:, d, None] - mean[d, None]) ** 2 * precision[d, None]
    is_new = first + jnp.arange(size) >= start
    log_norm = -0.5 * (LOG_2PI + logvar).sum(0)
    log_q = jnp.where(is_new, log_norm, -jnp.inf)[None] - 0.5 * square
    higher = jnp.maximum(top, log_q.max(1))
    added = jnp.exp(log_q - higher[:, None]).sum(1)
    return (higher, total * jnp.exp(top - higher) + added), None

  nothing = jnp.full(len(z), jnp.finfo(jnp.float32).min), jnp.zeros(len(z))
  starts = jnp.arange(0, num_images, size)
  (top, total), _ = jax.lax.scan(add_chunk, nothing, starts)
  return top + jnp.log(total) - float(np.log(num_images))


def decompose_kl(
  log_qz_given_x: Float[Array, " B"],
  log_pz: Float[Array, " B"],
  log_qz: Float[Array, " B"],
  log_qz_product: Float[Array, " B"],
) -> Decomposition:
  """Splits the sampled KL into index-code MI, TC and dimension-wise KL.

  Chen et al. 2018 (arXiv:1802.04942), eq. 2, for each sample: the terms sum to
  log q(z|x) - log p(z) whatever estimator the last two arguments come from.

  Args:
    log_qz_given_x: (B,) log q(z | x) of the posterior z was drawn from.
    log_pz: (B,) log density of the prior.
    log_qz: (B,) from `log_qz_mws`, `log_qz_mss` or `log_qz_exact`.
    log_qz_product: (B,) from the same call.

  Returns:
    mi, tc and dwkl, each (B,), in nats.
  """
  return Decomposition(
    mi=log_qz_given_x - log_qz,
    tc=log_qz - log_qz_product,
    dwkl=log_qz_product - log_pz,
  )


def log_q_pairs(
  z: Float[Array, "B D"],
  mean: Float[Array, "M D"],
  logvar: Float[Array, "M D"],
) -> Float[Array, "B M D"]:
  """log q(z_id | x_j) at [i, j, d].

  Kingma & Welling 2014 (arXiv:1312.6114), appendix C.2, of every sample under
  every posterior.
  """
  return log_normal(z[:, None, :], mean[None, :, :], logvar[None, :, :])


def log_sums(
  log_q: Float[Array, "B M D"], log_weights: Float[Array, "#B M"]
) -> tuple[Float[Array, " B"], Float[Array, "B D"]]:
  """log sum_j w_ij q(z_i | x_j), and the same for each latent.

  Chen et al. 2018 (arXiv:1802.04942), section 2.1 and appendix C: the form of
  every estimator there, which differ by their weights.
  """
  # The weight belongs to the image: once in the joint, once in each marginal.
  joint = logsumexp(log_q.sum(axis=2) + log_weights, axis=1)
  return joint, logsumexp(log_q + log_weights[:, :, None], axis=1)
