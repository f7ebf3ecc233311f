"""Binned information against NumPy's histograms and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)


def test_bins_are_those_of_a_numpy_histogram():
  values = np.random.default_rng(0).normal(size=(500, 3))
  bins = histogram_bins(values, 7)
  for column, found in zip(values.T, bins.T, strict=True):
    counts, _ = np.histogram(column, 7)
    np.testing.assert_array_equal(np.bincount(found, minlength=7), counts)


def test_a_constant_column_falls_into_one_bin():
  assert len(np.unique(histogram_bins(np.full((9, 1), 3.0)))) == 1


def test_mutual_information_is_that_of_scikit_learn():
  rng = np.random.default_rng(1)
  left = rng.integers(-3, 4, size=(300, 2))
  right = np.stack([left[:, 0] // 2, rng.integers(5, size=300) * 10], 1)
  expected = [[mutual_info_score(b, a) for b in right.T] for a in left.T]
  found = mutual_information(left, right)
  np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_entropy_of_equal_counts_is_the_log_of_their_number():
  values = np.stack([np.arange(12) % 4, np.zeros(12, int)], 1)
  np.testing.assert_allclose(entropy(values), [np.log(4), 0.0], rtol=1e-12)


@pytest.mark.parametrize("value", [0, 5])
def test_a_constant_column_informs_about_nothing(value):
  constant = np.full((10, 1), value)
  other = np.arange(10)[:, None] % 3
  assert mutual_information(constant, other) == 0.0
  assert mutual_information(other, constant) == 0.0
