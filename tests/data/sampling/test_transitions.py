"""Laplace transitions have the authors' probabilities."""

from math import prod

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict
from scipy import stats

from dvae_jax import config, data
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.sampling import groups, pairs, splits, transitions

KEY = jax.random.PRNGKey(1)
SIZES = (3, 4, 1, 5)
VALUES = (("square", "ellipse", "heart"), (1, 2, 3, 4), (0,), ())


def grid(**fields):
  """A grid of words, numbers, one value and unnamed values."""
  plain = Dataset(
    "g", "rendered", (1, 1, 1), prod(SIZES), tuple("abcd"), SIZES, (), None,
    factor_values=VALUES,
  )  # fmt: skip
  return splits.apply(plain, ConfigDict({**config.DATA, **fields}))


def followers(start):
  """(4, 5) probabilities of what follows: as dataset.py has them, in float64.

  slow_disentanglement, scripts/dataset.py, truncated_laplace, rate 1.
  """
  own, other = [], []
  for u, n in zip(start, (4, 5), strict=True):
    density = stats.laplace.pdf(np.arange(n), loc=u, scale=np.log(n))
    own.append(density / density.sum())
    density[u] = 0
    other.append(density / density.sum())
  found = np.outer(*own)
  rest = found[tuple(start)]
  found[tuple(start)] = 0
  found[:, start[1]] += rest / 2 * other[0]
  found[start[0]] += rest / 2 * other[1]
  return found


@pytest.mark.parametrize("start", [(0, 0), (1, 4), (3, 2)])
def test_what_follows_has_the_authors_probabilities(start):
  number = 40_000
  first = np.ravel_multi_index((2, start[0], 0, start[1]), SIZES)
  drawn = transitions.draw(KEY, np.full(number, first, np.int32), grid())
  assert drawn.dtype == np.int32
  a, b, c, d = np.unravel_index(np.asarray(drawn), SIZES)
  assert set(a) == {2}
  assert set(c) == {0}
  counts = np.zeros((4, 5))
  np.add.at(counts, (b, d), 1)
  expected = followers(start)
  assert counts[start] == 0
  deviation = np.sqrt(number * expected * (1 - expected)) + 1e-9
  assert np.abs((counts - number * expected) / deviation).max() < 4


def test_pairs_follow_a_split_and_leave_held_out_images_out():
  dataset = grid(holdout="b=1")
  drawn = pairs.draw(KEY, dataset, dataset.arrays, 500, num_changed=-1)
  values = np.unravel_index(np.asarray(drawn), SIZES)[1]
  assert set(values) == {0, 2, 3}
  first, second = np.split(np.asarray(drawn), 2)
  assert (first != second).all()


def test_shapes_of_dsprites_stay_and_positions_move_by_little():
  dataset = data.load({"name": "dsprites", "resolution": 8})
  assert transitions.moving(dataset) == (1, 2, 3, 4)
  drawn = pairs.draw(KEY, dataset, dataset.arrays, 4000, num_changed=-1)
  halves = np.split(np.asarray(drawn), 2)
  first, second = (
    np.stack(np.unravel_index(h, (3, 6, 40, 32, 32))) for h in halves
  )
  steps = np.abs(first - second)
  assert not steps[0].any()
  # Without truncation |v - u| of 32 values would be log 32 = 3.5 on average;
  # of values drawn uniformly, 10.7.
  assert 2.5 < steps[3:].mean() < 3.5


def test_words_alone_cannot_move():
  words = grid()._replace(factor_values=(("a", "b"),) * 4)
  with pytest.raises(ValueError, match=r"pair_changes=-1, Laplace.* words"):
    pairs.check(words, -1)
  with pytest.raises(ValueError, match="pair_changes=-1: 0 or 1 expected"):
    groups.check(grid(), -1)
