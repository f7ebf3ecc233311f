"""A config's names become a model, and the hyper-parameters that it takes."""

import jax.numpy as jnp

from dvae_jax.methods import LIKELIHOODS, OBJECTIVES
from dvae_jax.methods.estimators import ESTIMATORS
from dvae_jax.methods.models import Model, keywords
from dvae_jax.methods.objective import (
  CONTEXT,
  LOSS_CONTEXT,
  Objective,
  reads,
)
from dvae_jax.networks import NETWORKS, RELUS
from dvae_jax.networks.layers import glorot_uniform


def build(config, image_shape: tuple[int, int, int]) -> Model:
  """Makes the modules that a config names.

  Args:
    config: checked.
    image_shape: (H, W, C).

  Returns:
    The Model.

  Raises:
    ValueError: the network doesn't take images of this shape.
  """
  objective = OBJECTIVES[config.objective]
  network = NETWORKS[config.network](image_shape, RELUS[config.train.relu])
  latent_dim = config.latent_dim
  estimator = ESTIMATORS[config.estimator]
  memories = {"objective": objective.memory}
  if reads(objective, "estimator"):
    memories["estimator"] = estimator.memory
  return Model(
    {
      "encoder": network.encoder,
      "head": objective.posterior.head(latent_dim, network.kernel_init),
      "decoder": network.decoder,
      **{
        name: own.make(latent_dim, network)
        for name, own in objective.networks.items()
      },
    },
    objective,
    LIKELIHOODS[config.likelihood],
    estimator,
    jnp.dtype(config.train.dtype),
    latent_dim,
    {owner: m for owner, m in memories.items() if m},
  )


def hparam_names(config) -> tuple[str, ...]:
  """Names of the traced hyper-parameters that a config's model takes.

  Those of its optimizer aside.
  """
  objective = OBJECTIVES[config.objective]
  likelihood = LIKELIHOODS[config.likelihood]
  posterior = objective.posterior
  names = [own.rate for own in objective.networks.values()]
  for function in (
    objective.penalty,
    objective.loss,
    type(posterior.head(config.latent_dim, glorot_uniform)).__call__,
    posterior.draw,
    likelihood.log_prob,
  ):
    names += keywords(function)
  given = {*CONTEXT, *LOSS_CONTEXT, *likelihood.parameters}
  given |= _own_arguments(objective)
  return tuple(dict.fromkeys(name for name in names if name not in given))


def _own_arguments(objective: Objective) -> set[str]:
  """What the objective's own networks add to the context."""
  return {
    argument
    for name in objective.networks
    for argument in (name, f"{name}_params")
  }
