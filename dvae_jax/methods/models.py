"""What a run trains: modules and functions, static, without parameters."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from dvae_jax.methods.densities import LIKELIHOODS
from dvae_jax.methods.objectives import (
  CONTEXT,
  OBJECTIVES,
  Latents,
  Objective,
  draw_gaussian,
)
from dvae_jax.networks.architectures import NETWORKS, RELUS, Critic


class Model(NamedTuple):
  """What is static in a run: modules and functions, no arrays."""

  encoder: Any  # flax.linen.Module
  decoder: Any
  critic: Any
  objective: Objective
  log_prob: Callable
  estimator: str
  dtype: Any
  latent_dim: int


def build(config, image_shape: tuple[int, int, int]) -> Model:
  """Makes the modules that a config names.

  Raises:
    ValueError: the network doesn't take images of this shape.
  """
  objective = OBJECTIVES[config.objective]
  encoder, decoder = NETWORKS[config.network](
    image_shape, config.latent_dim, RELUS[config.train.relu]
  )
  return Model(
    encoder,
    decoder,
    Critic() if objective.critic else None,
    objective,
    LIKELIHOODS[config.likelihood],
    config.estimator,
    jnp.dtype(config.train.dtype),
    config.latent_dim,
  )


def encode(model: Model, params, images) -> tuple[Array, Array]:
  """Mean and log variance of q(z|x), each (B, D) float32."""
  mean, logvar = model.encoder.apply(
    _cast(params["encoder"], model.dtype), images.astype(model.dtype)
  )
  return mean.astype(jnp.float32), logvar.astype(jnp.float32)


def infer(model: Model, params, hparams, key, images) -> Latents:
  """One draw from q(z|x) of single images: no pair shares a latent here."""
  mean, logvar = encode(model, params, images)
  draw = model.objective.draw
  if model.objective.batch == "pairs":
    draw = draw_gaussian
  return draw(key, mean, logvar, **pick(draw, hparams))


def decode(model: Model, params, z) -> Array:
  """Logits (B, H, W, C) float32 of p(x|z)."""
  logits = model.decoder.apply(
    _cast(params["decoder"], model.dtype), z.astype(model.dtype)
  )
  return logits.astype(jnp.float32)


def decode_images(model: Model, params, z) -> Array:
  """Mean images (B, H, W, C) of p(x|z), in [0, 1]."""
  return jax.nn.sigmoid(decode(model, params, z))


def _cast(tree, dtype):
  return jax.tree.map(lambda leaf: leaf.astype(dtype), tree)


def keywords(function: Callable) -> tuple[str, ...]:
  """Names of a function's keyword-only arguments."""
  return tuple(
    name
    for name, parameter in inspect.signature(function).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
  )


def pick(function: Callable, available: dict[str, Any]) -> dict[str, Any]:
  """Those of the available arguments that a function takes by keyword."""
  return {name: available[name] for name in keywords(function)}


def hparam_names(objective: Objective) -> tuple[str, ...]:
  """Names of the traced hyper-parameters that training with it takes."""
  names = ["learning_rate"] + ["critic_learning_rate"] * objective.critic
  for function in (objective.penalty, objective.draw):
    names += [n for n in keywords(function) if n not in (*CONTEXT, *names)]
  return tuple(names)
