"""Crop and resize rules."""

import numpy as np
import pytest

from dvae_jax.data.formats import resizing


def normalised(size, to):
  weights = resizing.weights(size, to)
  return weights / weights[0].sum()


def test_resizing_weights_are_means_and_interpolations():
  # Three pixels to two: each takes one and a half of them.
  np.testing.assert_allclose(
    normalised(3, 2), np.array([[2, 1, 0], [0, 1, 2]]) / 3, rtol=1e-6
  )
  # Two to four: centres at -1/4, 1/4, 3/4, 5/4 of the old ones, clamped.
  np.testing.assert_allclose(
    normalised(2, 4), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]]
  )
  for size, to in [(28, 64), (64, 28), (178, 64), (7, 7)]:
    weights = normalised(size, to)
    np.testing.assert_allclose(weights.sum(1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-6)


@pytest.mark.parametrize(("size", "to"), [(28, 64), (64, 28), (178, 64)])
def test_weights_are_whole_and_as_small_as_can_be(size, to):
  weights = resizing.weights(size, to)
  np.testing.assert_array_equal(weights, np.round(weights))
  np.testing.assert_array_equal(weights.sum(1), weights[0].sum())
  # So that sums of 255 weigh less than 2^22, and a quarter more is exact.
  assert 255 * weights[0].sum() ** 2 < 2**22


@pytest.mark.parametrize("low", [0, 1, 100, 254])
def test_halves_are_rounded_up_and_nothing_else(low):
  image = np.full((2, 2, 1), low, np.uint8)
  image[0] += 1  # a mean of low + 1/2
  assert resizing.resize(image, 1).item() == low + 1
  image = np.full((3, 3, 1), low, np.uint8)
  image[0] += 1
  image[1, 0] += 1  # 4/9
  assert resizing.resize(image, 1).item() == low
  image[1, 1] += 1  # 5/9
  assert resizing.resize(image, 1).item() == low + 1


def test_crop_rules():
  assert resizing.crop_box(218, 178, "resize") == (0, 0, 218, 178)
  assert resizing.crop_box(218, 178, "center") == (20, 0, 178, 178)
  assert resizing.crop_box(218, 178, "crop148") == (35, 15, 148, 148)
  assert resizing.crop_box(218, 178, "crop140") == (39, 19, 140, 140)
