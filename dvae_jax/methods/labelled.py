"""Methods that see labels of a few images: the semi-supervised beta-VAE."""

from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.nn import softplus

from dvae_jax.data.sampling import labels
from dvae_jax.methods import models
from dvae_jax.methods.densities import gaussian_kl_per_latent
from dvae_jax.methods.models import Model
from dvae_jax.methods.objective import Batch, Companions, Objective, Scalar
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.shapes import Float, Int, PRNGKeyArray


def s2_beta_vae(
  params: Any,
  key: PRNGKeyArray,
  batch: Batch,
  *,
  model: Model,
  hparams: dict[str, Array],
  factors: Int[Array, "N K"],
  factor_sizes: tuple[int, ...],
  beta: Scalar,
  supervised: Scalar,
) -> tuple[Array, dict[str, Array]]:
  """beta-VAE, and a cross-entropy of labels on a batch of labelled images.

  Locatello et al. 2020 (arXiv:1905.01258), as disentanglement_lib's `s2_vae`
  with `xent`: the first latents' means are read as logits of the factors. There
  the cross-entropies of the batch's B images are summed, not averaged:
  `supervised` is their gamma_sup times B.

  Args:
    params: of a TrainState.
    key: JAX key of this step.
    batch: any images, then as many labelled ones, in [0, 1].
    model: static.
    hparams: traced hyper-parameters.
    factors: of all of them; only the labelled ones' are read.
    factor_sizes: K numbers of values (static).
    beta: weight of the KL.
    supervised: weight of the cross-entropy, summed over factors.

  Returns:
    The loss, () float32, and the terms to log.
  """
  half = len(batch.images) // 2
  both = models.encode(model, params, hparams, batch.images)
  q, labelled = (
    Gaussian(*(part[rows] for part in both))
    for rows in (slice(half), slice(half, None))
  )
  z = models.draw(model, hparams, key, q)
  reconstruction = -models.log_prob(
    model, params, hparams, z, batch.images[:half]
  )
  kl = gaussian_kl_per_latent(q.mean, q.logvar)
  each = reconstruction + beta * kl.sum(axis=1)
  if batch.weights is not None:
    each *= batch.weights[:half]
  entropy = label_entropy(labelled.mean, factors[half:], factor_sizes)
  learned = params.get("likelihood", {})
  terms = {
    "reconstruction": reconstruction,
    "kl": kl.sum(axis=1),
    "label_entropy": entropy,
    **learned,
  }
  means = {name: jnp.mean(term) for name, term in terms.items()}
  loss = jnp.mean(each) + supervised * means["label_entropy"]
  return loss, {"loss": loss, **means, "kl_per_latent": kl.mean(axis=0)}


def label_entropy(
  codes: Float[Array, "B D"],
  factors: Int[Array, "B K"],
  factor_sizes: tuple[int, ...],
) -> Float[Array, " B"]:
  """Cross-entropy of factors as a share of their size, codes as logits.

  Locatello et al. 2020 (arXiv:1905.01258), section 3.2. As in
  disentanglement_lib, a value's share is its index over the number of values,
  so that none is 1.

  Args:
    codes: (B, D); the first K are read.
    factors: (B, K).
    factor_sizes: K numbers.

  Returns:
    (B,) nats, summed over factors.

  Raises:
    ValueError: there are fewer latents than factors.
  """
  count = len(factor_sizes)
  if codes.shape[1] < count:
    raise ValueError(
      f"latent_dim: {codes.shape[1]} found, {count} or more expected: a latent"
      " for each factor"
    )
  share = factors / jnp.asarray(factor_sizes)[None]
  logits = codes[:, :count]
  return jnp.sum(softplus(logits) - share * logits, axis=1)


def _some(count: int) -> Companions:
  return Companions(partial(labels.draw, count=count), labels.check)


OBJECTIVES = {
  "s2_beta_vae": Objective(loss=s2_beta_vae, companions=_some(1000)),
  "s2_beta_vae_100": Objective(loss=s2_beta_vae, companions=_some(100)),
}
