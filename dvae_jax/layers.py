"""Convolution with stride 2 and its transpose, lowered per platform.

TPU and GPU get `lax.conv`. XLA's gradients of it are slow on a CPU, so there
everything is a matrix product between cheap rearrangements. A stride-2 kernel
of size k = 2t on images is a stride-1 kernel of size t on 2x2 blocks of pixels,
so with p = t - 1 and all 2x2 blocks of the image padded by p,

  convolution      = add_windows . product . blocks
  its transpose    = unblocks . product^T . windows

and when the image has few channels the windows are taken before the product.
`blocks` and `unblocks`, `windows` and `add_windows` are pairs of transposed
linear maps. Three bilinear functions (`convolve`, `convolve_back`, `correlate`)
are each other's gradients, so that derivatives of any order stay fast.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


class Conv(nn.Module):
  """Convolution, stride 2, SAME: (B, H, W, C) -> (B, H/2, W/2, features).

  Attributes:
    features: number of output channels.
    kernel: height and width of the kernel, even.
  """

  features: int
  kernel: int

  @nn.compact
  def __call__(self, x):
    shape = (self.kernel, self.kernel, x.shape[-1], self.features)
    kernel = self.param("kernel", nn.initializers.glorot_uniform(), shape)
    bias = self.param("bias", nn.initializers.zeros, (self.features,))
    return (
      conv(x, kernel.astype(x.dtype)) + bias.astype(x.dtype)[None, None, None]
    )


class ConvTranspose(nn.Module):
  """Transposed convolution: (B, H, W, C) -> (B, 2H, 2W, features).

  Attributes:
    features: number of output channels.
    kernel: height and width of the kernel, even.
  """

  features: int
  kernel: int

  @nn.compact
  def __call__(self, x):
    shape = (self.kernel, self.kernel, x.shape[-1], self.features)
    kernel = self.param("kernel", nn.initializers.glorot_uniform(), shape)
    bias = self.param("bias", nn.initializers.zeros, (self.features,))
    return (
      conv_transpose(x, kernel.astype(x.dtype))
      + bias.astype(x.dtype)[None, None, None]
    )


def conv(x, kernel) -> Array:
  """Convolves with stride 2 and SAME padding.

  Args:
    x: (B, H, W, C) images; H and W even.
    kernel: (k, k, C, F); k even.

  Returns:
    (B, H/2, W/2, F).

  Raises:
    ValueError: k, H or W is odd.
  """
  _, height, width, _ = x.shape
  if kernel.shape[0] % 2 or height % 2 or width % 2:
    raise ValueError(
      f"kernel size and image size must be even, got a {kernel.shape[0]} wide "
      f"kernel on {height} x {width} images"
    )
  return convolve(x, kernel)


def conv_transpose(x, kernel) -> Array:
  """Convolves with the transposed stride 2: `lax.conv_transpose`, SAME.

  Args:
    x: (B, H, W, C).
    kernel: (k, k, C, F); k even.

  Returns:
    (B, 2H, 2W, F).

  Raises:
    ValueError: k is odd.
  """
  if kernel.shape[0] % 2:
    raise ValueError(f"kernel size must be even, got {kernel.shape[0]}")
  return convolve_back(x, kernel[::-1, ::-1].swapaxes(2, 3))


@jax.custom_vjp
def convolve(x, kernel):
  """(B, H, W, C), (k, k, C, F) -> (B, H/2, W/2, F)."""
  return lax.platform_dependent(
    x, kernel, cpu=_convolve_by_products, default=_convolve_by_lax
  )


@jax.custom_vjp
def convolve_back(y, kernel):
  """Transpose of `convolve` in x: (B, H/2, W/2, F) -> (B, H, W, C)."""
  return lax.platform_dependent(
    y, kernel, cpu=_convolve_back_by_products, default=_convolve_back_by_lax
  )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def correlate(x, y, size):
  """Transpose of `convolve` in the kernel: (B, H, W, C), (B, H/2, W/2, F) -> (size, size, C, F)."""
  return lax.platform_dependent(
    x,
    y,
    cpu=partial(_correlate_by_products, size=size),
    default=partial(_correlate_by_lax, size=size),
  )


convolve.defvjp(
  lambda x, kernel: (convolve(x, kernel), (x, kernel)),
  lambda saved, y: (
    convolve_back(y, saved[1]),
    correlate(saved[0], y, saved[1].shape[0]),
  ),
)
convolve_back.defvjp(
  lambda y, kernel: (convolve_back(y, kernel), (y, kernel)),
  lambda saved, x: (
    convolve(x, saved[1]),
    correlate(x, saved[0], saved[1].shape[0]),
  ),
)
correlate.defvjp(
  lambda x, y, size: (correlate(x, y, size), (x, y)),
  lambda size, saved, kernel: (
    convolve_back(saved[1], kernel),
    convolve(saved[0], kernel),
  ),
)


def _convolve_by_lax(x, kernel):
  return lax.conv_general_dilated(
    x, kernel, (2, 2), "SAME", dimension_numbers=DIMENSIONS
  )


def _convolve_back_by_lax(y, kernel):
  return lax.conv_transpose(
    y,
    kernel,
    (2, 2),
    "SAME",
    dimension_numbers=DIMENSIONS,
    transpose_kernel=True,
  )


def _correlate_by_lax(x, y, size):
  kernel = jax.ShapeDtypeStruct((size, size, x.shape[-1], y.shape[-1]), x.dtype)
  return jax.linear_transpose(partial(_convolve_by_lax, x), kernel)(y)[0]


def _few_channels(images, features):
  """Whether windows are cheaper to copy before the product than after."""
  return 4 * images <= features


def _convolve_by_products(x, kernel):
  size, _, channels, features = kernel.shape
  if _few_channels(channels, features):
    return _windows(_blocks(x, size), size) @ _matrix(kernel, True)
  return _add_windows(_blocks(x, size) @ _matrix(kernel, False), size)


def _convolve_back_by_products(y, kernel):
  size, _, channels, features = kernel.shape
  if _few_channels(channels, features):
    s = _unwindows(y @ _matrix(kernel, True).T, size)
  else:
    s = _spread(y, size) @ _matrix(kernel, False).T
  return _unblocks(s, size)


def _correlate_by_products(x, y, size):
  channels, features = x.shape[-1], y.shape[-1]
  x = _blocks(x, size)
  if _few_channels(channels, features):
    m = jnp.einsum("bhwc,bhwf->cf", _windows(x, size), y)
    t = size // 2
    m = m.reshape(t, t, 2, 2, channels, features).transpose(0, 2, 1, 3, 4, 5)
  else:
    m = jnp.einsum("bhwc,bhwf->cf", x, _spread(y, size))
    t = size // 2
    m = m.reshape(2, 2, channels, t, t, features).transpose(3, 0, 4, 1, 2, 5)
  return m.reshape(size, size, channels, features)


def _matrix(kernel, windows_first):
  size, _, channels, features = kernel.shape
  t = size // 2
  k = kernel.reshape(t, 2, t, 2, channels, features)
  if windows_first:
    return k.transpose(0, 2, 1, 3, 4, 5).reshape(-1, features)
  return k.transpose(1, 3, 4, 0, 2, 5).reshape(4 * channels, -1)


def _blocks(x, size):
  p = size // 2 - 1
  x = jnp.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
  b, h, w, c = x.shape
  x = x.reshape(b, h // 2, 2, w // 2, 2 * c).swapaxes(2, 3)
  return x.reshape(b, h // 2, w // 2, 4 * c)


def _unblocks(s, size):
  p = size // 2 - 1
  b, h, w, c = s.shape
  x = (
    s.reshape(b, h, w, 2, c // 2)
    .swapaxes(2, 3)
    .reshape(b, 2 * h, 2 * w, c // 4)
  )
  return x[:, p : 2 * h - p, p : 2 * w - p]


def _windows(s, size):
  t = size // 2
  _, h, w, _ = s.shape
  return jnp.concatenate(
    [
      s[:, i : h - t + 1 + i, j : w - t + 1 + j]
      for i in range(t)
      for j in range(t)
    ],
    -1,
  )


def _unwindows(q, size):
  t = size // 2
  q = jnp.split(q, t * t, -1)
  return sum(
    jnp.pad(q[i * t + j], ((0, 0), (i, t - 1 - i), (j, t - 1 - j), (0, 0)))
    for i in range(t)
    for j in range(t)
  )


def _add_windows(q, size):
  t = size // 2
  b, h, w, f = q.shape
  q = q.reshape(b, h, w, t, t, f // (t * t))
  return sum(
    q[:, i : h - t + 1 + i, j : w - t + 1 + j, i, j]
    for i in range(t)
    for j in range(t)
  )


def _spread(y, size):
  t = size // 2
  return jnp.concatenate(
    [
      jnp.pad(y, ((0, 0), (i, t - 1 - i), (j, t - 1 - j), (0, 0)))
      for i in range(t)
      for j in range(t)
    ],
    -1,
  )
