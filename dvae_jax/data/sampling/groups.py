"""Groups of training images in which one factor varies, on the device."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset, draw_indices

SIZE = 20  # images of a group (Kulkarni et al. 2015, the authors' code)


def draw(
  key: Array, dataset: Dataset, arrays, batch_size: int, *, num_changed: int
) -> Array:
  """Draws groups of training images of a grid data set.

  Kulkarni et al. 2015 (arXiv:1503.03167), section 3.1: a factor is drawn for
  each group, uniformly from those with more than one value, and all else is the
  same in it. Its first image is drawn as any training image; each of the others
  has a value of that factor that is drawn from the training distribution given
  all else, by rejection. So a value may come twice.

  Args:
    key: JAX key.
    dataset: a grid (static).
    arrays: `dataset.arrays`, as traced arrays.
    batch_size: B, the number of groups (static).
    num_changed: not used.

  Returns:
    (SIZE B,) int32 indices: every group's first image, then the second ones,
    and so on.
  """
  first_key, which_key, others_key = jax.random.split(key, 3)
  sizes = np.array(dataset.factor_sizes, np.int32)
  first = draw_indices(dataset, arrays, first_key, batch_size)
  drawn = jax.random.randint(
    which_key, (batch_size,), 0, int((sizes > 1).sum())
  )
  which = jnp.asarray(np.flatnonzero(sizes > 1), jnp.int32)[drawn]
  shape = (SIZE - 1, batch_size)

  def candidates(key):
    value_key, luck_key = jax.random.split(key)
    many = jnp.asarray(sizes)[which][None, :]
    values = jax.random.randint(value_key, shape, 0, many)
    factors = grids.unravel(first, dataset.factor_sizes)
    found = grids.ravel(
      [
        jnp.where(which[None] == k, values, factor[None])
        for k, factor in enumerate(factors)
      ],
      dataset.factor_sizes,
    ).astype(jnp.int32)
    if dataset.acceptance is None:
      return found, jnp.ones(shape, bool)
    accepted = dataset.acceptance(arrays, found.reshape(-1)).reshape(shape)
    return found, jax.random.uniform(luck_key, shape) < accepted

  def redraw(state):
    tries, others, done = state
    fresh, good = candidates(jax.random.fold_in(others_key, tries))
    return tries + 1, jnp.where(done, others, fresh), done | good

  none = jnp.zeros(shape, jnp.int32), jnp.zeros(shape, bool)
  # The first image's own value can be accepted: this ends.
  _, others, _ = jax.lax.while_loop(
    lambda state: ~state[2].all(), redraw, (jnp.int32(0), *none)
  )
  return jnp.concatenate([first[None], others]).reshape(-1)


def check(dataset: Dataset, num_changed: int) -> None:
  """Refuses data sets without groups.

  Args:
    dataset: as loaded, with its split.
    num_changed: `config.data.pair_changes`.

  Raises:
    ValueError: the data set is no grid with a factor of two values or more, or
      more than one factor is to vary.
  """
  if not any(size > 1 for size in dataset.factor_sizes):
    raise ValueError(
      "data.name: groups need a data set whose images are a grid with a factor"
      f" of two values or more; {dataset.name!r} has {dataset.factor_sizes}"
    )
  if num_changed not in (0, 1):
    raise ValueError(
      f"data.pair_changes={num_changed}: 0 or 1 expected; one factor varies in"
      " a group"
    )
