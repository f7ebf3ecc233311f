"""A network with residual blocks (He et al. 2016, arXiv:1603.05027).

python -m dvae_jax.main --config=residual.py
"""

from collections.abc import Callable
from math import prod

import flax.linen as nn

from dvae_jax.config import base
from dvae_jax.networks import NETWORKS, Architecture

WIDTH, DEPTH = 128, 3


class Blocks(nn.Module):
  """(B, F) -> (B, WIDTH): each block adds to what it is given."""

  relu: Callable

  @nn.compact
  def __call__(self, h):
    h = nn.Dense(WIDTH)(h)
    for _ in range(DEPTH):
      branch = nn.Dense(WIDTH)(self.relu(nn.LayerNorm()(h)))
      h += nn.Dense(WIDTH)(self.relu(branch))
    return h


class Encoder(nn.Module):
  """Images (B, H, W, C) -> features (B, WIDTH)."""

  relu: Callable

  @nn.compact
  def __call__(self, images):
    return self.relu(Blocks(self.relu)(images.reshape(len(images), -1)))


class Decoder(nn.Module):
  """z (B, D) -> logits (B, H, W, C)."""

  image_shape: tuple[int, int, int]
  relu: Callable

  @nn.compact
  def __call__(self, z):
    h = self.relu(Blocks(self.relu)(z))
    return nn.Dense(prod(self.image_shape))(h).reshape(-1, *self.image_shape)


NETWORKS["residual"] = lambda image_shape, relu: Architecture(
  Encoder(relu), Decoder(image_shape, relu)
)


def get_config(profile=""):
  """A VAE with it."""
  config = base()
  config.objective = "vae"
  config.network = "residual"
  return config
