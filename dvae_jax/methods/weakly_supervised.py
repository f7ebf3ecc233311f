"""Methods on pairs of images that share some factors: Ada-GVAE, SlowVAE."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid
from jax.scipy.special import erf

from dvae_jax.data.sampling import pairs
from dvae_jax.methods.beta import beta_vae
from dvae_jax.methods.densities import (
  LOG_2PI,
  gaussian_kl,
  kl_between_gaussians,
)
from dvae_jax.methods.objective import Companions, Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.shapes import Bool, Float


def share_average(q: Gaussian) -> Gaussian:
  """Averages means and variances of the latents that a pair shares.

  Ada-GVAE of Locatello et al. 2020 (arXiv:2002.02886), section 4, with the
  average of Hosoya 2019.

  Args:
    q: Gaussian, (2B, D): the pairs' first images before the second ones.

  Returns:
    Gaussian, (2B, D).
  """

  def average(first, second):
    logvar = jnp.logaddexp(first.logvar, second.logvar) - jnp.log(2.0)
    return Gaussian(0.5 * (first.mean + second.mean), logvar)

  return _share(q, average)


def share_product(q: Gaussian) -> Gaussian:
  """Multiplies the posteriors of the latents that a pair shares.

  Ada-ML-VAE of Locatello et al. 2020 (arXiv:2002.02886), section 4, with the
  product of Gaussians of Bouchacourt et al. 2018: precisions add up, means are
  weighted by precision.

  Args:
    q: Gaussian, (2B, D): the pairs' first images before the second ones.

  Returns:
    Gaussian, (2B, D).
  """

  return _share(q, _product)


def share_averaged_precision(q: Gaussian) -> Gaussian:
  """`share_product` with the mean of the precisions in place of their sum.

  Ada-ML-VAE as disentanglement_lib trains it: twice the product's variance.

  Args:
    q: Gaussian, (2B, D): the pairs' first images before the second ones.

  Returns:
    Gaussian, (2B, D).
  """

  def average(first, second):
    mean, logvar = _product(first, second)
    return Gaussian(mean, logvar + jnp.log(2.0))

  return _share(q, average)


def _product(first: Gaussian, second: Gaussian) -> Gaussian:
  """The product of two Gaussians, normalised."""
  mean = sigmoid(second.logvar - first.logvar) * first.mean
  mean += sigmoid(first.logvar - second.logvar) * second.mean
  return Gaussian(mean, -jnp.logaddexp(-first.logvar, -second.logvar))


def slow_vae(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  beta: Scalar,
  gamma: Scalar,
  laplace_rate: Scalar,
  entropy: Scalar,
) -> Penalty:
  """beta KL + gamma (cross-entropy to a Laplace distribution - entropy H(q)).

  SlowVAE, Klindt et al. 2021 (arXiv:2007.10930), and the authors' solver: from
  one image of a pair to the other, a latent moves by a Laplace-distributed
  step, rarely and then far. Both directions count; the step is from the mean of
  the other image. With `entropy` = 1 this is a KL. In the authors' loss, twice
  this one's, H(q) counts once for the two directions: `entropy` = 1/2, and
  beta = 1/2 for their 1.

  Args:
    q: Gaussian, (2B, D): the pairs' first images before the second ones.
    z: not used.
    beta, gamma: weights.
    laplace_rate: lambda, the inverse of the mean size of a step.
    entropy: weight of H(q) beside the cross-entropy.

  Returns:
    (2B,) nats per image, the KL (2B,) and the transition's term (2B,) to log.
  """
  std = jnp.exp(0.5 * q.logvar)
  step = q.mean - jnp.roll(q.mean, len(q.mean) // 2, axis=0)
  # The mean of |x| where x has mean `step` and this deviation.
  size = std * jnp.sqrt(2.0 / jnp.pi) * jnp.exp(-0.5 * (step / std) ** 2)
  size += step * erf(step / (std * jnp.sqrt(2.0)))
  cross_entropy = laplace_rate * size - jnp.log(0.5 * laplace_rate)
  own = 0.5 * (LOG_2PI + 1.0 + q.logvar)
  transition = (cross_entropy - entropy * own).sum(axis=1)
  kl = gaussian_kl(q.mean, q.logvar)
  return beta * kl + gamma * transition, {"kl": kl, "transition": transition}


def shared_latents(q: Gaussian) -> Bool[Array, "B D"]:
  """Which latents a pair shares: those whose KL is below the midpoint.

  Locatello et al. 2020 (arXiv:2002.02886), section 4: the threshold is halfway
  between a pair's smallest and largest KL(q(z_d | x_1) || q(z_d | x_2)).

  Args:
    q: Gaussian, (2B, D): the pairs' first images before the second ones.

  Returns:
    (B, D) booleans.
  """
  first, second = _halves(q)
  kl = kl_between_gaussians(*first, *second)
  smallest, largest = kl.min(axis=1), kl.max(axis=1)
  return kl < (0.5 * (smallest + largest))[:, None]


def _share(q: Gaussian, merge: Callable) -> Gaussian:
  """Replaces both posteriors of every shared latent by one."""
  shared = jnp.tile(shared_latents(q), (2, 1))
  both = [jnp.tile(array, (2, 1)) for array in merge(*_halves(q))]
  pairs_of = zip(both, q, strict=True)
  return Gaussian(*(jnp.where(shared, one, own) for one, own in pairs_of))


def _halves(q: Gaussian) -> tuple[Gaussian, Gaussian]:
  means, logvars = jnp.split(q.mean, 2), jnp.split(q.logvar, 2)
  return Gaussian(means[0], logvars[0]), Gaussian(means[1], logvars[1])


PAIRS = Companions(pairs.draw, pairs.check)

OBJECTIVES = {
  "ada_gvae": Objective(beta_vae, companions=PAIRS, share=share_average),
  "ada_mlvae": Objective(beta_vae, companions=PAIRS, share=share_product),
  "ada_mlvae_averaged": Objective(
    beta_vae, companions=PAIRS, share=share_averaged_precision
  ),
  "slow_vae": Objective(slow_vae, companions=PAIRS),
}
