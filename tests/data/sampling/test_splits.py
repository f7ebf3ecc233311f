"""Which images are trained on, and how often."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dvae_jax import data
from dvae_jax.data import draw_indices
from dvae_jax.data.sampling import splits

SMALL = {"name": "dsprites", "resolution": 8, "stride": (1, 2, 10, 4, 4)}


def draws(dataset, count, seed=0):
  draw = jax.jit(lambda arrays, key: draw_indices(dataset, arrays, key, count))
  return np.asarray(draw(dataset.arrays, jax.random.key(seed)))


def factors_of(dataset, indices):
  return np.unravel_index(indices, dataset.factor_sizes)


def test_nothing_to_do_changes_nothing():
  dataset = data.load(SMALL)
  assert dataset.sample is None
  assert dataset.num_train == 0
  assert dataset.held_out is None


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_hashed_fraction(fraction):
  held_out = splits.hashed_fraction(737280, fraction)
  # A fair coin for each image: within 5 sigma.
  sigma = (fraction * (1 - fraction) / 737280) ** 0.5
  np.testing.assert_allclose(held_out.mean(), fraction, atol=5 * sigma)
  # Every value of every factor loses its share: posY is the fastest one.
  by_value = held_out.reshape(-1, 32).mean(0)
  np.testing.assert_allclose(by_value, fraction, atol=5 * sigma * 32**0.5)
  # It depends on the index alone, and a larger fraction contains a smaller.
  np.testing.assert_array_equal(
    splits.hashed_fraction(1000, fraction), held_out[:1000]
  )
  assert (held_out | ~splits.hashed_fraction(737280, fraction / 2)).all()


def test_a_class_of_a_table_is_held_out_beside_the_test_images():
  dataset = data.load({"name": "digits", "holdout": "label=3"})
  threes = np.flatnonzero(dataset.factors[:, 0] == 3)
  np.testing.assert_array_equal(dataset.held_out, threes)
  assert dataset.num_train == 1797 - len(threes)
  assert not np.isin(draws(dataset, 5000), threes).any()
  with pytest.raises(ValueError, match=r"label=11.*no image.*\[10\] values"):
    data.load({"name": "digits", "holdout": "label=11"})


def test_training_draws_each_remaining_image_equally():
  dataset = data.load({**SMALL, "heldout_fraction": 0.25})
  assert dataset.num_train + len(dataset.held_out) == dataset.num_images
  counts = np.bincount(draws(dataset, 200000), minlength=dataset.num_images)
  assert not counts[dataset.held_out].any()
  kept = np.delete(counts, dataset.held_out)
  assert len(kept) == dataset.num_train
  assert stats.chisquare(kept).pvalue > 1e-6
  assert dataset.notes["heldout_fraction"] == 0.25


@pytest.mark.parametrize(
  ("expression", "images", "meets"),
  [
    ("shape=heart,posX>15", 122880, lambda s, c, o, x, y: (s == 2) & (x > 15)),
    ("shape!=0 , posY<=3", 61440, lambda s, c, o, x, y: (s != 0) & (y <= 3)),
    ("scale>=4", 245760, lambda s, c, o, x, y: c >= 4),
    (
      "orientation<1,shape=square",
      6144,
      lambda s, c, o, x, y: (o < 1) & (s < 1),
    ),
  ],
)
def test_combinations(expression, images, meets):
  dataset = data.load({"holdout": expression})
  held_out = np.zeros(737280, bool)
  held_out[dataset.held_out] = True
  np.testing.assert_array_equal(
    held_out, meets(*factors_of(dataset, np.arange(737280)))
  )
  # Products of the numbers of values: 1 x 6 x 40 x 16 x 32 for the first.
  assert held_out.sum() == images
  assert not held_out[draws(dataset, 5000)].any()
  assert dataset.num_train == 737280 - images
  assert dataset.notes["holdout"] == expression


def test_combinations_mean_the_same_in_a_thinned_grid():
  dataset = data.load({**SMALL, "holdout": "shape=heart,posX>15"})
  shape, _, _, x, _ = factors_of(dataset, np.arange(dataset.num_images))
  # posX keeps 0, 4, ... 28: those above 15 are the upper four.
  np.testing.assert_array_equal(
    dataset.held_out, np.flatnonzero((shape == 2) & (x >= 4))
  )


def test_fraction_and_combination_add_up():
  one = data.load({**SMALL, "heldout_fraction": 0.3}).held_out
  two = data.load({**SMALL, "holdout": "shape=ellipse"}).held_out
  both = data.load(
    {**SMALL, "heldout_fraction": 0.3, "holdout": "shape=ellipse"}
  ).held_out
  np.testing.assert_array_equal(both, np.union1d(one, two))


def gaussian(rows, columns, sigma):
  """Träuble et al. 2021: both factors scaled to [0, 1]."""
  c1 = np.linspace(0, 1, rows)[:, None]
  c2 = np.linspace(0, 1, columns)
  weight = np.exp(-((c1 - c2) ** 2) / (2 * sigma**2))
  return weight / weight.sum()


@pytest.mark.parametrize("sigma", [0.1, 0.4])
def test_correlated_pair(sigma):
  dataset = data.load(
    {**SMALL, "correlate": "shape, posY", "correlation_strength": sigma}
  )
  shape, scale, turn, x, y = factors_of(dataset, draws(dataset, 100000))
  counts = np.zeros((3, 8))
  np.add.at(counts, (shape, y), 1)
  expected = 100000 * gaussian(3, 8, sigma)
  common = expected > 5
  test = stats.chisquare(
    counts[common],
    expected[common] * counts[common].sum() / expected[common].sum(),
  )
  assert test.pvalue > 1e-6
  for factor, size in ((scale, 3), (turn, 4), (x, 8)):
    counts = np.bincount(factor, minlength=size)
    assert stats.chisquare(counts).pvalue > 1e-6
  assert dataset.held_out is None
  assert dataset.num_train == dataset.num_images


def test_correlated_pair_without_held_out_images():
  fields = {"correlate": "posX,posY", "holdout": "posX=0,posY=0"}
  dataset = data.load({**SMALL, **fields, "heldout_fraction": 0.5})
  drawn = draws(dataset, 100000)
  assert not np.isin(drawn, dataset.held_out).any()
  *_, x, y = factors_of(dataset, drawn)
  expected = gaussian(8, 8, 0.2)
  expected[0, 0] = 0
  counts = np.zeros((8, 8))
  np.add.at(counts, (x, y), 1)
  share = counts / counts.sum()
  np.testing.assert_allclose(share, expected / expected.sum(), atol=0.005)


def correlated_counts(expression, sigma=0.2):
  """How often each combination of SMALL's factors is drawn, and how likely."""
  fields = {"correlate": expression, "correlation_strength": sigma}
  dataset = data.load({**SMALL, **fields})
  drawn = draws(dataset, 200000)
  counts = np.bincount(drawn, minlength=dataset.num_images)
  return counts.reshape(dataset.factor_sizes)


