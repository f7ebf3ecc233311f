"""Pictures in a line of JSON."""

import json

import numpy as np

from dvae_jax.studies import pixels

IMAGES = np.random.default_rng(0).random((2, 3, 5, 4, 1)).astype(np.float32)


def test_pictures_come_back_to_half_a_level():
  found = pixels.unpack(json.loads(json.dumps(pixels.pack(IMAGES))))
  assert found.shape == IMAGES.shape
  assert np.abs(found - IMAGES).max() <= 0.5 / 255 + 1e-6
  np.testing.assert_array_equal(pixels.pack(found), pixels.pack(IMAGES))


def test_a_sheet_has_a_row_of_images_a_row():
  whole = pixels.sheet(IMAGES)
  assert whole.shape == (2 * 5, 3 * 4, 1)
  np.testing.assert_array_equal(whole[5:, 8:], IMAGES[1, 2])
  np.testing.assert_array_equal(whole[:5, 4:8], IMAGES[0, 1])
