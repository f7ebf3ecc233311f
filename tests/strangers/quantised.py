"""An autoencoder with quantised latents (Hsu et al. 2023).

Every latent takes one of ten values of its own, which are learned.

python -m dvae_jax.main --config=quantised.py
"""

from typing import NamedTuple

import flax.linen as nn
import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient

from dvae_jax.config import base
from dvae_jax.methods import OBJECTIVES, Objective, Posterior

VALUES = 10


class Quantised(NamedTuple):
  """What the encoder says and the nearest value of each latent, (B, D)."""

  raw: Array
  code: Array


class Head(nn.Module):
  """Features (B, F) -> Quantised; owns the codebook (D, VALUES)."""

  latent_dim: int
  kernel_init: nn.initializers.Initializer

  @nn.compact
  def __call__(self, features):
    evenly = lambda _, shape: jnp.tile(jnp.linspace(-0.5, 0.5, VALUES), shape)
    codebook = self.param("codebook", evenly, (self.latent_dim, 1))
    dense = nn.Dense(self.latent_dim, kernel_init=self.kernel_init)
    raw = dense(features)
    nearest = jnp.abs(raw[:, :, None] - codebook[None]).argmin(-1)
    values = jnp.take_along_axis(codebook.T, nearest, axis=0)
    return Quantised(raw, values)


def straight_through(key, q):
  """The code, with the gradient of what the encoder says."""
  return q.raw + stop_gradient(q.code - q.raw)


def attract(q, z, *, quantise, commit):
  """Moves values to the encoder, and it to them (arXiv:2305.18378)."""
  values = jnp.sum((stop_gradient(q.raw) - q.code) ** 2, axis=1)
  encoder = jnp.sum((q.raw - stop_gradient(q.code)) ** 2, axis=1)
  return quantise * values + commit * encoder, {"distance": values}


OBJECTIVES["quantised"] = Objective(
  attract,
  Posterior(Head, straight_through, code=lambda q: q.code, discrete=True),
)


def get_config(profile=""):
  """Its weight decay; our weights, for a reconstruction summed over pixels."""
  config = base()
  config.objective = "quantised"
  config.train.optimizer = "adamw"
  config.hparams.update(quantise=1.0, commit=1.0, weight_decay=0.1)
  return config
