"""Pairs are training images that differ in as many factors as asked for."""

from itertools import combinations, product
from math import comb, prod

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict
from scipy import stats

from dvae_jax import config, data
from dvae_jax.data.dataset import Dataset, draw_indices
from dvae_jax.data.sampling import pairs, splits

DSPRITES = (3, 6, 40, 32, 32)
KEY = jax.random.PRNGKey(0)
SPLITS = [
  {"holdout": "f0=2,f3>15"},
  {"heldout_fraction": 0.5},
  {"correlate": "f3,f4"},
  {"holdout": "f0=2,f3>15", "heldout_fraction": 0.5},
  {"holdout": "f0=2,f3>15", "correlate": "f3,f4"},
  {"heldout_fraction": 0.5, "correlate": "f3,f4"},
  {"holdout": "f0=2,f3>15", "heldout_fraction": 0.5, "correlate": "f3,f4"},
]


def grid(sizes, **fields):
  """A grid whose images nobody looks at, with a split."""
  names = tuple(f"f{k}" for k in range(len(sizes)))
  plain = Dataset(
    "g", "rendered", (1, 1, 1), prod(sizes), names, sizes, (), None
  )
  return splits.apply(plain, ConfigDict({**config.DATA, **fields}))


def draw(dataset, num_changed, batch=2000, key=KEY):
  """(B,) indices of the first and of the second images."""
  drawn = jax.jit(
    lambda arrays, key: pairs.draw(
      key, dataset, arrays, batch, num_changed=num_changed
    )
  )(dataset.arrays, key)
  assert drawn.dtype == jnp.int32
  assert 0 <= drawn.min() <= drawn.max() < dataset.num_images
  return np.asarray(drawn[:batch]), np.asarray(drawn[batch:])


def changes(sizes, num_changed, batch=2000, key=KEY, **fields):
  """(B, K) factors of the first and of the second images."""
  drawn = draw(grid(sizes, **fields), num_changed, batch, key)
  return [np.array(np.unravel_index(half, sizes)).T for half in drawn]


@pytest.mark.parametrize("num_changed", [1, 2, 5])
@pytest.mark.parametrize("sizes", [DSPRITES, (2, 2, 2, 2, 2)])
def test_exactly_that_many_factors_change(sizes, num_changed):
  first, second = changes(sizes, num_changed)
  np.testing.assert_array_equal((first != second).sum(1), num_changed)


def test_without_a_split_nothing_changed():
  # Drawn with the code before splits counted, from the same key.
  dataset = data.load({"name": "dsprites", "resolution": 8})
  key = jax.random.PRNGKey(3)
  for num_changed, partners in [
    (0, [664668, 319173, 648294, 649574]),
    (2, [706524, 73413, 620646, 649580]),
  ]:
    first, second = draw(dataset, num_changed, 4, key)
    np.testing.assert_array_equal(first, [474076, 72795, 402534, 526694])
    np.testing.assert_array_equal(second, partners)


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


@pytest.mark.parametrize("fields", [{}, SPLITS[-1]])
def test_keys_decide(fields):
  first, second = changes(DSPRITES, 2, **fields)
  again = changes(DSPRITES, 2, **fields)
  np.testing.assert_array_equal((first, second), again)
  other = changes(DSPRITES, 2, key=jax.random.PRNGKey(1), **fields)
  assert (first != other[0]).any()
  assert (second != other[1]).any()


@pytest.mark.parametrize("fields", [{}, {"holdout": "f0=2"}])
def test_lanes_draw_what_each_draws_alone(fields):
  dataset = grid(DSPRITES, **fields)
  keys = jax.random.split(KEY)
  one = jax.jit(
    lambda key: pairs.draw(key, dataset, dataset.arrays, 9, num_changed=1)
  )
  alone = np.stack([one(key) for key in keys])
  np.testing.assert_array_equal(jax.vmap(one)(keys), alone)
  # Inside a loop, as in the training step.
  both = jax.lax.fori_loop(
    0,
    2,
    lambda i, drawn: drawn.at[i].set(one(keys[i])),
    jnp.zeros((2, 18), int),
  )
  np.testing.assert_array_equal(both, alone)


@pytest.mark.parametrize(
  ("fields", "num_changed"),
  [(fields, 1) for fields in SPLITS] + [(SPLITS[-1], 0), (SPLITS[-1], 3)],
)
def test_both_halves_are_training_images(fields, num_changed):
  dataset = grid(DSPRITES, **fields)
  drawn = draw(dataset, num_changed, batch=4000)
  if dataset.held_out is not None:
    assert not np.isin(drawn, dataset.held_out).any()
  factors = [np.array(np.unravel_index(half, DSPRITES)).T for half in drawn]
  count = (factors[0] != factors[1]).sum(1)
  if num_changed:
    np.testing.assert_array_equal(count, num_changed)
  assert set(count) <= {1, 2, 3, 4}


