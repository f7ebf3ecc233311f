"""Arrays inside HDF5 files."""

import numpy as np
import pytest

from dvae_jax.data.formats import hdf5
from dvae_jax.data.official import shapes3d

pytestmark = pytest.mark.usefixtures("cache")


def test_a_missing_array_is_named(tmp_path):
  h5py = pytest.importorskip("h5py")
  with h5py.File(tmp_path / "3dshapes.h5", "w") as file:
    file["pictures"] = np.zeros(3)
  with pytest.raises(ValueError, match="no array 'images'; it has"):
    shapes3d.read(tmp_path / "3dshapes.h5")


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
  path = tmp_path / "3dshapes.h5"
  path.write_bytes(b"anything")
  monkeypatch.setitem(__import__("sys").modules, "h5py", None)
  with pytest.raises(ModuleNotFoundError, match=r"dvae_jax\[hdf5\]"):
    shapes3d.read(path)


def test_a_group_is_no_array(tmp_path):
  h5py = pytest.importorskip("h5py")
  with h5py.File(tmp_path / "a.h5", "w") as file:
    file["images/first"] = np.zeros(3)
  with pytest.raises(ValueError, match="no array 'images'; it has"):
    hdf5.inspect(tmp_path / "a.h5", "images")
