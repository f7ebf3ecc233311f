"""Groups of images in which one factor varies."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import config as configs
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.sampling import groups, splits

SIZES = (3, 1, 4, 5)
BATCH = 300


def grid(**fields):
  plain = Dataset(
    "marks", "rendered", (1, 1, 1), 60, ("a", "b", "c", "d"), SIZES, None, None
  )
  config = configs.base().data
  config.update(fields)
  return splits.apply(plain, config)


def drawn(dataset, seed=0):
  """Factors (SIZE, BATCH, K)."""
  indices = jax.jit(
    lambda arrays, key: groups.draw(key, dataset, arrays, BATCH, num_changed=1)
  )(dataset.arrays, jax.random.PRNGKey(seed))
  assert indices.shape == (groups.SIZE * BATCH,)
  factors = np.stack(np.unravel_index(indices, SIZES), -1)
  return factors.reshape(groups.SIZE, BATCH, len(SIZES))


def test_one_factor_varies_uniformly_and_so_do_its_values():
  factors = drawn(grid())
  varies = (factors != factors[:1]).any(0)
  assert (varies.sum(1) == 1).all()
  assert not varies[:, 1].any()  # it has one value
  # 300 groups, three factors: 5 standard errors of a share of 1/3.
  np.testing.assert_allclose(varies.mean(0)[[0, 2, 3]], 1 / 3, atol=0.14)
  values = factors[1:, varies[:, 3], 3]
  share = np.bincount(values.ravel(), minlength=5) / values.size
  np.testing.assert_allclose(share, 1 / 5, atol=0.05)
  first = np.bincount(factors[0, :, 2], minlength=4) / BATCH
  np.testing.assert_allclose(first, 1 / 4, atol=0.13)


def test_no_image_of_a_group_is_held_out():
  factors = drawn(grid(holdout="c=0,d>1", heldout_fraction=0.2))
  dataset = grid(holdout="c=0,d>1", heldout_fraction=0.2)
  indices = np.ravel_multi_index(factors.reshape(-1, 4).T, SIZES)
  assert not np.isin(indices, dataset.held_out).any()
  # Every training image occurs, and so do those beside a held-out one.
  assert len(set(indices)) == 60 - len(dataset.held_out)


def test_data_sets_without_a_varying_factor_are_refused():
  groups.check(grid(), 0)
  with pytest.raises(ValueError, match=r"groups need .* 'marks' has \(\)"):
    groups.check(grid()._replace(factor_sizes=()), 0)
  with pytest.raises(ValueError, match=r"has \(1, 1\)"):
    groups.check(grid()._replace(factor_sizes=(1, 1)), 0)
  with pytest.raises(ValueError, match=r"data.pair_changes=2: 0 or 1"):
    groups.check(grid(), 2)


def test_the_same_key_gives_the_same_groups():
  one, again, other = drawn(grid()), drawn(grid()), drawn(grid(), seed=1)
  np.testing.assert_array_equal(one, again)
  assert (jnp.asarray(one) != other).any()
