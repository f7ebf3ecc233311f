"""Grid arithmetic shared by the rendered data sets."""

import jax
import jax.numpy as jnp
import numpy as np


def thin(
  names: tuple[str, ...], sizes: tuple[int, ...], stride
) -> tuple[tuple[int, ...], tuple[int, ...]]:
  """Sizes of the coarser grid that keeps values 0, s, 2s, ... of each factor.

  A stride of at least a factor's size keeps one value of it.

  Args:
    names: names of the K factors, for the message.
    sizes: number of values of each.
    stride: K positive integers, or () for all ones.

  Returns:
    The K sizes that are left, and the K strides.

  Raises:
    ValueError: there are not K positive integers.
  """
  strides = tuple(stride) if isinstance(stride, (tuple, list)) else (stride,)
  strides = strides or (1,) * len(sizes)
  whole = all(isinstance(s, (int, np.integer)) and s >= 1 for s in strides)
  if len(strides) != len(sizes) or not whole:
    raise ValueError(
      f"data.stride is {strides}; allowed: () or {len(sizes)} integers of at"
      f" least 1, one for each of {', '.join(names)}"
    )
  strides = tuple(int(s) for s in strides)
  return tuple(-(-n // s) for n, s in zip(sizes, strides, strict=True)), strides


def unravel(indices: jax.Array, sizes: tuple[int, ...]) -> list[jax.Array]:
  """Factors of row-major indices: K arrays shaped like `indices`."""
  factors = []
  for size in reversed(sizes):
    factors.append(indices % size)
    indices = indices // size
  return factors[::-1]


def native(factors: list[jax.Array], strides: tuple[int, ...]) -> list:
  """Factors of the full grid from those of the thinned one."""
  return [f * s for f, s in zip(factors, strides, strict=True)]


def ravel(factors: list[jax.Array], sizes: tuple[int, ...]) -> jax.Array:
  """Row-major index of K arrays of factors."""
  index = jnp.zeros_like(factors[0])
  for factor, size in zip(factors, sizes, strict=True):
    index = index * size + factor
  return index


def check_resolution(resolution: int, allowed: tuple[int, ...]) -> int:
  """The resolution in pixels, `allowed[0]` for 0; raises ValueError."""
  if resolution == 0:
    return allowed[0]
  if resolution not in allowed:
    raise ValueError(
      f"data.resolution is {resolution}; allowed: 0 for {allowed[0]}, or one of"
      f" {allowed}"
    )
  return int(resolution)


def thin_values(values: tuple, strides: tuple[int, ...]) -> tuple:
  """Every s-th value of each factor."""
  return tuple(v[::s] for v, s in zip(values, strides, strict=True))
