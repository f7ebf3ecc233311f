"""A few training images with labels, beside all of them without."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dvae_jax.data.dataset import Dataset, draw_indices
from dvae_jax.data.sampling.hashing import mix


def labelled(dataset: Dataset, count: int) -> np.ndarray:
  """Which training images have labels: the same in every lane and run.

  Args:
    dataset: as loaded, with its split.
    count: how many; all training images where there are fewer.

  Returns:
    (M,) int32 indices, ascending; a hash of the index chose them.
  """
  train = np.arange(dataset.num_images, dtype=np.uint32)
  if dataset.held_out is not None:
    train = np.delete(train, dataset.held_out)
  chosen = train[np.argsort(mix(train), kind="stable")[:count]]
  return np.sort(chosen).astype(np.int32)


def draw(
  key: Array,
  dataset: Dataset,
  arrays,
  batch_size: int,
  *,
  num_changed: int,
  count: int,
) -> Array:
  """Draws a batch of training images, and one of those with labels.

  Locatello et al. 2020 (arXiv:1905.01258), section 3, whose labelled batch is
  as large as the other one.

  Args:
    key: JAX key.
    dataset: with factors (static).
    arrays: `dataset.arrays`, as traced arrays.
    batch_size: B (static).
    num_changed: not used.
    count: how many images have labels (static).

  Returns:
    (2B,) int32 indices: any training images, then those with labels.
  """
  any_key, labelled_key = jax.random.split(key)
  known = labelled(dataset, count)
  place = jax.random.randint(labelled_key, (batch_size,), 0, len(known))
  every = draw_indices(dataset, arrays, any_key, batch_size)
  return jnp.concatenate([every, jnp.asarray(known)[place]])


def check(dataset: Dataset, num_changed: int) -> None:
  """Refuses data sets without labels.

  Args:
    dataset: as loaded, with its split.
    num_changed: `config.data.pair_changes`, not used.

  Raises:
    ValueError: the data set has no factors.
  """
  if not dataset.factor_sizes and dataset.factors is None:
    raise ValueError(
      "data.name: labels need a data set with ground-truth factors;"
      f" {dataset.name!r} has none"
    )
