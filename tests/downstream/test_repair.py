"""Denoising and filling in, where the answer is known."""

import numpy as np

from dvae_jax.downstream import linear, repair

RNG = np.random.default_rng(2)
AXES = np.linalg.qr(RNG.normal(size=(16, 3)))[0].T
IMAGES = (0.5 + 0.1 * RNG.normal(size=(60, 3)) @ AXES).reshape(60, 4, 4, 1)
COMPONENTS = linear.principal_components(IMAGES, 3)


def test_denoising_by_components_takes_away_what_is_outside():
  noise = RNG.normal(size=(60, 16))
  noise -= noise @ AXES.T @ AXES  # none of it is an image's
  noisy = IMAGES + 0.1 * noise.reshape(IMAGES.shape)
  model = repair.through_components(COMPONENTS)
  np.testing.assert_allclose(repair.denoise(noisy, model), IMAGES, atol=1e-6)


def test_filling_in_by_components_becomes_least_squares_on_what_is_seen():
  seen = (np.arange(16) % 4 > 0).reshape(4, 4, 1)
  images = IMAGES[:5] + 0.01 * RNG.normal(size=(5, 4, 4, 1))
  model = repair.through_components(COMPONENTS)
  found = repair.inpaint(images, seen, model, rounds=400)
  flat, mask = images.reshape(5, 16), seen.ravel()
  right = (flat - COMPONENTS.mean)[:, mask].T
  codes = np.linalg.lstsq(COMPONENTS.axes.T[mask], right)[0]
  expected = linear.restore(codes.T, COMPONENTS)
  found = found.reshape(5, 16)
  np.testing.assert_allclose(found[:, ~mask], expected[:, ~mask], atol=1e-4)
  np.testing.assert_allclose(found[:, mask], flat[:, mask], rtol=1e-6)


def test_what_is_missing_is_not_read():
  seen = np.arange(4)[:, None, None] > 1
  spoilt = np.where(seen, IMAGES, np.nan)
  model = repair.through_components(COMPONENTS)
  np.testing.assert_array_equal(
    repair.inpaint(spoilt, seen, model), repair.inpaint(IMAGES, seen, model)
  )