def law(sizes, chosen, weight, num_changed):
  """(N, N) probabilities of pairs by enumeration: p(x1) p(x2) w(S)."""
  p = np.where(chosen, weight, 0.0).ravel()
  table = np.zeros((len(p), len(p)))
  places = list(product(*map(range, sizes)))
  for (i, a), (j, b) in product(enumerate(places), repeat=2):
    changed = [k for k in range(len(sizes)) if a[k] != b[k]]
    k = len(changed)
    if k in ([num_changed] if num_changed else range(1, len(sizes))):
      values = prod(sizes[c] - 1 for c in changed)
      table[i, j] = p[i] * p[j] / (comb(len(sizes), k) * values)
  return table / table.sum()


@pytest.mark.parametrize("num_changed", [0, 1, 2])
@pytest.mark.parametrize("correlated", [False, True])
def test_the_law_is_that_of_the_docstring(num_changed, correlated):
  sizes = (2, 3, 4)
  a, b, c = np.indices(sizes)
  chosen = ~((a == 1) & (c > 1))  # held out: f0=1,f2>1
  weight = np.ones(sizes)
  fields = {"holdout": "f0=1,f2>1"}
  if correlated:
    # exp(-(c1 - c2)^2 / 2 sigma^2) is the probability of a pair of values of f1
    # and f2, shared by its training images: one where f2 > 1, else two.
    fields |= {"correlate": "f1,f2", "correlation_strength": 0.3}
    weight = np.exp(-((b / 2 - c / 3) ** 2) / (2 * 0.3**2)) / chosen.sum(0)
  expected = 100_000 * law(sizes, chosen, weight, num_changed).ravel()
  first, second = draw(grid(sizes, **fields), num_changed, batch=100_000)
  counts = np.bincount(first * 24 + second, minlength=24**2)
  assert not counts[expected == 0].any()
  rare = expected < 10
  counts = np.append(counts[~rare], counts[rare].sum())
  expected = np.append(expected[~rare], expected[rare].sum())
  counts, expected = counts[expected > 0], expected[expected > 0]
  assert stats.chisquare(counts, expected).pvalue > 1e-4


@pytest.mark.parametrize(("num_changed", "expected"), [(1, 0.852), (4, 0.770)])
def test_both_halves_keep_the_correlation(num_changed, expected):
  dataset = grid(DSPRITES, correlate="f3,f4")
  alone = draw_indices(dataset, dataset.arrays, KEY, 20_000)
  drawn = draw(dataset, num_changed, batch=20_000)
  found = [
    np.corrcoef(*np.unravel_index(half, DSPRITES)[3:])[0, 1]
    for half in (np.asarray(alone), *drawn)
  ]
  # Sums over the 32 x 32 values of exp(-(c1 - c2)^2 / 2 sigma^2), sigma 0.2,
  # times that of the partner for pairs; a partner from the full grid has .46.
  np.testing.assert_allclose(found[0], 0.782, atol=0.01)
  np.testing.assert_allclose(found[1:], expected, atol=0.01)


def test_images_that_a_data_set_holds_out_itself_are_no_partners():
  dataset = data.load(
    {"name": "petals", "variant": "punctured_grid", "resolution": 32}
  )
  drawn = draw(dataset, 1, batch=4000)
  assert not np.isin(drawn, dataset.held_out).any()


@pytest.mark.parametrize(
  ("sizes", "num_changed", "message"),
  [
    ((3, 4), -2, "data.pair_changes=-2.*-1.*0.*2"),
    ((3, 4), 3, "data.pair_changes=3.*2"),
    ((3, 1, 4), 3, "data.pair_changes=3.*2"),
    ((3, 1), 0, "data.pair_changes=0.*two"),
    ((), 1, "grid of factors"),
  ],
)
def test_impossible_pairs_are_refused(sizes, num_changed, message):
  dataset = grid(sizes)
  with pytest.raises(ValueError, match=message):
    draw(dataset, num_changed)
  with pytest.raises(ValueError, match=message):
    pairs.check(dataset, num_changed)


@pytest.mark.parametrize(
  ("fields", "num_changed", "message"),
  [
    # Only f0 = 0 is left, so that f0 can't change.
    ({"holdout": "f0!=0"}, 3, r"=3: .* of 0 .*data.holdout='f0!=0'"),
    # 9 of 12,000 images are left, and some pairs of them.
    ({"heldout_fraction": 0.9995}, 3, r"of 0.000\d+ .*heldout_fraction=0.9995"),
    # f1 = f2 / 2 always, so that neither changes alone.
    (
      {"correlate": "f1,f2", "correlation_strength": 1e-3, "holdout": "f0!=0"},
      1,
      r"data.correlate='f1,f2', data.correlation_strength=0.001",
    ),
  ],
)
def test_pairs_that_a_split_leaves_too_rare_are_refused(
  fields, num_changed, message
):
  dataset = grid((40, 20, 15), **fields)
  with pytest.raises(ValueError, match=r"data.pair_changes=\d: of 16,384"):
    pairs.check(dataset, num_changed)
  with pytest.raises(ValueError, match=message):
    pairs.check(dataset, num_changed)


@pytest.mark.parametrize("fields", [{}, *SPLITS[-2:]])
def test_possible_pairs_are_not_refused(fields):
  pairs.check(grid(DSPRITES, **fields), 1)
