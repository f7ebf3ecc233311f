"""The official dSprites files, small ones of that layout."""

from functools import partial

import numpy as np
import pytest
from helpers.official_files import (
  DSPRITES,
  dsprites_arrays,
  dsprites_hdf5,
  dsprites_npz,
  listing,
  load,
  prepare,
  rendered,
)

from dvae_jax.data.official import dsprites

pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.parametrize("kind", ["npz", "hdf5"])
def test_dsprites_are_read_from_either_official_file(tmp_path, kind):
  images, classes = dsprites_arrays()
  write = dsprites_npz if kind == "npz" else dsprites_hdf5
  path = write(tmp_path / f"d.{kind}", images, classes)
  prepare("dsprites", partial(dsprites.read, sizes=DSPRITES), path)
  dataset = load("dsprites")
  assert dataset.source == "file"
  assert dataset.image_shape == (64, 64, 1)
  assert dataset.factor_names == (
    "shape",
    "scale",
    "orientation",
    "posX",
    "posY",
  )
  assert dataset.factor_sizes == DSPRITES
  np.testing.assert_array_equal(rendered(dataset)[..., 0], 255 * images)
  # One bit a pixel: an eighth of the 64 x 64 bytes of an image.
  assert dataset.arrays.nbytes == len(images) * 64 * 64 // 8


def test_dsprites_are_put_in_the_order_of_their_classes(tmp_path):
  order = np.random.default_rng(0).permutation(int(np.prod(DSPRITES)))
  path = dsprites_npz(tmp_path / "d.npz", *dsprites_arrays(order))
  prepare("dsprites", partial(dsprites.read, sizes=DSPRITES), path)
  images, _ = dsprites_arrays()
  np.testing.assert_array_equal(
    rendered(load("dsprites"))[..., 0], 255 * images
  )


def wrong_dsprites():
  images, classes = dsprites_arrays()
  twice = classes.copy()
  twice[1] = twice[0]
  beyond = classes.copy()
  beyond[0, 5] = 7
  return {
    "wrong shape": (images[:, :32], classes, r"imgs is uint8 of shape"),
    "too few": (images[:-1], classes[:-1], r"imgs is uint8 of shape"),
    "wrong type": (images.astype(np.float32), classes, r"imgs is float32"),
    "not binary": (images * 255, classes, r"pixels reach 255; allowed: 0 and"),
    "a class twice": (images, twice, "comes twice"),
    "a class beyond": (images, beyond, r"factors reach from .* to .* 7"),
    "fewer classes": (images, classes[:-1], "latents for"),
    "pickled": (
      images.astype(object),
      classes,
      "pickled objects, which are never",
    ),
  }


@pytest.mark.parametrize("case", wrong_dsprites())
def test_wrong_dsprites_are_refused_whole(tmp_path, cache, case):
  images, classes, message = wrong_dsprites()[case]
  path = dsprites_npz(tmp_path / "d.npz", images, classes)
  with pytest.raises(ValueError, match=message):
    prepare("dsprites", partial(dsprites.read, sizes=DSPRITES), path)
  assert listing(cache) in ([], ["dsprites"])


@pytest.mark.parametrize("kind", ["npz", "hdf5"])
def test_truncated_dsprites_are_refused_whole(tmp_path, cache, kind):
  write = dsprites_npz if kind == "npz" else dsprites_hdf5
  path = write(tmp_path / f"d.{kind}", *dsprites_arrays())
  path.write_bytes(path.read_bytes()[:-9000])
  with pytest.raises(ValueError, match="damaged or truncated"):
    prepare("dsprites", partial(dsprites.read, sizes=DSPRITES), path)
  assert listing(cache) in ([], ["dsprites"])
