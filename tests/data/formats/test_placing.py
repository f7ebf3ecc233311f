"""Packed images on the device and streamed."""

import jax
import numpy as np
import pytest
from helpers.official_files import (
  DSPRITES,
  load,
  rendered,
)

from dvae_jax.data.formats import packing, placing

pytestmark = pytest.mark.usefixtures("cache")


def test_a_stride_keeps_every_other_value(sprites):
  coarse = load("dsprites", stride=(2, 1, 3, 2, 2))
  assert coarse.factor_sizes == (2, 2, 2, 1, 2)
  expected = sprites.reshape(*DSPRITES, 64, 64)[::2, :, ::3, ::2, ::2]
  expected = 255 * expected.reshape(-1, 64, 64)
  np.testing.assert_array_equal(rendered(coarse)[..., 0], expected)
  streamed = load("dsprites", stride=(2, 1, 3, 2, 2), placement="streamed")
  np.testing.assert_array_equal(streamed.read(np.arange(16))[..., 0], expected)


@pytest.mark.parametrize(
  ("side", "rule"), [(16, "area"), (24, "area"), (64, "none"), (80, "bilinear")]
)
def test_resized_images_are_the_same_wherever_they_are(sprites, side, rule):
  device = load("dsprites", resolution=side)
  streamed = load("dsprites", resolution=side, placement="streamed")
  assert device.image_shape == streamed.image_shape == (side, side, 1)
  assert device.notes["resized"] == streamed.notes["resized"] == rule
  images = rendered(device)
  compiled = rendered(device._replace(render=jax.jit(device.render)))
  np.testing.assert_array_equal(images, compiled)
  np.testing.assert_array_equal(images, streamed.read(np.arange(len(sprites))))
  if side == 16:
    means = 255 * sprites.reshape(-1, 16, 4, 16, 4).mean((2, 4))
    assert abs(images[..., 0] - means).max() <= 0.5


def test_large_sets_are_streamed(sprites, monkeypatch):
  assert load("dsprites").notes["placement"] == "device"
  monkeypatch.setattr(placing, "DEVICE_BYTES", 144 * 512 - 1)
  assert load("dsprites").notes["placement"] == "streamed"
  assert load("dsprites", stride=(2,) * 5).notes["placement"] == "device"
  assert load("dsprites", placement="device").read is None
  with pytest.raises(ValueError, match=r"data.placement is 'disk'; allowed:"):
    load("dsprites", placement="disk")


def test_splits_apply_to_packed_sets(sprites):
  dataset = load("dsprites", holdout="shape=2,posX=0")
  assert dataset.num_train == 144 - 24
  images = dataset.render(dataset.arrays, np.arange(144))
  assert images.shape == (144, 64, 64, 1)


def test_wrong_fields_are_named(sprites):
  with pytest.raises(ValueError, match=r"data.resolution is -3; allowed: 0"):
    load("dsprites", resolution=-3)
  with pytest.raises(ValueError, match=r"data.stride is \(2, 2\); allowed:"):
    load("dsprites", stride=(2, 2))


@pytest.mark.parametrize(
  "kind",
  [
    {"factor_sizes": (3, 4)},
    {"factors": np.indices((3, 4), np.int32).reshape(2, -1).T},
  ],
  ids=["grid", "table"],
)
def test_a_stride_keeps_its_share_of_the_held_out_images(kind):
  header = packing.Header(
    (8, 8, 1), 12, ("a", "b"), held_out=np.array([1, 2, 5, 8, 11]), **kind
  )
  thinned, rows = placing.thin(header, (2, 2))
  # Of rows 0, 1 and 2 of four the first and last, of columns 0 and 2.
  np.testing.assert_array_equal(rows, [0, 2, 8, 10])
  np.testing.assert_array_equal(thinned.held_out, [1, 2])
