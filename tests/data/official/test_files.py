"""What all official files share: prepared whole or not at all, then loaded."""

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

from dvae_jax import data
from dvae_jax.data import sources
from dvae_jax.data.official import dsprites, files

pytestmark = pytest.mark.usefixtures("cache")


def test_a_failed_prepare_leaves_the_last_good_one(tmp_path):
  good = dsprites_npz(tmp_path / "good.npz", *dsprites_arrays())
  read = partial(dsprites.read, sizes=DSPRITES)
  prepare("dsprites", read, good)
  before = rendered(load("dsprites"))
  images, classes = dsprites_arrays()
  bad = dsprites_npz(tmp_path / "bad.npz", images * 2, classes)
  with pytest.raises(ValueError, match="pixels reach 2"):
    prepare("dsprites", read, bad)
  np.testing.assert_array_equal(rendered(load("dsprites")), before)


def test_published_checksums_are_compared(tmp_path, cache):
  path = dsprites_hdf5(tmp_path / "renamed.hdf5", *dsprites_arrays())
  with pytest.raises(ValueError, match="published is 729fa22e884c9c500e1f174"):
    sources.prepare("dsprites", file=path)
  assert not cache.exists()


def test_what_is_not_prepared_names_the_command():
  for name in ("cars3d", "mnist", "celeb_a", "mpi3d_real", "dsprites"):
    with pytest.raises(
      FileNotFoundError, match=f"dvae_jax.data prepare {name} --from=FILE"
    ):
      load(name)
  with pytest.raises(FileNotFoundError, match="or through TFDS: prepare mnist"):
    data.load({"name": "mnist"})


def test_nothing_is_prepared_from_a_missing_or_unknown_file(tmp_path):
  with pytest.raises(FileNotFoundError, match="there is no"):
    sources.prepare("cars3d", file=tmp_path / "none")
  with pytest.raises(ValueError, match="petals is prepared from no file"):
    sources.prepare("petals", file=tmp_path)


def test_a_set_prepared_again_is_the_new_one(tmp_path, cache):
  read = partial(dsprites.read, sizes=DSPRITES)
  images, classes = dsprites_arrays()
  prepare("dsprites", read, dsprites_npz(tmp_path / "a.npz", images, classes))
  other = dsprites_npz(tmp_path / "b.npz", 1 - images, classes)
  prepare("dsprites", read, other)
  found = rendered(load("dsprites"))[..., 0]
  np.testing.assert_array_equal(found, 255 * (1 - images))
  assert listing(cache / "dsprites") == [
    "prepared",
    "prepared/images.npy",
    "prepared/meta.json",
  ]


def test_a_file_is_matched_by_its_ending(tmp_path):
  checksums = {"set-v1.tar.gz": "md5:0", "list.txt": "md5:1"}
  for name, expected in (("my.copy.tar.gz", "md5:0"), ("a.txt", "md5:1")):
    (tmp_path / name).touch()
    found = files.published(tmp_path / name, checksums)
    assert found == [(tmp_path / name, expected)]
  (tmp_path / "list.txt").touch()
  assert files.published(tmp_path, checksums) == [
    (tmp_path / "list.txt", "md5:1")
  ]