def test_several_pairs_multiply():
  counts = correlated_counts("posX,posY; shape,scale")
  assert counts.shape == (3, 3, 4, 8, 8)
  positions, shapes = counts.sum((0, 1, 2)), counts.sum((2, 3, 4))
  total = counts.sum()
  for found, expected in (
    (positions, gaussian(8, 8, 0.2)),
    (shapes, gaussian(3, 3, 0.2)),
  ):
    np.testing.assert_allclose(found / total, expected, atol=0.004)
  # The two pairs are independent of each other.
  together = counts.sum(2).reshape(9, 64) / total
  product = np.outer(gaussian(3, 3, 0.2), gaussian(8, 8, 0.2))
  np.testing.assert_allclose(together, product, atol=0.003)


def test_a_confounder_is_paired_with_every_other_factor():
  counts = correlated_counts("scale,*", sigma=0.4)
  axes = np.meshgrid(
    *(np.linspace(0, 1, n) for n in counts.shape), indexing="ij"
  )
  away = sum((axes[1] - axes[other]) ** 2 for other in (0, 2, 3, 4))
  expected = np.exp(-away / (2 * 0.4**2))
  expected /= expected.sum()
  np.testing.assert_allclose(counts / counts.sum(), expected, atol=0.001)
  listed = correlated_counts(
    "scale,shape;scale,orientation;scale,posX;scale,posY", 0.4
  )
  np.testing.assert_allclose(
    counts / counts.sum(), listed / listed.sum(), atol=0.002
  )


