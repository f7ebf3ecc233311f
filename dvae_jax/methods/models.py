"""What a run trains: modules and functions, static, without parameters."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from dvae_jax.methods.estimators import Estimator, Memory
from dvae_jax.methods.likelihoods import Likelihood


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
  """What is static in a run: modules and functions, no arrays.

  Attributes:
    modules: "encoder" (images -> features (B, F)), "head" (features -> q),
      "decoder" (z -> outputs) and the objective's own networks. Parameters have
      the same names, beside "likelihood" for what that one learns.
    objective: an `objective.Objective`.
    likelihood: of the images given z.
    estimator: of the aggregate posterior, a row of `ESTIMATORS`.
    dtype: that encoder, head and decoder compute in.
    latent_dim: D.
    memories: owner, "objective" or "estimator" -> its `Memory`, if it has one.
  """

  modules: Mapping[str, nn.Module]
  objective: Any
  likelihood: Likelihood
  estimator: Estimator
  dtype: Any
  latent_dim: int
  memories: Mapping[str, Memory] = dataclasses.field(default_factory=dict)


def keywords(function: Callable) -> tuple[str, ...]:
  """Names of a function's keyword-only arguments."""
  return tuple(
    name
    for name, parameter in inspect.signature(function).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
  )


def pick(function: Callable, available: Mapping[str, Any]) -> dict[str, Any]:
  """Those of the available arguments that a function takes by keyword."""
  return {name: available[name] for name in keywords(function)}


def encode(model: Model, params, hparams, images) -> Any:
  """q(z|x) of images (B, H, W, C): what the head gives, in float32."""
  features = _apply(model, "encoder", params, images)
  head = model.modules["head"]
  given = pick(type(head).__call__, hparams)
  return _apply(model, "head", params, features, **given)


def infer(model: Model, params, hparams, key, images) -> tuple[Any, Array]:
  """q(z|x) of single images and one draw z (B, D) from it."""
  q = encode(model, params, hparams, images)
  return q, draw(model, hparams, key, q)


def draw(model: Model, hparams, key, q) -> Array:
  """One z (B, D) from q."""
  function = model.objective.posterior.draw
  return function(key, q, **pick(function, hparams))


def decode(model: Model, params, z) -> Array:
  """Outputs (B, H, W, C) of the decoder, float32, for z (B, D)."""
  return _apply(model, "decoder", params, z)


def hidden_layers(model: Model, params, z) -> tuple[Array, ...]:
  """Outputs of a decoder's layers for z (B, D), float32.

  Of its own modules in the order in which they run, without what follows them
  in a function, such as a ReLU. The first, which is linear in z, and the last,
  which is the decoder's output, are left out.
  """
  outputs = []

  def record(call, args, kwargs, context):
    found = call(*args, **kwargs)
    if len(context.module.path) == 1 and context.method_name == "__call__":
      outputs.append(_cast(found, jnp.float32))
    return found

  with nn.intercept_methods(record):
    decode(model, params, z)
  return tuple(outputs[1:-1])


def decode_images(model: Model, params, z) -> Array:
  """Mean images (B, H, W, C) of p(x|z), in [0, 1], for z (B, D)."""
  return model.likelihood.mean(decode(model, params, z))


def log_prob(model: Model, params, hparams, z, images) -> Array:
  """log p(x|z) of images (B, H, W, C) for z (B, D): (B,) nats."""
  function = model.likelihood.log_prob
  given = pick(function, {**hparams, **params.get("likelihood", {})})
  return function(decode(model, params, z), images, **given)


def estimator(model: Model, dataset_size: int, memories) -> Callable:
  """(z, q) -> log q(z) and log prod_j q(z_j), each (B,), as config.estimator.

  Args:
    model: static.
    dataset_size: N, number of training images.
    memories: {owner: what its memory holds}.
  """
  own = (memories["estimator"],) if "estimator" in memories else ()
  log_qz = model.estimator.log_qz
  return lambda z, q: log_qz(z, q.mean, q.logvar, dataset_size, *own)


def renewed(model: Model, memories, q, z) -> dict[str, Any]:
  """{"memories": those of the next step}; {} where there are none."""
  found = {
    owner: memory.renew(memories[owner], q, z)
    for owner, memory in model.memories.items()
  }
  return {"memories": found} if found else {}


def _apply(model: Model, name: str, params, array, **given):
  lower = lambda x: _cast(x, model.dtype)
  result = model.modules[name].apply(
    jax.tree.map(lower, params[name]), lower(array), **given
  )
  return jax.tree.map(lambda x: _cast(x, jnp.float32), result)


def _cast(x, dtype):
  return x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x
