"""The one type that every data set is loaded into."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data import grids


class Dataset(NamedTuple):
  """A data set as a pure function from index to image.

  Attributes:
    name: registered name, such as "dsprites".
    source: "rendered", "tfds" or "file"; recorded in every result.
    image_shape: (H, W, C).
    num_images: N; indices are 0 to N - 1.
    factor_names: names of the ground-truth factors; () when there are none.
    factor_sizes: number of values of each factor, row-major: the last factor
      varies fastest, so index = ravel_multi_index(factors, factor_sizes).
      () when the images are not a full grid of their factors.
    arrays: pytree of what lives on the device.
    render: (arrays, indices (B,) int32) -> (B, H, W, C) float32 in [0, 1]; pure
      and jittable. None for a streamed data set, which has `read` instead.
    sample: (arrays, key, batch_size) -> (batch_size,) int32 training indices;
      pure and jittable. None draws uniformly from all images.
    acceptance: (arrays, indices (B,)) -> (B,) in [0, 1]: the probability with
      which `sample` draws an image, over that of the likeliest one; pure and
      jittable. None stands for 1 everywhere.
    num_train: number of images that `sample` can draw; 0 stands for all.
    held_out: (M,) indices that `sample` never draws, or None.
    factors: (N, K) integer factors of images that are no full grid, or None.
    weights: (N,) float32 sample weights, or None.
    read: (indices (B,) NumPy) -> (B, H, W, C) uint8 on the host: where a
      streamed data set's images come from.
    factor_values: for each factor the value, a name or a number, of each of its
      indices; () when they are only numbered.
    notes: what results record beside name and source (stride, resolution, crop,
      "look-alike", ...): JSON values only.
  """

  name: str
  source: str
  image_shape: tuple[int, int, int]
  num_images: int
  factor_names: tuple[str, ...]
  factor_sizes: tuple[int, ...]
  arrays: Any
  render: Callable[[Any, jax.Array], jax.Array] | None
  sample: Callable[[Any, jax.Array, int], jax.Array] | None = None
  acceptance: Callable[[Any, jax.Array], jax.Array] | None = None
  num_train: int = 0
  held_out: np.ndarray | None = None
  factors: np.ndarray | None = None
  weights: np.ndarray | None = None
  read: Callable[[np.ndarray], np.ndarray] | None = None
  factor_values: tuple[tuple[Any, ...], ...] = ()
  notes: dict[str, Any] = {}  # noqa: RUF012 - read only


def draw_indices(dataset: Dataset, arrays, key, batch_size: int) -> jax.Array:
  """Draws a batch of training indices.

  Args:
    dataset: the data set (static).
    arrays: `dataset.arrays`, as traced arrays.
    key: JAX key.
    batch_size: B (static).

  Returns:
    (B,) int32 indices.
  """
  if dataset.sample is not None:
    return dataset.sample(arrays, key, batch_size)
  return jax.random.randint(
    key, (batch_size,), 0, dataset.num_images, dtype=jnp.int32
  )


def factors_of(dataset: Dataset, indices: jax.Array) -> jax.Array:
  """Ground-truth factors of images; pure and jittable.

  Args:
    dataset: a grid, or a data set with a table of factors (static).
    indices: (B,) integers.

  Returns:
    (B, K) int32.

  Raises:
    ValueError: the data set has no factors.
  """
  if dataset.factor_sizes:
    factors = grids.unravel(jnp.asarray(indices), dataset.factor_sizes)
    return jnp.stack(factors, axis=-1).astype(jnp.int32)
  if dataset.factors is None:
    raise ValueError(
      f"data.name: {dataset.name!r} has no ground-truth factors; needed: a data"
      " set with a grid or a table of them"
    )
  return jnp.asarray(dataset.factors, jnp.int32)[indices]


def sizes_of(dataset: Dataset) -> tuple[int, ...]:
  """How many values each factor has: a table's up to its largest; () of none.

  Args:
    dataset: any.
  """
  if dataset.factor_sizes or dataset.factors is None:
    return dataset.factor_sizes
  return tuple(int(size) for size in dataset.factors.max(axis=0) + 1)
