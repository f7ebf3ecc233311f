"""Layers with stride 2, and the ReLU between them."""

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array

from dvae_jax.networks.convolutions import conv, conv_transpose

glorot_uniform = nn.initializers.glorot_uniform()
Dense = partial(nn.Dense, kernel_init=glorot_uniform)


def grown(image_shape, divisor: int, least: int = 0) -> tuple[int, int]:
  """Height and width of the smallest canvas that a network takes.

  Args:
    image_shape: (H, W, ...).
    divisor: of which both must be multiples.
    least: that both must have, a multiple of the divisor.

  Raises:
    ValueError: it's no image, but a row of numbers.
  """
  height, width = image_shape[:2]
  if 1 in (height, width):
    raise ValueError(
      f"network: {height} x {width} found, which is no image; 'mlp',"
      " 'mlp_small', 'mlp_tiny', 'mlp_norm' and 'linear' take vectors,"
      " convolutions images"
      " of any height and width from 2 on"
    )
  return tuple(max(least, -(-n // divisor) * divisor) for n in (height, width))


def padded(images, canvas: tuple[int, int]) -> Array:
  """Images (B, H, W, C) in the middle of a canvas of zeros."""
  rows, columns = (
    n - m for n, m in zip(canvas, images.shape[1:3], strict=True)
  )
  if not rows and not columns:
    return images
  around = [(n // 2, n - n // 2) for n in (rows, columns)]
  return jnp.pad(images, ((0, 0), *around, (0, 0)))


def cropped(outputs, image_shape: tuple[int, int, int]) -> Array:
  """The part of outputs (B, H', W', C) where `padded` puts the images."""
  height, width, _ = image_shape
  top, left = (outputs.shape[1] - height) // 2, (outputs.shape[2] - width) // 2
  return outputs[:, top : top + height, left : left + width]


@jax.custom_vjp
def relu(x) -> Array:
  """max(x, 0), whose gradient is multiplied by the sign of its output.

  The same numbers as `jax.nn.relu`'s. That one compares its input, and a TPU
  packs the comparison's bits and takes them apart again in the backward pass,
  which costs a sixth of a training step; the output is kept anyway.
  """
  return jnp.maximum(x, 0)


relu.defvjp(
  lambda x: (relu(x),) * 2,
  lambda y, gradient: (gradient * jnp.sign(y),),
)


class Conv(nn.Module):
  """Convolution, stride 2, SAME: (B, H, W, C) -> (B, H/2, W/2, features).

  Attributes:
    features: number of output channels.
    kernel: height and width of the kernel, even.
    use_bias: whether a bias is added.
    kernel_init: initializer of the kernel.
  """

  features: int
  kernel: int
  use_bias: bool = True
  kernel_init: Callable = glorot_uniform

  @nn.compact
  def __call__(self, x):
    shape = (self.kernel, self.kernel, x.shape[-1], self.features)
    kernel = self.param("kernel", self.kernel_init, shape)
    y = conv(x, kernel.astype(x.dtype))
    if not self.use_bias:
      return y
    bias = self.param("bias", nn.initializers.zeros, (self.features,))
    return y + bias.astype(x.dtype)[None, None, None]


class ConvTranspose(nn.Module):
  """Transposed convolution: (B, H, W, C) -> (B, 2H, 2W, features).

  Attributes:
    features: number of output channels.
    kernel: height and width of the kernel, even.
    use_bias: whether a bias is added.
    kernel_init: initializer of the kernel.
  """

  features: int
  kernel: int
  use_bias: bool = True
  kernel_init: Callable = glorot_uniform

  @nn.compact
  def __call__(self, x):
    shape = (self.kernel, self.kernel, x.shape[-1], self.features)
    kernel = self.param("kernel", self.kernel_init, shape)
    y = conv_transpose(x, kernel.astype(x.dtype))
    if not self.use_bias:
      return y
    bias = self.param("bias", nn.initializers.zeros, (self.features,))
    return y + bias.astype(x.dtype)[None, None, None]
