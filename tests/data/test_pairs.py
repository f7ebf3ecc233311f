"""Pairs differ in as many factors as asked for, and do differ."""

from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.data.sampling.pairs import draw_pairs

DSPRITES = (3, 6, 40, 32, 32)
KEY = jax.random.PRNGKey(0)


def changes(factor_sizes, num_changed, batch=2000, key=KEY):
  """(B, K) factors of the first and of the second images."""
  size = int(np.prod(factor_sizes))
  indices = jnp.asarray(np.random.default_rng(1).integers(0, size, batch))
  first, second = jax.jit(draw_pairs, static_argnums=(2, 3))(
    key, indices, factor_sizes, num_changed
  )
  np.testing.assert_array_equal(first, indices)
  assert second.dtype == jnp.int32
  assert 0 <= second.min() <= second.max() < size
  unravel = lambda index: np.array(np.unravel_index(index, factor_sizes)).T
  return unravel(np.asarray(first)), unravel(np.asarray(second))


@pytest.mark.parametrize("num_changed", [1, 2, 5])
@pytest.mark.parametrize("factor_sizes", [DSPRITES, (2, 2, 2, 2, 2)])
def test_exactly_that_many_factors_change(factor_sizes, num_changed):
  first, second = changes(factor_sizes, num_changed)
  np.testing.assert_array_equal((first != second).sum(1), num_changed)


def test_every_set_of_factors_is_equally_likely():
  first, second = changes((2, 3, 4, 5), 2, batch=6000)
  sets = [tuple(np.flatnonzero(row)) for row in first != second]
  # 1,000 of each of 6 sets are expected, with a standard deviation of 29.
  for pair in combinations(range(4), 2):
    assert abs(sets.count(pair) - 1000) < 150


def test_a_changed_factor_takes_every_other_value_equally_often():
  first, second = changes((5,), 1, batch=10_000)
  for value in range(5):
    new = second[first == value]
    counts = np.bincount(new, minlength=5)
    assert counts[value] == 0
    others = np.delete(counts, value)
    # About 500 each, standard deviation 19.
    np.testing.assert_allclose(others, len(new) / 4, atol=100)


def test_zero_draws_the_number_for_every_pair():
  first, second = changes(DSPRITES, 0, batch=8000)
  counts = np.bincount((first != second).sum(1), minlength=6)
  # 1 to 4 of 5 factors, 2,000 each, standard deviation 39.
  assert counts[0] == counts[5] == 0
  np.testing.assert_allclose(counts[1:5], 2000, atol=200)


@pytest.mark.parametrize("num_changed", [0, 1, 2])
def test_factors_with_one_value_never_change(num_changed):
  first, second = changes((1, 4, 1, 3), num_changed)
  changed = first != second
  assert not changed[:, [0, 2]].any()
  expected = num_changed or 1  # 0 draws from 1 to 2 - 1
  np.testing.assert_array_equal(changed.sum(1), expected)


def test_keys_decide():
  _, second = changes(DSPRITES, 2)
  _, again = changes(DSPRITES, 2)
  _, other = changes(DSPRITES, 2, key=jax.random.PRNGKey(1))
  np.testing.assert_array_equal(second, again)
  assert (second != other).any()


def test_pairs_are_drawn_per_lane_under_vmap():
  indices = jnp.arange(6, dtype=jnp.int32).reshape(2, 3)
  keys = jax.random.split(KEY)
  draw = jax.jit(lambda key, index: draw_pairs(key, index, DSPRITES, 1)[1])
  lanes = jax.vmap(draw)(keys, indices)
  alone = [draw(*lane) for lane in zip(keys, indices, strict=True)]
  np.testing.assert_array_equal(lanes, alone)


@pytest.mark.parametrize(
  ("factor_sizes", "num_changed", "message"),
  [
    ((3, 4), -1, "data.pair_changes=-1.*0.*2"),
    ((3, 4), 3, "data.pair_changes=3.*2"),
    ((3, 1, 4), 3, "data.pair_changes=3.*2"),
    ((3, 1), 0, "data.pair_changes=0.*two"),
    ((), 1, "grid of factors"),
  ],
)
def test_impossible_pairs_are_refused(factor_sizes, num_changed, message):
  with pytest.raises(ValueError, match=message):
    draw_pairs(KEY, jnp.zeros(2, jnp.int32), factor_sizes, num_changed)
