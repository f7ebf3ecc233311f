"""Principal components against scikit-learn's."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from dvae_jax.downstream import linear

ROWS = np.random.default_rng(0).normal(size=(50, 12)) * np.arange(1, 13)


def test_components_are_those_of_scikit_learn():
  found = linear.principal_components(ROWS.reshape(50, 3, 4), 4)
  expected = PCA(4).fit(ROWS)
  np.testing.assert_allclose(found.variances, expected.explained_variance_)
  aligned = np.abs((found.axes * expected.components_).sum(1))
  np.testing.assert_allclose(aligned, 1)  # the sign is free
  codes = linear.project(ROWS[:5], found)
  theirs = expected.inverse_transform(expected.transform(ROWS[:5]))
  np.testing.assert_allclose(linear.restore(codes, found), theirs)


def test_all_components_restore_everything():
  found = linear.principal_components(ROWS, 12)
  codes = linear.project(ROWS, found)
  np.testing.assert_allclose(linear.restore(codes, found), ROWS, atol=1e-10)


def test_too_many_components_are_refused():
  with pytest.raises(ValueError, match="13 found, 1 to 12 allowed"):
    linear.principal_components(ROWS, 13)
