"""Layers with stride 2, and the ReLU between them."""

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax

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


@jax.custom_vjp
def add_bias(y, bias):
  """(B, H, W, C) + (C,)."""
  return y + bias[None, None, None]


def _sum_pixels(gradient):
  return jnp.sum(gradient, (0, 1, 2))


def _sum_pixels_by_product(gradient):
  """The same on a TPU, where a sum that isn't part of a convolution is slow.

  It took a sixth of a step. As the gradients of kernels, it is of the precision
  of matrix products.
  """
  if gradient.shape[-1] < 8:  # as of an image, which would be copied for it
    return _sum_pixels(gradient)
  # Behind a barrier the compiler doesn't know that it multiplies by one.
  ones = lax.optimization_barrier(jnp.ones(gradient.shape[:3], gradient.dtype))
  return jnp.einsum("bhw,bhwc->c", ones, gradient)


add_bias.defvjp(
  lambda y, bias: (add_bias(y, bias), None),
  lambda _, gradient: (
    gradient,
    lax.platform_dependent(
      gradient, tpu=_sum_pixels_by_product, default=_sum_pixels
    ),
  ),
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
    return add_bias(y, bias.astype(x.dtype))


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
    return add_bias(y, bias.astype(x.dtype))
