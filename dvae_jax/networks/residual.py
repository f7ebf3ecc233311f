"""Tripod's networks: residual blocks of instance-normalised convolutions.

Hsu et al. 2024 (arXiv:2404.10282) and the authors' code (kylehkhsu/tripod). As
in `styled`, the decoder starts from a map that is the same for every image, and
the code enters by the scales and shifts of adaptive instance normalisation.
Biases begin at zero, where theirs are drawn.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from dvae_jax.networks import layers
from dvae_jax.networks.architectures import Architecture
from dvae_jax.networks.styled import (
  FIT,
  WIDTHS,
  Conv3,
  Dense,
  instance_norm,
  uniform_fan_in,
)

TOP, STYLE = 512, 256
Conv1 = partial(nn.Conv, kernel_size=(1, 1), kernel_init=uniform_fan_in)
layer_norm = partial(nn.LayerNorm, epsilon=1e-5, use_fast_variance=False)
norm = partial(instance_norm, epsilon=1e-5)


class Block(nn.Module):
  """x + f(x), f twice a convolution, instance normalisation, GELU.

  (B, H, W, C) -> (B, H, W, features). With a style (B, S) it scales, by 1 + a,
  and shifts what is normalised; without, learned scales and biases do.
  """

  features: int

  @nn.compact
  def __call__(self, x, style=None):
    h = x
    for _ in range(2):
      h = norm(affine=style is None)(Conv3(features=self.features)(h))
      if style is not None:
        given = Dense(2 * self.features)(style)[:, None, None, :]
        scale, shift = jnp.split(given, 2, axis=-1)
        h = h * (1 + scale) + shift
      h = nn.gelu(h)
    if x.shape[-1] != self.features:
      x = Conv1(features=self.features)(x)
    return x + h


class ResidualEncoder(nn.Module):
  """Four times two blocks and a halving, (B, H, W, C) -> (B, TOP).

  Pixels are halved by 1 x 1 convolutions of 2 x 2 squares; then their mean goes
  through a dense layer with layer normalisation and GELU.
  """

  @nn.compact
  def __call__(self, images):
    h = layers.padded(images, layers.grown(images.shape[1:], *FIT))
    for width, wider in zip(WIDTHS, (*WIDTHS[1:], TOP), strict=True):
      for _ in range(2):
        h = Block(width)(h)
      batch, rows, columns, depth = h.shape
      h = h.reshape(batch, rows // 2, 2, columns // 2, 2, depth)
      h = h.transpose(0, 1, 3, 5, 2, 4)  # channels before places, as theirs
      h = h.reshape(batch, rows // 2, columns // 2, 4 * depth)
      h = Conv1(features=wider)(h)
    h = Dense(TOP)(h.mean((1, 2)))
    return nn.gelu(layer_norm()(h))


class Style(nn.Module):
  """What follows the first dense layer of the code: (B, STYLE), the style."""

  @nn.compact
  def __call__(self, h):
    h = nn.gelu(layer_norm()(h))
    return nn.gelu(layer_norm()(Dense(STYLE)(h)))


class Stage(nn.Module):
  """Two blocks with the style, then twice the pixels in `narrower` channels."""

  features: int
  narrower: int

  @nn.compact
  def __call__(self, h, style):
    for _ in range(2):
      h = Block(self.features)(h, style)
    batch, rows, columns, depth = h.shape
    shape = (batch, 2 * rows, 2 * columns, depth)
    h = jax.image.resize(h, shape, "nearest")
    return Conv3(features=self.narrower)(h)


class ResidualDecoder(nn.Module):
  """z (B, D) -> outputs (B, H, W, C).

  Its layers in `models.hidden_layers` are those that the authors penalise: the
  style and the first three stages.
  """

  image_shape: tuple[int, int, int]

  @nn.compact
  def __call__(self, z):
    height, width = layers.grown(self.image_shape, *FIT)
    start = (1, height // 16, width // 16, TOP)
    h = self.param("map", nn.initializers.ones, start)
    h = jnp.broadcast_to(h.astype(z.dtype), (len(z), *start[1:]))
    style = Style()(Dense(STYLE)(z))
    widths = (TOP, *WIDTHS[:0:-1])
    ends = (*widths[1:], self.image_shape[2])
    for features, narrower in zip(widths, ends, strict=True):
      h = Stage(features, narrower)(h, style)
    return layers.cropped(h, self.image_shape)


def _tripod(image_shape, relu=layers.relu):
  layers.grown(image_shape, *FIT)  # refuses vectors
  return Architecture(
    ResidualEncoder(), ResidualDecoder(image_shape), uniform_fan_in
  )


NETWORKS = {"tripod_resnet": _tripod}
