"""From one image to the next: factors move, mostly by little."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset


def moving(dataset: Dataset) -> tuple[int, ...]:
  """Indices of the factors that can move: several values, and not words.

  Klindt et al. 2021 (arXiv:2007.10930), whose categorical factors stay; here
  those are the factors whose values have names.
  """
  values = dataset.factor_values or ((),) * len(dataset.factor_sizes)
  words = [any(isinstance(v, str) for v in own) for own in values]
  sizes = enumerate(dataset.factor_sizes)
  return tuple(k for k, size in sizes if size > 1 and not words[k])


def draw(key: Array, first: Array, dataset: Dataset) -> Array:
  """Moves every factor by a step of a Laplace distribution, cut to its values.

  Klindt et al. 2021 (arXiv:2007.10930), LAP, and the authors' code
  (bethgelab/slow_disentanglement), at its rate of 1: of n values, v follows u
  with a probability in proportion to exp(-|v - u| / log n), each factor apart.
  Where nothing has moved, one factor, drawn uniformly, moves by such a step
  that isn't 0. Steps of 0 are the likeliest ones of every factor, so that few
  factors move far.

  Args:
    key: JAX key.
    first: (B,) indices of images of the full grid.
    dataset: a grid (static).

  Returns:
    (B,) int32 indices.
  """
  sizes, movable = dataset.factor_sizes, moving(dataset)
  step_key, which_key, forced_key = jax.random.split(key, 3)
  factors = jnp.stack(grids.unravel(first, sizes), axis=1)
  drawn = jax.random.randint(which_key, first.shape, 0, len(movable))
  which = jnp.asarray(movable, jnp.int32)[drawn]
  free, forced = [*factors.T], [*factors.T]
  for k in movable:
    own, keys = factors[:, k], (step_key, forced_key)
    apart = jnp.abs(jnp.arange(sizes[k])[None] - own[:, None])
    logits = -apart / np.log(sizes[k])
    away = jnp.where(apart == 0, -jnp.inf, logits)
    steps = [
      jax.random.categorical(jax.random.fold_in(key, k), values)
      for key, values in zip(keys, (logits, away), strict=True)
    ]
    free[k], forced[k] = steps[0], jnp.where(which == k, steps[1], own)
  still = (jnp.stack(free, axis=1) == factors).all(axis=1)
  moved = [jnp.where(still, a, b) for a, b in zip(forced, free, strict=True)]
  return grids.ravel(moved, sizes).astype(jnp.int32)
