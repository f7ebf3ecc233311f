"""Convolution with stride 2 and its transpose, lowered per platform.

Three bilinear functions, `convolve`, `convolve_back` and `correlate`, are each
other's gradients, so derivatives of any order run on them alone.

A TPU gets XLA's own convolutions. Where an image has few channels, neighbouring
columns are channels together: one channel fills an eighth of a register, in the
convolution and in all that is computed of its image, the loss too.

Elsewhere a stride-2 kernel of size k = 2t on pixels is a stride-1 kernel of
size t on 2x2 blocks of pixels.

On a GPU convolutions whose kernels have a lane axis would be grouped ones, so
there all three are matrix products, of which lanes are a batch axis:

                 many channels                few channels
  convolve       gather(blocks . kernel)      windows . kernel
  convolve_back  spread(y) . kernel           add_windows(y . kernel)
  correlate      blocks . spread(y)           windows . y

On a CPU XLA is fast only where a convolution is a plain one of many channels;
strided gradients take a hundred times as long inside a loop. There

  convolve       is XLA's, or for few channels windows . product,
  convolve_back  is a plain convolution of y, then blocks taken apart,
  correlate      is one product of blocks of x and shifted copies of y.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.custom_batching import sequential_vmap

from dvae_jax.networks import blocks

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


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
    x,
    kernel,
    cpu=_convolve_on_cpu,
    cuda=_convolve_by_products,
    rocm=_convolve_by_products,
    default=_convolve_by_columns,
  )


@jax.custom_vjp
def convolve_back(y, kernel):
  """Transpose of `convolve` in x: (B, H/2, W/2, F) -> (B, H, W, C)."""
  return lax.platform_dependent(
    y,
    kernel,
    cpu=_convolve_back_on_cpu,
    cuda=_convolve_back_by_products,
    rocm=_convolve_back_by_products,
    default=_convolve_back_by_columns,
  )


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def correlate(x, y, size):
  """Transpose of `convolve` in the kernel.

  (B, H, W, C), (B, H/2, W/2, F) -> (size, size, C, F).
  """
  return lax.platform_dependent(
    x,
    y,
    cpu=sequential_vmap(partial(_correlate_on_cpu, size=size)),
    cuda=partial(_correlate_by_products, size=size),
    rocm=partial(_correlate_by_products, size=size),
    default=partial(_correlate_by_columns, size=size),
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


def _few_channels(channels, features):
  """Whether a product with all windows side by side beats XLA's convolution."""
  return 4 * channels <= features


def _convolve_by_columns(x, kernel):
  size, _, channels, features = kernel.shape
  wide, pad = blocks.WIDE, size // 2 - 1
  if not _few_channels(channels, features) or x.shape[2] % wide:
    return _convolve_by_lax(x, kernel)
  y = lax.conv_general_dilated(
    blocks.together(x, wide),
    blocks.wide_kernel(kernel),
    (2, 1),
    [(pad, pad), (1, 1)],
    dimension_numbers=DIMENSIONS,
  )
  return blocks.apart(y, wide // 2)


def _convolve_back_by_columns(y, kernel):
  b, h, w, _ = y.shape
  x = jax.ShapeDtypeStruct((b, 2 * h, 2 * w, kernel.shape[2]), y.dtype)
  forward = partial(_convolve_by_columns, kernel=kernel)
  return jax.linear_transpose(forward, x)(y)[0]


def _correlate_by_columns(x, y, size):
  kernel = jax.ShapeDtypeStruct((size, size, x.shape[-1], y.shape[-1]), x.dtype)
  return jax.linear_transpose(partial(_convolve_by_columns, x), kernel)(y)[0]


def _convolve_by_products(x, kernel):
  size, _, channels, features = kernel.shape
  s = blocks.blocks(x, size)
  if _few_channels(channels, features):
    return blocks.windows(s, size) @ blocks.window_matrix(kernel)
  return blocks.gather(s @ blocks.block_matrix(kernel), size)


def _convolve_back_by_products(y, kernel):
  size, _, channels, features = kernel.shape
  if _few_channels(channels, features):
    s = blocks.add_windows(y @ blocks.window_matrix(kernel).T, size)
  else:
    s = blocks.spread(y, size) @ blocks.block_matrix(kernel).T
  return blocks.unblocks(s, size)


def _correlate_by_products(x, y, size):
  channels, features = x.shape[-1], y.shape[-1]
  t = size // 2
  s = blocks.blocks(x, size)
  if _few_channels(channels, features):
    return _correlate_windows(s, y, size)
  m = jnp.einsum("bhwc,bhwf->cf", s, blocks.spread(y, size))
  m = m.reshape(2, 2, channels, t, t, features).transpose(3, 0, 4, 1, 2, 5)
  return m.reshape(size, size, channels, features)


def _correlate_windows(s, y, size):
  """`correlate` of few channels, from blocks (B, ., ., 4 C) of x."""
  channels, features = s.shape[-1] // 4, y.shape[-1]
  t = size // 2
  m = jnp.einsum("bhwc,bhwf->cf", blocks.windows(s, size), y)
  m = m.reshape(t, t, 2, 2, channels, features).transpose(0, 2, 1, 3, 4, 5)
  return m.reshape(size, size, channels, features)


# A CPU is filled by one lane; XLA has no fast convolution with many kernels.
@sequential_vmap
def _convolve_on_cpu(x, kernel):
  size, _, channels, features = kernel.shape
  if not _few_channels(channels, features):
    return _convolve_by_lax(x, kernel)
  return blocks.windows(blocks.blocks(x, size), size) @ blocks.window_matrix(
    kernel
  )


@sequential_vmap
def _convolve_back_on_cpu(y, kernel):
  size, _, channels, features = kernel.shape
  t = size // 2
  if _few_channels(channels, features):
    s = blocks.add_windows(y @ blocks.window_matrix(kernel).T, size)
  else:
    k = kernel.reshape(t, 2, t, 2, channels, features)[::-1, :, ::-1]
    k = k.transpose(0, 2, 5, 1, 3, 4).reshape(t, t, features, 4 * channels)
    s = lax.conv_general_dilated(
      y, k, (1, 1), [(t - 1, t - 1)] * 2, dimension_numbers=DIMENSIONS
    )
  return blocks.unblocks(s, size)


def _correlate_on_cpu(x, y, size):
  channels, features = x.shape[-1], y.shape[-1]
  t = size // 2
  s = blocks.blocks(x, size)
  if _few_channels(channels, features):
    return _correlate_windows(s, y, size)
  m = jnp.einsum("fbhw,bhwc->fc", blocks.shifted(y, size), s)
  m = m.reshape(t, t, features, 2, 2, channels).transpose(0, 3, 1, 4, 5, 2)
  return m.reshape(size, size, channels, features)
