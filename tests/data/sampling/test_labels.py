"""Which images have labels, and how batches of them are drawn."""

from math import prod

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from dvae_jax import config
from dvae_jax.data.dataset import Dataset, sizes_of
from dvae_jax.data.sampling import labels, splits

SIZES = (10, 20, 30)
KEY = jax.random.PRNGKey(0)


def grid(**fields):
  plain = Dataset(
    "g", "rendered", (1, 1, 1), prod(SIZES), tuple("abc"), SIZES, (), None
  )
  return splits.apply(plain, ConfigDict({**config.DATA, **fields}))


def test_as_many_as_asked_for_have_labels_all_over_the_grid():
  chosen = labels.labelled(grid(), 600)
  assert len(set(chosen.tolist())) == 600
  table = np.unravel_index(chosen, SIZES)
  # 60 of each value of the first factor are expected, +- 7.
  assert np.abs(np.bincount(table[0]) - 60).max() < 5 * 7
  # A hundred of them are among a thousand of them.
  assert set(labels.labelled(grid(), 100)) < set(chosen)


def test_images_that_are_held_out_have_none():
  dataset = grid(holdout="a=3")
  chosen = labels.labelled(dataset, 10_000)
  assert len(chosen) == 5400
  assert not np.isin(chosen, dataset.held_out).any()


def test_a_batch_is_of_any_images_and_then_of_labelled_ones():
  dataset = grid(heldout_fraction=0.5)
  draw = lambda key: np.split(
    np.asarray(
      labels.draw(key, dataset, dataset.arrays, 500, num_changed=0, count=40)
    ),
    2,
  )
  any_images, some = draw(KEY)
  known = labels.labelled(dataset, 40)
  assert set(some) == set(known)
  assert len(set(any_images)) > 300
  assert not np.isin(any_images, dataset.held_out).any()
  assert (draw(jax.random.PRNGKey(1))[1] != some).any()


def test_images_without_factors_are_refused():
  bare = grid()._replace(factor_names=(), factor_sizes=())
  with pytest.raises(ValueError, match="labels need a data set with ground"):
    labels.check(bare, 0)
  table = np.array([[0, 4], [2, 1]])
  labels.check(bare._replace(factors=table), 0)
  assert sizes_of(bare._replace(factors=table)) == (3, 5)
  assert sizes_of(bare) == ()
