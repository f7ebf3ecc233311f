"""Methods on pairs of images that share some factors: Ada-GVAE, Ada-ML-VAE."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid

from dvae_jax.data.sampling import pairs
from dvae_jax.methods.beta import beta_vae
from dvae_jax.methods.densities import kl_between_gaussians
from dvae_jax.methods.objective import Companions, Objective
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.shapes import Bool


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
  weighted by precision. (disentanglement_lib averages precisions: twice this
  variance.)

  Args:
    q: Gaussian, (2B, D): the pairs' first images before the second ones.

  Returns:
    Gaussian, (2B, D).
  """

  def multiply(first, second):
    weight = sigmoid(second.logvar - first.logvar)
    mean = weight * first.mean
    mean += sigmoid(first.logvar - second.logvar) * second.mean
    return Gaussian(mean, -jnp.logaddexp(-first.logvar, -second.logvar))

  return _share(q, multiply)


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
}
