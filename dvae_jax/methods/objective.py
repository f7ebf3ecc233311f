"""What a method is: a penalty, a posterior, and what else it brings.

The loss is mean_b [reconstruction_b + penalty_b], in nats per image, unless the
method has one of its own. A function's keyword-only arguments are its schema:
names in CONTEXT, or in LOSS_CONTEXT for a loss, are given by the training step,
every other one is a traced hyper-parameter that `config.hparams` must hold.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array

from dvae_jax.methods import models
from dvae_jax.methods.estimators import Memory
from dvae_jax.methods.models import Model, keywords, pick
from dvae_jax.methods.posteriors import Posterior, gaussian
from dvae_jax.methods.shapes import Float
from dvae_jax.networks import Architecture

CONTEXT = (
  "step",  # () int32, number of updates made so far
  "dataset_size",  # N, number of training images (static)
  "estimator",  # (z, q) -> log q(z), log prod_j q(z_j): config.estimator's
  "memory",  # what the objective's own memory holds
  "key",  # a JAX key of the penalty's own
  "images",  # (B, H, W, C) in [0, 1]
  "factors",  # (B, K) int32 ground-truth factors of the images
  "other",  # Latents of a second, independent batch, without gradient
  "decode",  # z (B, D) -> outputs (B, H, W, C) of the decoder
  "hidden_layers",  # z (B, D) -> outputs of the decoder's hidden layers
)
LOSS_CONTEXT = (
  "model",  # the Model (static)
  "hparams",  # every traced hyper-parameter
  "step",
  "dataset_size",
  "memories",  # {owner: what its memory holds}
  "other",  # images of a second batch, drawn where they are asked for
  "factors",  # as in CONTEXT
  "factor_sizes",  # K numbers of values (static)
)

Scalar = Float[Array, ""] | float
Term = Float[Array, " B"] | Float[Array, ""]
Penalty = tuple[Term, dict[str, Term]]


class Latents(NamedTuple):
  """A posterior q and one draw z (B, D) from it."""

  q: Any
  z: Array


class Batch(NamedTuple):
  """Images of one step, and what belongs to them.

  Attributes:
    images: (B, H, W, C) in [0, 1]; of groups, first all first images, then all
      second ones, and so on.
    other: a second, independent batch, or None.
    weights: (B,) sample weights, or None.
    factors: (B, K) int32 ground-truth factors, or None.
  """

  images: Array
  other: Array | None = None
  weights: Array | None = None
  factors: Array | None = None


class Network(NamedTuple):
  """A further network that a method trains along.

  Its parameters and its `apply` reach the objective as `<name>_params` and
  `<name>`.

  Attributes:
    make: (latent_dim, Architecture of the run) -> Flax module.
    inputs: (images (1, H, W, C), z (1, D)) -> example arguments of the module.
    optimizer: Optax transformation, without its learning rate.
    rate: name of the hyper-parameter that is its learning rate.
  """

  make: Callable[[int, Architecture], nn.Module]
  inputs: Callable[[Array, Array], tuple]
  optimizer: optax.GradientTransformation
  rate: str


def elbo(
  params,
  key,
  batch: Batch,
  *,
  model: Model,
  hparams,
  step,
  dataset_size: int,
  memories,
) -> tuple[Array, dict[str, Array]]:
  """mean_b w_b (reconstruction_b + penalty_b), in nats per image.

  Args:
    params: of a TrainState.
    key: JAX key of this step.
    batch: images in [0, 1].
    model: static.
    hparams: traced hyper-parameters.
    step: () int32.
    dataset_size: number of training images.
    memories: of a TrainState.

  Returns:
    The loss, () float32, and the terms to log: () each, "kl_per_latent" (D,);
    where there are memories, also the next step's "memories".
  """
  objective = model.objective
  draw_key, other_key, penalty_key = jax.random.split(key, 3)
  q = models.encode(model, params, hparams, batch.images)
  if objective.share:
    q = objective.share(q)
  z = models.draw(model, hparams, draw_key, q)
  context = {
    **hparams,
    "step": step,
    "dataset_size": dataset_size,
    "estimator": models.estimator(model, dataset_size, memories),
    "memory": memories.get("objective"),
    "key": penalty_key,
    "images": batch.images,
    "factors": batch.factors,
    "decode": lambda z: models.decode(model, params, z),
    "hidden_layers": lambda z: models.hidden_layers(model, params, z),
    **networks_context(model, params),
  }
  if batch.other is not None:
    other = models.infer(model, params, hparams, other_key, batch.other)
    context["other"] = Latents(*jax.lax.stop_gradient(other))
  penalty, terms = objective.penalty(q, z, **pick(objective.penalty, context))
  reconstruction = -models.log_prob(model, params, hparams, z, batch.images)
  weights = 1.0 if batch.weights is None else batch.weights
  total = jnp.mean(weights * (reconstruction + penalty))
  learned = params.get("likelihood", {})
  terms = {"reconstruction": reconstruction, **terms, **learned}
  terms = {name: jnp.mean(term) for name, term in terms.items()}
  if objective.posterior.kl:
    terms["kl_per_latent"] = jnp.mean(objective.posterior.kl(q), axis=0)
  terms |= models.renewed(model, memories, q, z)
  return total, {"loss": total, **terms}


def networks_context(model: Model, params) -> dict[str, Any]:
  """`<name>` and `<name>_params` of each of the objective's own networks."""
  context = {}
  for name in model.objective.networks:
    context[name] = model.modules[name].apply
    context[f"{name}_params"] = params[name]
  return context


class Companions(NamedTuple):
  """How the images of a group are drawn together.

  Attributes:
    draw: (key, dataset, arrays, batch_size, *, num_changed) -> (G B,) indices:
      first every group's first image, then the second ones, and so on.
    check: (dataset, num_changed) -> None; ValueError where there are no such
      groups.
  """

  draw: Callable[..., Array]
  check: Callable[..., None]


def no_penalty(q: Any, z: Float[Array, "B D"]) -> Penalty:
  """The loss is the reconstruction alone, as an autoencoder's.

  Args:
    q: not used.
    z: (B, D).

  Returns:
    (B,) zeros, and nothing to log.
  """
  return jnp.zeros(len(z)), {}


class Objective(NamedTuple):
  """One method.

  Attributes:
    penalty: (q, z (B, D), *, context and hyper-parameters) -> (penalty, terms).
      penalty is (B,) or (), in nats per image; terms are logged means. One that
      takes `other` gets a second batch.
    posterior: how an image becomes q, z and a code.
    loss: (params, key, Batch, *, some of LOSS_CONTEXT and hyper-parameters) ->
      (loss, terms with "loss" among them), what is differentiated. One of its
      own takes the place of reconstruction and penalty.
    networks: name -> what is trained beside encoder, head and decoder.
    companions: how groups of images are drawn; None: images are drawn singly.
    share: q of such groups -> q with what a group's images have in common made
      equal, before z is drawn; None: nothing.
    memory: what the penalty's `memory` carries from step to step, or None. An
      estimator may have one, too.
  """

  penalty: Callable[..., Penalty] = no_penalty
  posterior: Posterior = gaussian
  loss: Callable[..., tuple[Array, dict[str, Array]]] = elbo
  networks: Mapping[str, Network] = {}
  companions: Companions | None = None
  share: Callable[[Any], Any] | None = None
  memory: Memory | None = None


def reads(objective: Objective, name: str) -> bool:
  """Whether an objective asks for something of the context."""
  return name in (*keywords(objective.penalty), *keywords(objective.loss))
