"""Pixels taken together: 2x2 blocks, windows over them, and columns.

A stride-2 kernel of size k = 2t on pixels is a stride-1 kernel of size t on 2x2
blocks of pixels; `convolutions` makes plain convolutions and products of that.
"""

import jax.numpy as jnp
import numpy as np

# Neighbouring columns that are channels together: as many as a TPU's registers
# have rows. Half as many columns come out of a layer of stride 2.
WIDE = 8


def window_matrix(kernel):
  """(k, k, C, F) -> (k * k * C, F), rows in the order of `windows`."""
  size, _, channels, features = kernel.shape
  k = kernel.reshape(size // 2, 2, size // 2, 2, channels, features)
  return k.transpose(0, 2, 1, 3, 4, 5).reshape(-1, features)


def block_matrix(kernel):
  """(k, k, C, F) -> (4 C, t * t * F): from a block to all its windows."""
  size, _, channels, features = kernel.shape
  k = kernel.reshape(size // 2, 2, size // 2, 2, channels, features)
  return k.transpose(1, 3, 4, 0, 2, 5).reshape(4 * channels, -1)


def blocks(x, size):
  """Pads by t - 1 and takes 2x2 blocks of pixels as channels.

  (B, H, W, C) -> (B, H/2 + t - 1, W/2 + t - 1, 4 C).
  """
  p = size // 2 - 1
  x = jnp.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
  b, h, w, c = x.shape
  x = x.reshape(b, h // 2, 2, w // 2, 2 * c).swapaxes(2, 3)
  return x.reshape(b, h // 2, w // 2, 4 * c)


def unblocks(s, size):
  """Transpose of `blocks`."""
  p = size // 2 - 1
  b, h, w, c = s.shape
  x = s.reshape(b, h, w, 2, c // 2).swapaxes(2, 3)
  x = x.reshape(b, 2 * h, 2 * w, c // 4)
  return x[:, p : 2 * h - p, p : 2 * w - p]


def windows(s, size):
  """Puts the t x t windows' blocks side by side in the channels.

  (B, H/2 + t - 1, W/2 + t - 1, 4 C) -> (B, H/2, W/2, k * k * C).
  """
  t = size // 2
  _, h, w, _ = s.shape
  windows = [
    s[:, i : h - t + 1 + i, j : w - t + 1 + j] for i, j in np.ndindex(t, t)
  ]
  return jnp.concatenate(windows, -1)


def add_windows(windows, size):
  """Transpose of `windows`."""
  t = size // 2
  return sum(
    jnp.pad(window, ((0, 0), (i, t - 1 - i), (j, t - 1 - j), (0, 0)))
    for (i, j), window in zip(
      np.ndindex(t, t), jnp.split(windows, t * t, -1), strict=True
    )
  )


def spread(y, size):
  """Puts y beside every block that its window holds, a place after another.

  (B, H/2, W/2, F) -> (B, H/2 + t - 1, W/2 + t - 1, t * t * F).
  """
  t = size // 2
  copies = [
    jnp.pad(y, ((0, 0), (i, t - 1 - i), (j, t - 1 - j), (0, 0)))
    for i, j in np.ndindex(t, t)
  ]
  return jnp.concatenate(copies, -1)


def gather(parts, size):
  """Transpose of `spread`: adds what the blocks of a window give it."""
  t = size // 2
  _, h, w, _ = parts.shape
  return sum(
    part[:, i : h - t + 1 + i, j : w - t + 1 + j]
    for (i, j), part in zip(
      np.ndindex(t, t), jnp.split(parts, t * t, -1), strict=True
    )
  )


def shifted(y, size):
  """Copies of y, one for each place that a block has in a window.

  Channels come first, because XLA would transpose the large result instead.
  (B, H/2, W/2, F) -> (t * t * F, B, H/2 + t - 1, W/2 + t - 1).
  """
  t = size // 2
  y = jnp.moveaxis(y, -1, 0)
  copies = [
    jnp.pad(y, ((0, 0), (0, 0), (i, t - 1 - i), (j, t - 1 - j)))
    for i, j in np.ndindex(t, t)
  ]
  return jnp.concatenate(copies, 0)


def wide_kernel(kernel):
  """Kernel of a convolution from `WIDE` columns to half as many.

  (k, k, C, F) -> (k, 3, WIDE C, WIDE/2 F): a column beyond one's own group of
  columns is in the group before or after.
  """
  size, _, channels, features = kernel.shape
  first = (
    WIDE + 1 - size // 2
  )  # column that the first output's kernel begins at
  wide = [
    jnp.pad(kernel, ((0, 0), (left, 3 * WIDE - size - left), (0, 0), (0, 0)))
    for left in range(first, first + WIDE, 2)
  ]
  wide = jnp.stack(wide, 3)
  return wide.reshape(size, 3, WIDE * channels, WIDE // 2 * features)


def together(x, count):
  """(B, H, W, C) -> (B, H, W / count, count C)."""
  b, h, w, c = x.shape
  return x.reshape(b, h, w // count, count * c)


def apart(x, count):
  """Inverse of `together`."""
  b, h, w, c = x.shape
  return x.reshape(b, h, w * count, c // count)