def test_a_factor_may_be_in_two_pairs():
  counts = correlated_counts("posX,posY;posX,shape").sum((1, 2))  # shape, x, y
  shape, x, y = np.meshgrid(
    *(np.linspace(0, 1, n) for n in counts.shape), indexing="ij"
  )
  expected = np.exp(-((x - y) ** 2 + (x - shape) ** 2) / (2 * 0.2**2))
  share = counts / counts.sum()
  np.testing.assert_allclose(share, expected / expected.sum(), atol=0.004)


def test_images_stay_the_same():
  plain = data.load(SMALL)
  split = data.load(
    {**SMALL, "heldout_fraction": 0.5, "correlate": "posX,posY"}
  )
  indices = jnp.arange(50)
  np.testing.assert_array_equal(
    plain.render(plain.arrays, indices), split.render(split.arrays, indices)
  )


def test_sampling_is_pure():
  dataset = data.load(
    {**SMALL, "heldout_fraction": 0.5, "correlate": "posX,posY"}
  )
  np.testing.assert_array_equal(draws(dataset, 64), draws(dataset, 64))
  eager = draw_indices(dataset, dataset.arrays, jax.random.key(0), 64)
  np.testing.assert_array_equal(eager, draws(dataset, 64))
  assert eager.dtype == jnp.int32
  keys = jax.random.split(jax.random.key(1), 3)
  lanes = jax.vmap(lambda k: draw_indices(dataset, dataset.arrays, k, 64))(keys)
  for lane, key in zip(lanes, keys, strict=True):
    np.testing.assert_array_equal(
      lane, draw_indices(dataset, dataset.arrays, key, 64)
    )


@pytest.mark.parametrize(
  ("fields", "field", "found", "allowed"),
  [
    ({"heldout_fraction": 1.0}, "heldout_fraction", "1.0", "< 1"),
    ({"heldout_fraction": -0.1}, "heldout_fraction", "-0.1", "0 <="),
    ({"holdout": "colour=red"}, "holdout", "'colour'", "'posX'"),
    ({"holdout": "shape=hexagon"}, "holdout", "'hexagon'", "heart"),
    ({"holdout": "scale=0.5"}, "holdout", "'0.5'", "index"),
    ({"holdout": "shape"}, "holdout", "'shape'", "!="),
    ({"holdout": "posX>31"}, "holdout", "'posX>31'", "no image"),
    ({"holdout": "posX>=0"}, "holdout", "'posX>=0'", "no image"),
    ({"correlate": "posX"}, "correlate", "'posX'", "'posY'"),
    ({"correlate": "posX,posX"}, "correlate", "'posX,posX'", "'posY'"),
    ({"correlate": "posX,size"}, "correlate", "'size'", "'posY'"),
    ({"correlate": "posX,posY;"}, "correlate", "'posX,posY;'", "semicolons"),
    (
      {"correlate": "posX,posY;posY,posX"},
      "correlate",
      "'posX,posY;posY,posX'",
      "once",
    ),
    ({"correlate": "posX,*;posX,posY"}, "correlate", "posX,*", "once"),
    (
      {"correlate": "posX,posY", "stride": (1, 1, 1, 1, 32)},
      "correlate",
      "[32, 1]",
      "at least 2",
    ),
    (
      {"correlate": "posX,posY", "correlation_strength": 0.0},
      "correlation_strength",
      "0.0",
      "positive",
    ),
    ({"name": "petals", "holdout": "a=99"}, "holdout", "'a=99'", "no image"),
    ({"name": "petals", "correlate": "a,b"}, "correlate", "'a,b'", "no grid"),
  ],
)
def test_bad_fields_are_named(fields, field, found, allowed):
  with pytest.raises(ValueError, match=f"data.{field}") as error:
    data.load(fields)
  assert found in str(error.value)
  assert allowed in str(error.value)
