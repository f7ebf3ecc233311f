"""Heads and chairs: rays by hand, light by Lambert, and symmetries."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data.rendered import solids

ONE = solids.Solids(
  np.float32([0, 0, 0]), np.float32([1, 1, 1]), np.float32(0.5)
)
TOWARDS = jnp.float32([-1.0, 1e-6, 1e-6])


def load(name, stride=()):
  dataset = data.load({"name": name, "stride": stride})
  images = np.asarray(dataset.arrays)[..., 0] / 255.0
  return images.reshape(*dataset.factor_sizes, *images.shape[1:])


def test_a_ray_meets_a_ball():
  # At y = 0.6 the unit sphere's front is at x = 0.8, its normal that point.
  t, normal = solids.ball(ONE, jnp.float32([4, 0.6, 0]), TOWARDS)
  assert t == pytest.approx(3.2, abs=1e-4)
  np.testing.assert_allclose(normal, [0.8, 0.6, 0], atol=1e-4)
  wide = ONE._replace(half=np.float32([1, 3, 1]))
  t, normal = solids.ball(wide, jnp.float32([4, 1.8, 0]), TOWARDS)
  assert t == pytest.approx(3.2, abs=1e-4)
  # The gradient of x^2 + (y / 3)^2 + z^2 at (0.8, 1.8, 0), halved.
  np.testing.assert_allclose(normal, [0.8, 0.2, 0], atol=1e-4)


def test_a_ray_meets_a_box():
  t, normal = solids.box(ONE, jnp.float32([4, 0.9, 0.9]), TOWARDS)
  assert t == pytest.approx(3)
  np.testing.assert_array_equal(normal, [1, 0, 0])
  steep = jnp.float32([-1, 1e-6, -1])
  t, normal = solids.box(ONE, jnp.float32([1.5, 0, 2]), steep)
  assert t == pytest.approx(1)  # it enters by the top, at x = 0.5
  np.testing.assert_array_equal(normal, [0, 0, 1])


@pytest.mark.parametrize("hit", [solids.ball, solids.box])
def test_a_ray_that_misses_meets_nothing(hit):
  t, _ = hit(ONE, jnp.float32([4, 1.2, 0]), TOWARDS)
  assert jnp.isinf(t)


def test_light_is_lamberts():
  # A box seen from its front, in light from the side by 60 degrees and above:
  # (cos 60, sin 60, 0.4) of length sqrt(1.16), of which the face sees cos 60.
  one = solids.Solids(*(leaf[None] for leaf in ONE))
  one = one._replace(half=one.half / 2)
  view = solids.View(jnp.float32(0), jnp.float32(0), jnp.float32(60))
  options = {"hit": solids.box, "resolution": 16, "background": 0.2}
  image = jax.jit(lambda v: solids.draw(one, v, **options))(view)
  lit = 0.5 / np.sqrt(1.16)
  expected = 0.5 * (solids.AMBIENT + (1 - solids.AMBIENT) * lit)
  assert image[8, 8] == pytest.approx(expected, rel=1e-3)
  assert image[0, 0] == pytest.approx(0.2)


def test_heads_are_symmetric_and_every_factor_shows():
  images = load("drawn_heads", (4, 1, 2, 1))
  mirrored = images[:, ::-1, :, ::-1, :, ::-1]  # azimuth, light and pixels
  assert np.abs(images - mirrored).mean() < 1e-3
  for axis in range(4):
    assert np.abs(np.diff(images, axis=axis)).mean((-1, -2)).min() > 1e-3
  assert np.abs(images[:, 1] - images[:, 1, :, ::-1]).mean() > 0.02


def test_chairs_turn_and_every_factor_shows():
  images = load("drawn_chairs", (1, 2, 2, 1))
  for axis in range(3):
    # A low back may be hidden from one side, not all around.
    assert np.abs(np.diff(images, axis=axis)).mean((-3, -2, -1)).min() > 0.005
  turn = np.abs(images - np.roll(images, 1, axis=3)).mean((-1, -2))
  assert turn.min() > 1e-3  # the last step to the first is one as any other
  assert turn[..., 0].max() < 2 * turn.mean()
  assert images[..., [0, -1], :].min() == 1.0  # paper above and below
