"""Pairs of images that differ in exactly k factors, drawn on the device."""

from math import prod

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array


def draw_pairs(
  key: Array, indices: Array, factor_sizes: tuple[int, ...], num_changed: int
) -> tuple[Array, Array]:
  """Draws a partner for every image of a grid data set.

  Locatello et al. 2020 (arXiv:2002.02886), section 5. Which factors change is
  uniform over all sets of their number; each takes a value uniform over those
  it didn't have, so that it does change.

  Args:
    key: JAX key.
    indices: (B,) int32 indices of the pairs' first images.
    factor_sizes: number of values of each factor, the last varying fastest
      (static). A factor with a single value can't change.
    num_changed: how many factors change (static); 0 draws the number for every
      pair, uniform over 1 to one less than the factors that can change.

  Returns:
    Indices of the first and of the second images, each (B,) int32.

  Raises:
    ValueError: the data set has no factors, or not enough that can change.
  """
  _check(factor_sizes, num_changed)
  which_key, count_key, shift_key = jax.random.split(key, 3)
  sizes = np.array(factor_sizes, np.int32)[None, :]
  strides = np.array(
    [prod(factor_sizes[i + 1 :]) for i in range(len(factor_sizes))], np.int32
  )[None, :]
  factors = indices[:, None] // strides % sizes

  # A random order of the factors; those that can't change come last.
  order = jax.random.uniform(which_key, factors.shape)
  order = jnp.where(sizes > 1, order, jnp.inf)
  rank = jnp.argsort(jnp.argsort(order, axis=1), axis=1)
  count = num_changed or jax.random.randint(
    count_key, (indices.shape[0], 1), 1, int(np.sum(sizes > 1))
  )

  shift = jax.random.randint(shift_key, factors.shape, 1, jnp.maximum(sizes, 2))
  others = jnp.where(rank < count, (factors + shift) % sizes, factors)
  return indices, jnp.sum(others * strides, axis=1, dtype=jnp.int32)


def _check(factor_sizes: tuple[int, ...], num_changed: int) -> None:
  changeable = sum(size > 1 for size in factor_sizes)
  if not factor_sizes:
    raise ValueError(
      "data.name: pairs need a data set whose images are a grid of factors"
    )
  if num_changed == 0 and changeable < 2:
    raise ValueError(
      "data.pair_changes=0, a random number of factors, needs at least two with"
      f" more than one value; the data set's have {factor_sizes}"
    )
  if not 0 <= num_changed <= changeable:
    raise ValueError(
      f"data.pair_changes={num_changed}: allowed are 0 (random) to"
      f" {changeable}, the number of factors with more than one value in"
      f" {factor_sizes}"
    )
