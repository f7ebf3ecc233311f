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
