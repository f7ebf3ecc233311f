"""Errors of decoded images, and of the nearest one along a path."""

from types import SimpleNamespace

import numpy as np
from scipy.stats import bernoulli, entropy

from dvae_jax.studies import walks

RNG = np.random.default_rng(0)


def test_an_images_error_is_scipys_relative_entropy():
  images, decoded = RNG.random((2, 3, 4, 4, 1))
  both = lambda x: np.stack([x, 1 - x], -1)
  expected = entropy(both(images), both(decoded), axis=-1).sum((1, 2, 3))
  np.testing.assert_allclose(walks.image_error(images, decoded), expected)
  same = walks.image_error(images, images)
  np.testing.assert_allclose(same, 0, atol=1e-14)  # the processor rounds


def test_an_error_of_black_and_white_is_the_loss():
  images = RNG.integers(0, 2, (2, 3, 3, 1))
  decoded = RNG.random((2, 3, 3, 1))
  loss = -bernoulli.logpmf(images, decoded).sum((1, 2, 3))
  np.testing.assert_allclose(walks.image_error(images, decoded), loss)
  assert np.isfinite(walks.image_error(images, 1 - images)).all()


def test_a_path_is_held_to_its_nearest_images():
  # A decoder whose image is one grey pixel, its code.
  run = SimpleNamespace(decode=lambda z, lane: z[:, :, None, None] + lane)
  images = np.array([0.2, 0.5, 0.8]).reshape(3, 1, 1, 1)
  found = walks.path_error(run, np.array([[0.1], [0.7]]), images, lane=0.1)
  np.testing.assert_allclose(found, 0, atol=1e-9)  # at 0.2 and 0.8
  half = walks.path_error(run, np.array([[0.6]]), images)
  expected = entropy([0.5, 0.5], [0.6, 0.4])  # 0.8 is further off
  np.testing.assert_allclose(half, [expected])
