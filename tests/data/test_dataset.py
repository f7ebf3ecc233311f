"""What is asked of a data set whatever it holds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data.dataset import Dataset, draw_indices, factors_of

GRID = Dataset(
  "g", "rendered", (1, 1, 1), 24, ("a", "b", "c"), (2, 3, 4), (), None
)


def test_factors_of_a_grid_are_those_of_its_order():
  indices = np.array([23, 0, 5, 5, 12])
  for found in (
    factors_of(GRID, indices),
    jax.jit(lambda indices: factors_of(GRID, indices))(indices),
  ):
    assert found.dtype == jnp.int32
    expected = np.transpose(np.unravel_index(indices, (2, 3, 4)))
    np.testing.assert_array_equal(found, expected)


def test_factors_of_a_table_are_its_rows():
  table = np.random.default_rng(0).integers(0, 300, (24, 2))
  dataset = GRID._replace(factor_sizes=(), factors=table)
  indices = jnp.array([3, 3, 20])
  for found in (
    factors_of(dataset, indices),
    jax.jit(lambda indices: factors_of(dataset, indices))(indices),
  ):
    assert found.dtype == jnp.int32
    np.testing.assert_array_equal(found, table[[3, 3, 20]])


def test_factors_of_a_split_grid_are_those_of_the_whole_one():
  fields = {"name": "dsprites", "resolution": 8, "stride": (1, 2, 10, 8, 8)}
  split = data.load({**fields, "holdout": "shape=heart"})
  indices = np.arange(split.num_images)
  np.testing.assert_array_equal(
    factors_of(split, indices), factors_of(data.load(fields), indices)
  )


def test_images_without_factors_have_none():
  dataset = GRID._replace(factor_names=(), factor_sizes=())
  with pytest.raises(ValueError, match=r"data.name: 'g' has no ground-truth"):
    factors_of(dataset, jnp.arange(2))


def test_indices_are_uniform_over_all_images():
  draw = jax.jit(lambda key: draw_indices(GRID, (), key, 24_000))
  indices = draw(jax.random.key(0))
  assert indices.dtype == jnp.int32
  # 1,000 of each are expected, with a standard deviation of 31.
  counts = np.bincount(indices, minlength=24)
  np.testing.assert_allclose(counts, 1000, atol=5 * 31)
