"""The official MPI3D files, small ones of that layout."""

import zipfile

import numpy as np
import pytest
from helpers.official_files import load, noise, rendered

from dvae_jax.data.formats import storage
from dvae_jax.data.official import mpi3d

pytestmark = pytest.mark.usefixtures("cache")


MPI3D = (2, 2, 2, 1, 3, 2, 2)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mpi3d_is_read_from_the_official_file(tmp_path, save):
  images = noise(96, 64, 64, 3)
  path = tmp_path / "mpi3d_toy.npz"
  save(path, images=images)
  target = storage.prepared_dir("mpi3d_toy")
  mpi3d.prepare(path, target, sizes=(MPI3D,))
  dataset = load("mpi3d_toy")
  assert dataset.factor_sizes == MPI3D
  assert dataset.notes["file"] == "mpi3d_toy.npz"
  np.testing.assert_array_equal(rendered(dataset), images)
  streamed = load("mpi3d_toy", placement="streamed")
  assert streamed.render is None
  assert streamed.notes["placement"] == "streamed"
  indices = np.array([95, 0, 17, 17])
  np.testing.assert_array_equal(streamed.read(indices), images[indices])
  # An uncompressed file isn't copied.
  assert (target / "images.npy").exists() == (save is np.savez_compressed)


def test_wrong_mpi3d_is_refused(tmp_path, cache):
  target = storage.prepared_dir("mpi3d_toy")
  path = tmp_path / "mpi3d_toy.npz"
  for images, message in [
    (np.zeros((95, 64, 64, 3), np.uint8), r"images is uint8 of shape \(95"),
    (np.zeros((96, 64, 64, 3), np.float32), "images is float32"),
    (np.asfortranarray(noise(96, 64, 64, 3)), "needed: uint8, C order"),
  ]:
    np.savez(path, images=images)
    with pytest.raises(ValueError, match=message):
      mpi3d.prepare(path, target, sizes=(MPI3D,))
  assert not cache.exists()


def test_an_mpi3d_file_that_moves_is_missed(tmp_path):
  path = tmp_path / "mpi3d_toy.npz"
  np.savez(path, images=noise(96, 64, 64, 3))
  mpi3d.prepare(path, storage.prepared_dir("mpi3d_toy"), sizes=(MPI3D,))
  path.write_bytes(path.read_bytes()[:-9999])
  with pytest.raises(ValueError, match=r"mpi3d_toy.npz is truncated: delete"):
    load("mpi3d_toy")
  path.unlink()
  with pytest.raises(ValueError, match=r"mpi3d_toy.npz is gone: delete"):
    load("mpi3d_toy")


def test_an_mpi3d_file_of_fewer_images_than_it_says_is_refused(tmp_path, cache):
  path = tmp_path / "mpi3d_toy.npz"
  shape = (96, 64, 64, 3)
  with (
    zipfile.ZipFile(path, "w") as file,
    file.open("images.npy", "w") as member,
  ):
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, header)
    member.write(bytes(64 * 64 * 3))
  target = storage.prepared_dir("mpi3d_toy")
  with pytest.raises(ValueError, match="is truncated: download it again"):
    mpi3d.prepare(path, target, sizes=(MPI3D,))
  assert not cache.exists()
