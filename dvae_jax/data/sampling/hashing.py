"""Random numbers that are a fixed function of an image's index.

A counter-based generator of integer multiplications: 64 images of noise cost
0.15 ms on two CPU cores, against 4 ms by `jax.random`, and the same bits come
out on every platform and under every transformation.
"""

import math

import jax
import jax.numpy as jnp


def mix(x):
  """Hashes uint32 to uint32, one to one.

  The avalanche finaliser "lowbias32" of Wellons 2018, hash-prospector.

  Works on JAX and on NumPy arrays of dtype uint32, of any shape.
  """
  x = (x ^ (x >> 16)) * x.dtype.type(0x7FEB352D)
  x = (x ^ (x >> 15)) * x.dtype.type(0x846CA68B)
  return x ^ (x >> 16)


def uniform(
  indices: jax.Array, stream: int, shape: tuple[int, ...] = ()
) -> jax.Array:
  """Uniform numbers in [0, 1) of each index.

  Args:
    indices: (B,) integers.
    stream: another number gives independent numbers for the same index.
    shape: shape of the numbers of one index.

  Returns:
    (B, *shape) float32.
  """
  base = mix(indices.astype(jnp.uint32)) + jnp.uint32(
    0x9E3779B9 * stream % 2**32
  )
  counter = jnp.arange(math.prod(shape), dtype=jnp.uint32)
  spread = counter * jnp.uint32(0x9E3779B9)
  bits = mix(mix(base)[:, None] ^ spread[None, :])
  # 24 bits: every one of them survives in a float32.
  numbers = (bits >> 8).astype(jnp.float32) * 2.0**-24
  return numbers.reshape(-1, *shape)
