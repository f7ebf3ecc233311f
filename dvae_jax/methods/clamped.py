"""Methods that clamp the latents of what doesn't vary in a group: DC-IGN."""

from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient

from dvae_jax.data.sampling import groups
from dvae_jax.methods import models
from dvae_jax.methods.densities import gaussian_kl_per_latent
from dvae_jax.methods.models import Model
from dvae_jax.methods.objective import Batch, Companions, Objective, Scalar
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.shapes import Bool, Float, Int, PRNGKeyArray


def dc_ign(
  params: Any,
  key: PRNGKeyArray,
  batch: Batch,
  *,
  model: Model,
  hparams: dict[str, Array],
  factors: Int[Array, "B K"],
  beta: Scalar,
  invariance: Scalar,
  first_image: Scalar,
) -> tuple[Array, dict[str, Array]]:
  """Reconstruction + beta KL of groups whose other latents are clamped.

  Kulkarni et al. 2015 (arXiv:1503.03167), section 3.1: in a group one factor
  varies, and what the encoder says of the latents of all others is replaced by
  the group's mean before z is drawn. Those latents get no gradient of the loss,
  but `invariance` times their difference from that mean, of means and log
  variances alike: here the gradient of half its square. The authors' code
  (willwhitney/dc-ign) clamps to the group's first image, `first_image` = 1, and
  leaves the difference out by default, `invariance` = 0.

  Args:
    params: of a TrainState.
    key: JAX key of this step.
    batch: of groups, images in [0, 1].
    model: static.
    hparams: traced hyper-parameters.
    factors: (B, K) of the images.
    beta: weight of the KL; 1 there.
    invariance: weight of the difference from the mean.
    first_image: 1 clamps to the group's first image, 0 to its mean.

  Returns:
    The loss, () float32, and the terms to log.
  """
  q = models.encode(model, params, hparams, batch.images)
  active = varying_latents(factors, q.mean.shape[1])
  clamped = Gaussian(*(clamp(part, active, first_image) for part in q))
  z = models.draw(model, hparams, key, clamped)
  reconstruction = -models.log_prob(model, params, hparams, z, batch.images)
  kl = gaussian_kl_per_latent(*clamped)
  away = sum(
    jnp.where(active, 0.0, (part - stop_gradient(group_mean(part))) ** 2)
    for part in q
  )
  distance = 0.5 * jnp.sum(away, axis=1)
  weights = 1.0 if batch.weights is None else batch.weights
  each = reconstruction + beta * kl.sum(axis=1) + invariance * distance
  loss = jnp.mean(weights * each)
  terms = {
    "reconstruction": reconstruction,
    "kl": kl.sum(axis=1),
    "clamped_distance": distance,
  }
  means = {name: jnp.mean(term) for name, term in terms.items()}
  return loss, {"loss": loss, **means, "kl_per_latent": kl.mean(axis=0)}


def varying_latents(
  factors: Int[Array, "B K"], latent_dim: int
) -> Bool[Array, "B D"]:
  """Which latents are of the factor that varies in an image's group.

  Kulkarni et al. 2015 (arXiv:1503.03167), section 3.1: a latent for each pose
  and light, all further ones for shape. Latent k is here of factor k, and
  latents beyond the factors are of the first, which is a shape in dSprites.

  Args:
    factors: (B, K), of groups: first all first images, then the second ones.
    latent_dim: D, at least K.

  Returns:
    (B, D) booleans.

  Raises:
    ValueError: there are fewer latents than factors.
  """
  count = factors.shape[1]
  if latent_dim < count:
    raise ValueError(
      f"latent_dim: {latent_dim} found, {count} or more expected: a latent for"
      " each factor"
    )
  grouped = factors.reshape(groups.SIZE, -1, count)
  varies = (grouped != grouped[:1]).any(axis=0)
  owner = jnp.where(jnp.arange(latent_dim) < count, jnp.arange(latent_dim), 0)
  return jnp.tile(varies[:, owner], (groups.SIZE, 1))


def clamp(
  x: Float[Array, "B D"], active: Bool[Array, "B D"], first_image: Scalar
) -> Float[Array, "B D"]:
  """x where a latent is active, else without gradient the same in a group.

  Kulkarni et al. 2015 (arXiv:1503.03167), section 3.1, step 5.

  Args:
    x: (B, D).
    active: (B, D).
    first_image: 1 for the value of the group's first image, 0 for its mean.

  Returns:
    (B, D).
  """
  of_first = jnp.tile(x[: len(x) // groups.SIZE], (groups.SIZE, 1))
  target = jnp.where(first_image > 0, of_first, group_mean(x))
  return jnp.where(active, x, stop_gradient(target))


def group_mean(x: Float[Array, "B D"]) -> Float[Array, "B D"]:
  """The mean over every image's group.

  Kulkarni et al. 2015 (arXiv:1503.03167), section 3.1, step 4.

  Args:
    x: (B, D), of groups: first all first images, then the second ones.

  Returns:
    (B, D), the same for all images of a group.
  """
  mean = x.reshape(groups.SIZE, -1, x.shape[1]).mean(axis=0)
  return jnp.tile(mean, (groups.SIZE, 1))


GROUPS = Companions(groups.draw, groups.check)

OBJECTIVES = {"dc_ign": Objective(loss=dc_ign, companions=GROUPS)}
