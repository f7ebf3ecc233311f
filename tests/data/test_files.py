"""Every official file format: a small file of that layout, prepared, loaded."""

import gzip
import io
import json
import pickle
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

import dvae_jax.data as data
from dvae_jax.data.formats import (
  archives,
  npy_members,
  packing,
  placing,
  resizing,
  storage,
  torch_files,
)
from dvae_jax.data.official import (
  cars3d,
  celeba,
  chairs3d,
  dsprites_files,
  faces3d,
  files,
  mpi3d,
  shapes3d_files,
  smallnorb,
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  """A cache of the test's own."""
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
  return tmp_path / "cache" / "dvae_jax" / "data"


def noise(*shape, top=256):
  return np.random.default_rng(len(shape)).integers(0, top, shape, np.uint8)


def prepare(name, read, path):
  files.pack(read, path, storage.prepared_dir(name))


def load(name, **fields):
  return data.load({"name": name, "source": "file", **fields})


def rendered(dataset, indices=None):
  """Images of a data set as uint8."""
  indices = np.arange(dataset.num_images) if indices is None else indices
  images = np.asarray(dataset.render(dataset.arrays, indices))
  assert images.dtype == np.float32
  return np.rint(images * 255).astype(np.uint8)


def listing(folder):
  """Everything below a folder."""
  return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


# dSprites

DSPRITES = (3, 2, 4, 2, 3)


def dsprites_arrays(order=None):
  count = int(np.prod(DSPRITES))
  images = noise(count, 64, 64, top=2)
  classes = np.indices((1, *DSPRITES)).reshape(6, -1).T
  if order is not None:
    images, classes = images[order], classes[order]
  return images, classes


def dsprites_npz(path, images, classes):
  np.savez_compressed(
    path,
    imgs=images,
    latents_values=classes.astype(float),
    latents_classes=classes,
    metadata=np.array({"title": "a pickled dictionary"}, dtype=object),
  )
  return path


def dsprites_hdf5(path, images, classes):
  h5py = pytest.importorskip("h5py")
  with h5py.File(path, "w") as file:
    file.create_dataset("imgs", data=images, compression="gzip")
    file["latents/classes"] = classes
    file["latents/values"] = classes.astype(float)
  return path


@pytest.mark.parametrize("kind", ["npz", "hdf5"])
def test_dsprites_are_read_from_either_official_file(tmp_path, kind):
  images, classes = dsprites_arrays()
  write = dsprites_npz if kind == "npz" else dsprites_hdf5
  path = write(tmp_path / f"d.{kind}", images, classes)
  prepare("dsprites", partial(dsprites_files.read, sizes=DSPRITES), path)
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
  prepare("dsprites", partial(dsprites_files.read, sizes=DSPRITES), path)
  images, _ = dsprites_arrays()
  np.testing.assert_array_equal(
    rendered(load("dsprites"))[..., 0], 255 * images
  )


def test_a_prepared_file_is_preferred_to_the_rendering(tmp_path):
  assert data.load({"name": "dsprites"}).source == "rendered"
  path = dsprites_npz(tmp_path / "d.npz", *dsprites_arrays())
  prepare("dsprites", partial(dsprites_files.read, sizes=DSPRITES), path)
  assert data.load({"name": "dsprites"}).source == "file"
  elsewhere = {"name": "dsprites", "dir": str(tmp_path)}
  assert data.load(elsewhere).source == "rendered"


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
    "pickled": (images.astype(object), classes, "pickled, which is never"),
  }


@pytest.mark.parametrize("case", wrong_dsprites())
def test_wrong_dsprites_are_refused_whole(tmp_path, cache, case):
  images, classes, message = wrong_dsprites()[case]
  path = dsprites_npz(tmp_path / "d.npz", images, classes)
  with pytest.raises(ValueError, match=message):
    prepare("dsprites", partial(dsprites_files.read, sizes=DSPRITES), path)
  assert listing(cache) in ([], ["dsprites"])


@pytest.mark.parametrize("kind", ["npz", "hdf5"])
def test_truncated_dsprites_are_refused_whole(tmp_path, cache, kind):
  write = dsprites_npz if kind == "npz" else dsprites_hdf5
  path = write(tmp_path / f"d.{kind}", *dsprites_arrays())
  path.write_bytes(path.read_bytes()[:-9000])
  with pytest.raises(ValueError, match="damaged or truncated"):
    prepare("dsprites", partial(dsprites_files.read, sizes=DSPRITES), path)
  assert listing(cache) in ([], ["dsprites"])


def test_a_flipped_byte_in_an_npz_file_is_noticed(tmp_path, cache):
  images, classes = dsprites_arrays()
  path = tmp_path / "d.npz"
  np.savez(path, imgs=images, latents_classes=classes)
  raw = bytearray(path.read_bytes())
  raw[5000] ^= 1
  path.write_bytes(raw)
  with pytest.raises(ValueError, match="Bad CRC"):
    prepare("dsprites", partial(dsprites_files.read, sizes=DSPRITES), path)
  assert listing(cache) == ["dsprites"]


def test_a_failed_prepare_leaves_the_last_good_one(tmp_path):
  good = dsprites_npz(tmp_path / "good.npz", *dsprites_arrays())
  read = partial(dsprites_files.read, sizes=DSPRITES)
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
    files.prepare("dsprites", path)
  assert not cache.exists()


def test_a_right_checksum_passes(tmp_path):
  path = tmp_path / "f"
  path.write_bytes(b"abc")  # RFC 1321 and FIPS 180-2 give these two
  storage.check_digest(path, "md5:900150983cd24fb0d6963f7d28e17f72")
  storage.check_digest(
    path,
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  )


# 3D Shapes

SHAPES3D = (2, 2, 3, 2, 4, 2)


def shapes3d_h5(path, **changes):
  h5py = pytest.importorskip("h5py")
  grid = np.indices(SHAPES3D).reshape(6, -1).T
  arrays = {
    "images": noise(len(grid), 64, 64, 3),
    "labels": grid * [0.1, 0.1, 0.1, 0.07, 1.0, 4.3] + [0, 0, 0, 0.75, 0, -30],
    **changes,
  }
  with h5py.File(path, "w") as file:
    for name, array in arrays.items():
      file[name] = array
  return path, arrays["images"]


def test_shapes3d_are_read_from_the_official_file(tmp_path):
  path, images = shapes3d_h5(tmp_path / "3dshapes.h5")
  prepare("shapes3d", partial(shapes3d_files.read, sizes=SHAPES3D), path)
  dataset = load("shapes3d", placement="device")
  assert dataset.factor_sizes == SHAPES3D
  assert dataset.factor_names[-1] == "orientation"
  np.testing.assert_array_equal(rendered(dataset), images)


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"images": np.zeros((5, 64, 64, 3), np.uint8)}, "images is uint8"),
    ({"images": np.zeros((192, 64, 64, 3))}, "images is float64"),
    ({"labels": np.zeros((3, 6))}, "labels has shape"),
    ({"labels": np.zeros((192, 6))}, "comes twice"),
  ],
)
def test_wrong_shapes3d_are_refused(tmp_path, changes, message):
  path, _ = shapes3d_h5(tmp_path / "3dshapes.h5", **changes)
  with pytest.raises(ValueError, match=message):
    prepare("shapes3d", partial(shapes3d_files.read, sizes=SHAPES3D), path)


def test_a_missing_array_is_named(tmp_path):
  h5py = pytest.importorskip("h5py")
  with h5py.File(tmp_path / "3dshapes.h5", "w") as file:
    file["pictures"] = np.zeros(3)
  with pytest.raises(ValueError, match="no array 'images'; it has"):
    shapes3d_files.read(tmp_path / "3dshapes.h5")


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
  path = tmp_path / "3dshapes.h5"
  path.write_bytes(b"anything")
  monkeypatch.setitem(__import__("sys").modules, "h5py", None)
  with pytest.raises(ModuleNotFoundError, match=r"dvae_jax\[hdf5\]"):
    shapes3d_files.read(path)


# Cars3D

CARS = (4, 24, 2)


def cars_archive(path, cars, extra=()):
  with tarfile.open(path, "w:gz") as file:
    for name, content in [("data/cars/list.txt", b"car_001_mesh\n"), *extra]:
      info = tarfile.TarInfo(name)
      info.size = len(content)
      file.addfile(info, io.BytesIO(content))
    for name, pixels in cars.items():
      matrix = io.BytesIO()
      savemat(matrix, {"im": pixels})
      info = tarfile.TarInfo(f"data/cars/{name}")
      info.size = matrix.tell()
      matrix.seek(0)
      file.addfile(info, matrix)
  return path


def test_cars3d_are_read_from_the_official_archive(tmp_path):
  first, second = noise(2, 128, 128, 3, 24, 4)
  cars = {"car_007_mesh.mat": second, "car_001_mesh.mat": first}
  path = cars_archive(tmp_path / "nips2015-analogy-data.tar.gz", cars)
  prepare("cars3d", partial(cars3d.read, sizes=CARS), path)
  dataset = load("cars3d")
  assert dataset.factor_names == ("elevation", "azimuth", "object")
  assert dataset.factor_sizes == CARS
  images = rendered(dataset).reshape(4, 24, 2, 64, 64, 3).astype(int)
  # Elevation 3, azimuth 20, the second car, pixel (5, 9): a mean of 2 x 2.
  expected = second[10:12, 18:20, :, 20, 3].mean((0, 1))
  assert abs(images[3, 20, 1, 5, 9] - expected).max() <= 0.5
  halves = np.stack([first, second], -1).reshape(64, 2, 64, 2, 3, 24, 4, 2)
  halves = halves.mean((1, 3)).transpose(4, 3, 5, 0, 1, 2)
  assert abs(images - halves).max() <= 0.5


def test_wrong_cars_are_refused(tmp_path, cache):
  read = partial(cars3d.read, sizes=CARS)
  small = {f"car_00{i}_mesh.mat": noise(64, 64, 3, 24, 4) for i in (1, 2)}
  one = {"car_001_mesh.mat": noise(128, 128, 3, 24, 4)}
  named = [("data/cars/car_002_mesh.mat", b"no MATLAB file")]
  outside = [("../car_003_mesh.mat", b"")]
  for cars, extra, message in [
    (small, (), r"car_001_mesh.mat: im is uint8 of shape \(64,"),
    (one, (), "holds 1 cars; needed: 2"),
    (one, named, "car_002_mesh.mat has no readable array im"),
    (one, outside, r"'../car_003_mesh.mat' points outside"),
  ]:
    path = cars_archive(tmp_path / "cars.tar.gz", cars, extra)
    with pytest.raises(ValueError, match=message):
      prepare("cars3d", read, path)
  cars_archive(path, one)
  path.write_bytes(path.read_bytes()[:-100])
  with pytest.raises(ValueError, match="damaged or truncated"):
    prepare("cars3d", read, path)
  assert listing(cache) == ["cars3d"]


# MPI3D

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


# SmallNORB

NORB = (2, 3, 2, 2)  # category, elevation, azimuth, lighting
TOYS = 4


def matrix(array):
  """The binary matrix format, as its page describes it."""
  magic = {np.uint8: 507333717, np.int32: 507333716}[array.dtype.type]
  sizes = list(array.shape) + [1] * (3 - array.ndim)
  return np.array([magic, array.ndim, *sizes], "<i4").tobytes() + bytes(array)


def norb_files(folder, *, compress=False):
  """Six files; returns images by category, toy, elevation, azimuth, light."""
  pairs = noise(2, TOYS, 3, 2, 2, 2, 96, 96)
  grid = np.indices((2, TOYS, 3, 2, 2)).reshape(5, -1).T
  rng = np.random.default_rng(1)
  for part, toys in [
    ("5x46789x9x18x6x2x96x96-training", (1, 3)),
    ("5x01235x9x18x6x2x96x96-testing", (0, 2)),
  ]:
    rows = grid[np.isin(grid[:, 1], toys)]
    rows = rows[rng.permutation(len(rows))]
    info = rows[:, 1:] * [1, 1, 2, 1]
    arrays = {
      "dat": pairs[tuple(rows.T)],
      "cat": rows[:, 0].astype(np.int32),
      "info": info.astype(np.int32),
    }
    for kind, array in arrays.items():
      raw = matrix(array)
      path = folder / f"smallnorb-{part}-{kind}.mat"
      if compress:
        path, raw = path.with_suffix(".mat.gz"), gzip.compress(raw, 1)
      path.write_bytes(raw)
  return pairs[..., 0, :, :]


@pytest.mark.parametrize("compress", [False, True])
def test_smallnorb_is_read_from_the_official_files(tmp_path, compress):
  images = norb_files(tmp_path, compress=compress)
  read = partial(smallnorb.read, sizes=NORB, instances=TOYS)
  prepare("smallnorb", read, tmp_path)
  dataset = load("smallnorb")
  assert dataset.image_shape == (64, 64, 1)
  assert dataset.factor_sizes == ()  # ten toys share each combination
  assert dataset.factor_names == (
    "category",
    "elevation",
    "azimuth",
    "lighting",
  )
  grid = np.indices((2, TOYS, 3, 2, 2)).reshape(5, -1).T
  np.testing.assert_array_equal(dataset.factors, grid[:, [0, 2, 3, 4]])
  # Two output pixels cover three: the first is the first and half the second.
  flat = images.reshape(-1, 32, 3, 32, 3).astype(float)
  halves = np.array([[2, 1, 0], [0, 1, 2]]) / 3
  expected = np.einsum("aj,nhjwk,bk->nhawb", halves, flat, halves)
  expected = expected.reshape(-1, 64, 64)
  assert abs(rendered(dataset)[..., 0] - expected).max() < 0.51


def test_wrong_smallnorb_is_refused(tmp_path):
  norb_files(tmp_path)
  read = partial(smallnorb.read, sizes=NORB, instances=TOYS)
  path = tmp_path / "smallnorb-5x46789x9x18x6x2x96x96-training-info.mat"
  raw = path.read_bytes()
  for wrong, message in [
    (raw[:-4], "damaged or truncated: 7"),
    (b"\0" * 99, "first numbers are 0 and 0"),
    (b"", "first numbers are 0 and 0"),
    (matrix(np.zeros((48, 3), np.int32)), "has arrays of"),
    (matrix(np.zeros((48, 4), np.int32)), "comes twice"),
  ]:
    path.write_bytes(wrong)
    with pytest.raises(ValueError, match=message):
      prepare("smallnorb", read, tmp_path)
  path.unlink()
  with pytest.raises(FileNotFoundError, match="training-info"):
    prepare("smallnorb", read, tmp_path)
  assert len(smallnorb.CHECKSUMS) == 6


# 3D chairs

CHAIRS = [
  f"rendered_chairs/{chair}/renders/image_{n:03d}_p0{p}_t{t}_r096.png"
  for chair in ("b37", "a11")
  for n, (p, t) in enumerate([(20, "011"), (30, "349")])
]


def png(pixels):
  raw = io.BytesIO()
  Image.fromarray(pixels).save(raw, "PNG")
  return raw.getvalue()


def tar(path, members, **changes):
  with tarfile.open(path, "w") as file:
    for name, content in members.items():
      info = tarfile.TarInfo(name)
      info.size = len(content)
      for field, value in changes.get(name, {}).items():
        setattr(info, field, value)
      file.addfile(info, io.BytesIO(content))
  return path


def test_chairs3d_are_read_from_the_official_archive(tmp_path, cache):
  images = noise(4, 128, 128, 3)
  members = {n: png(i) for n, i in zip(CHAIRS, images, strict=True)}
  other = {"rendered_chairs/all_chair_names.mat": b"names"}
  path = tar(tmp_path / "rendered_chairs.tar", {**other, **members})
  target = storage.prepared_dir("chairs3d")
  chairs3d.prepare(path, target, num_images=4)
  assert not (target / "rendered_chairs" / "all_chair_names.mat").exists()
  dataset = load("chairs3d")
  assert dataset.factor_names == ()
  assert dataset.image_shape == (64, 64, 3)
  assert dataset.notes["crop"] == "resize"
  means = images.reshape(4, 64, 2, 64, 2, 3).mean((2, 4))
  expected = means[[2, 3, 0, 1]]  # in the order of the names
  assert abs(rendered(dataset) - expected).max() <= 0.5
  with pytest.raises(ValueError, match="holds 4 images; needed: 86366"):
    files.prepare("chairs3d", path)
  streamed = load("chairs3d", placement="streamed")
  order = np.array([3, 1, 1])
  np.testing.assert_array_equal(streamed.read(order), rendered(dataset, order))


def test_no_archive_writes_outside(tmp_path, cache):
  link = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}
  hard = {"type": tarfile.LNKTYPE, "linkname": "../x", "size": 0}
  for name, changes, message in [
    ("../evil.png", {}, "points outside"),
    ("/evil.png", {}, "points outside"),
    ("a/../../evil.png", {}, "points outside"),
    ("C:\\evil.png", {}, "points outside"),
    ("evil.png", link, "is no plain file"),
    ("evil.png", hard, "is no plain file"),
  ]:
    path = tar(tmp_path / "a.tar", {name: b""}, **{name: changes})
    with pytest.raises(ValueError, match=message):
      chairs3d.prepare(path, storage.prepared_dir("chairs3d"))
    if not changes:
      with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(zipfile.ZipInfo(name), b"")
      with pytest.raises(ValueError, match=message):
        archives.extract(tmp_path / "a.zip", tmp_path / "new", bool)
  assert not list(tmp_path.rglob("*evil*"))
  assert listing(cache) == ["chairs3d"]


def test_a_symbolic_link_in_a_zip_is_refused(tmp_path):
  info = zipfile.ZipInfo("evil.jpg")
  info.external_attr = 0o120777 << 16
  with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
    file.writestr(info, "/etc/passwd")
  with pytest.raises(ValueError, match="is no plain file"):
    archives.extract(tmp_path / "a.zip", tmp_path / "new", bool)
  assert not (tmp_path / "new").exists()


# 3D faces

# Written by PyTorch 2.13.0: torch.save(x) and, for the format before the zip
# one, torch.save(x, _use_new_zipfile_serialization=False).
FACES = (1, 2, 2, 1)
GOLDEN = Path(__file__).parents[1] / "golden"
PTH = [GOLDEN / "faces_zip.pth", GOLDEN / "faces_old.pth"]


@pytest.mark.parametrize("path", PTH, ids=["zip", "old"])
def test_faces3d_are_read_from_the_official_file(path):
  prepare("faces3d", partial(faces3d.read, sizes=FACES), path)
  dataset = load("faces3d")
  assert dataset.factor_sizes == FACES
  n = np.arange(4 * 64 * 64)
  expected = (7 * n + n // 4096 * 13) % 251
  np.testing.assert_array_equal(rendered(dataset).ravel(), expected)


@pytest.mark.parametrize("path", PTH, ids=["zip", "old"])
def test_wrong_faces_are_refused(tmp_path, cache, path):
  read = partial(faces3d.read, sizes=FACES)
  with pytest.raises(ValueError, match=r"needed: uint8 of \(50, 21, 11, 11"):
    files.prepare("faces3d", path)
  cut = tmp_path / "cut.pth"
  for kept in (-3000, 100, 3, 0):
    cut.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
      ValueError, match=r"cut.pth (is refused|is no readable)"
    ):
      prepare("faces3d", read, cut)
  assert listing(cache) in ([], ["faces3d"])


class Evil:
  """Unpickling it makes a folder."""

  def __init__(self, folder):
    self.folder = folder

  def __reduce__(self):
    return Path.mkdir, (self.folder,)


def test_code_in_a_pth_file_never_runs(tmp_path):
  evil = pickle.dumps(Evil(tmp_path / "made"))
  with zipfile.ZipFile(tmp_path / "zip.pth", "w") as file:
    file.writestr("archive/data.pkl", evil)
  head = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
  system = pickle.dumps({"little_endian": True}, 2)
  (tmp_path / "old.pth").write_bytes(head + system + evil)
  for name in ("zip.pth", "old.pth"):
    with pytest.raises(ValueError, match="only tensors of bytes and floats"):
      faces3d.read(tmp_path / name)
  assert not (tmp_path / "made").exists()
  pickle.loads(evil)  # what an ordinary unpickler would have done
  assert (tmp_path / "made").exists()


def test_a_pth_file_that_holds_no_tensor_is_refused(tmp_path):
  with zipfile.ZipFile(tmp_path / "a.pth", "w") as file:
    file.writestr("archive/data.pkl", pickle.dumps({"weights": 1}))
  with pytest.raises(ValueError, match="it holds a dict, not one tensor"):
    torch_files.inspect(tmp_path / "a.pth")


# CelebA

ATTRIBUTES = "Bald Male Young"


def celeba_files(folder, *, size=(178, 218), zipped=True):
  """Five JPEG images of one colour each, and the two lists."""
  levels = [10, 60, 110, 160, 250]
  names = [f"{n:06d}.jpg" for n in range(1, 6)]
  encoded = {}
  for name, level in zip(names, levels, strict=True):
    pixels = np.full((size[1], size[0], 3), level, np.uint8)
    pixels[:35] = pixels[183:] = 255 - level  # what crop148 cuts off
    raw = io.BytesIO()
    Image.fromarray(pixels).save(raw, "JPEG", quality=95)
    encoded[name] = raw.getvalue()
  if zipped:
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as file:
      for name, raw in encoded.items():
        file.writestr(f"img_align_celeba/{name}", raw)
  else:
    (folder / "img_align_celeba").mkdir()
    for name, raw in encoded.items():
      (folder / "img_align_celeba" / name).write_bytes(raw)
  parts = "".join(f"{n} {p}\n" for n, p in zip(names, "00120", strict=True))
  (folder / "list_eval_partition.txt").write_text(parts)
  signs = ["-1  1 -1", " 1  1  1", "-1 -1 -1", "-1  1  1", " 1 -1 -1"]
  rows = "".join(f"{n} {s}\n" for n, s in zip(names, signs, strict=True))
  attributes = folder / "list_attr_celeba.txt"
  attributes.write_text(f"5\n{ATTRIBUTES} \n{rows}")
  return levels


@pytest.mark.parametrize("zipped", [True, False])
def test_celeba_is_read_from_the_official_files(tmp_path, zipped):
  levels = celeba_files(tmp_path, zipped=zipped)
  celeba.prepare(tmp_path, storage.prepared_dir("celeb_a"), num_images=5)
  dataset = load("celeb_a")
  assert dataset.image_shape == (64, 64, 3)
  assert dataset.factor_names == ("Bald", "Male", "Young")
  np.testing.assert_array_equal(
    dataset.factors,
    [[0, 1, 0], [1, 1, 1], [0, 0, 0], [0, 1, 1], [1, 0, 0]],
  )
  np.testing.assert_array_equal(dataset.held_out, [2, 3])
  assert dataset.num_train == 3
  assert dataset.notes["crop"] == "crop148"
  images = rendered_split(dataset)
  # JPEG rounds; away from the edge the colour is the level that was written.
  for image, level in zip(images, levels, strict=True):
    assert abs(image[2:-2].astype(int) - level).max() <= 3


def rendered_split(dataset):
  return np.rint(
    255 * np.asarray(dataset.render(dataset.arrays, np.arange(5)))
  ).astype(np.uint8)


def test_celeba_crops_are_a_field(tmp_path):
  levels = celeba_files(tmp_path)
  celeba.prepare(tmp_path, storage.prepared_dir("celeb_a"), num_images=5)
  whole = load("celeb_a", crop="resize", resolution=32)
  assert whole.image_shape == (32, 32, 3)
  # 35 of 218 rows: five of 32 rows of the squeezed image.
  assert abs(rendered_split(whole)[0, :4].astype(int) - 245).max() <= 3
  close = load("celeb_a", crop="crop140", placement="streamed")
  assert close.notes["crop"] == "crop140"
  assert abs(close.read(np.array([1])).astype(int) - levels[1]).max() <= 3
  with pytest.raises(ValueError, match=r"data.crop is 'crop200'; allowed for"):
    load("celeb_a", crop="crop200")
  with pytest.raises(ValueError, match=r"data.crop is 'circle'; allowed: 'res"):
    load("celeb_a", crop="circle")


def test_wrong_celeba_is_refused(tmp_path, cache):
  target = storage.prepared_dir("celeb_a")
  celeba_files(tmp_path)
  with pytest.raises(ValueError, match="sha256 checksum"):
    files.prepare("celeb_a", tmp_path)
  with pytest.raises(ValueError, match="lists 5 images; needed: 202599"):
    files.prepare("celeb_a", tmp_path, checksums={})
  parts = tmp_path / "list_eval_partition.txt"
  attributes = tmp_path / "list_attr_celeba.txt"
  good = parts.read_text(), attributes.read_text()
  for file, text, message in [
    (parts, "000001.jpg\n", "needs lines of a file name and 0, 1 or 2"),
    (parts, good[0].replace("000002", "000009"), "lists other images"),
    (attributes, good[1].replace("-1 -1 -1", "-1 -1"), "needs a count"),
    (attributes, good[1].replace("-1 -1 -1", "-1 -1 7"), "needs a count"),
    (attributes, "", "needs a count"),
  ]:
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
      celeba.prepare(tmp_path, target, num_images=5)
    parts.write_text(good[0])
    attributes.write_text(good[1])
  (tmp_path / "img_align_celeba.zip").unlink()
  with pytest.raises(ValueError, match=r"lacks 5 images, first img_align_cel"):
    celeba.prepare(tmp_path, target, num_images=5)
  parts.unlink()
  with pytest.raises(FileNotFoundError, match="list_eval_partition"):
    celeba.prepare(tmp_path, target, num_images=5)
  assert listing(cache) in ([], ["celeb_a"])


def test_celeba_images_of_another_size_are_refused(tmp_path):
  celeba_files(tmp_path, size=(180, 218))
  celeba.prepare(tmp_path, storage.prepared_dir("celeb_a"), num_images=5)
  with pytest.raises(ValueError, match=r"218 x 180 pixels; needed: 218 x 178"):
    load("celeb_a")


# IDX files


def idx_files(folder, *, compress=True, counts=(7, 3)):
  parts = {}
  for part, count in zip(("train", "t10k"), counts, strict=True):
    images, labels = noise(count, 28, 28), np.arange(count, dtype=np.uint8)
    parts[part] = images, labels
    for name, array in [
      (f"{part}-images-idx3-ubyte", images),
      (f"{part}-labels-idx1-ubyte", labels),
    ]:
      head = bytes([0, 0, 8, array.ndim])
      raw = head + np.array(array.shape, ">i4").tobytes() + array.tobytes()
      if compress:
        (folder / f"{name}.gz").write_bytes(gzip.compress(raw))
      else:
        (folder / name).write_bytes(raw)
  return parts


@pytest.mark.parametrize("compress", [True, False])
def test_mnist_is_read_from_idx_files(tmp_path, compress):
  parts = idx_files(tmp_path, compress=compress)
  files.prepare("mnist", next(tmp_path.glob("t10k-labels*")))
  dataset = load("mnist")
  assert dataset.image_shape == (28, 28, 1)
  np.testing.assert_array_equal(
    dataset.factors[:, 0], [0, 1, 2, 3, 4, 5, 6, 0, 1, 2]
  )
  np.testing.assert_array_equal(dataset.held_out, [7, 8, 9])
  expected = np.concatenate([parts["train"][0], parts["t10k"][0]])
  np.testing.assert_array_equal(rendered(dataset)[..., 0], expected)
  # The networks want a power of two: enlarged without going beyond the range.
  assert load("mnist", resolution=64).image_shape == (64, 64, 1)


def test_wrong_idx_files_are_refused(tmp_path, cache):
  idx_files(tmp_path, compress=False)
  path = tmp_path / "train-images-idx3-ubyte"
  raw = path.read_bytes()
  for wrong, message in [
    (raw[:-1], "damaged or truncated: 5503 bytes"),
    (b"\0\0\x0d\x03" + raw[4:], "starts with"),
    (b"\0", "starts with"),
    (
      raw[:4] + np.array([14, 14, 28], ">i4").tobytes() + raw[16:],
      r"train has images of shape \(14, 14",
    ),
  ]:
    path.write_bytes(wrong)
    with pytest.raises(ValueError, match=message):
      files.prepare("mnist", tmp_path)
  path.unlink()
  (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(raw)[:-20])
  with pytest.raises(ValueError, match="damaged or truncated"):
    files.prepare("mnist", tmp_path)
  assert listing(cache) == []


# People's own images


def image_folder(folder, table=None, *, mode="RGB"):
  folder.mkdir()
  (folder / "sub").mkdir()
  levels = {"a.png": 0, "b.jpg": 50, "sub/c.png": 100, "sub/d.PNG": 200}
  for name, level in levels.items():
    pixels = np.full((30, 50), level, np.uint8)
    pixels[:, :10] = pixels[:, 40:] = 255  # what "center" cuts off
    Image.fromarray(pixels).convert(mode).save(folder / name, quality=95)
  (folder / "notes.txt").write_text("no image")
  if table is not None:
    (folder / "factors.csv").write_text(table)
  return str(folder)


def middle(dataset):
  images = dataset.render(dataset.arrays, np.arange(dataset.num_images))
  return np.rint(255 * np.asarray(images[:, 12, 12, 0])).tolist()


def test_a_folder_of_images_is_a_data_set(tmp_path):
  folder = image_folder(tmp_path / "mine")
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.image_shape == (24, 24, 3)
  assert dataset.notes["crop"] == "center"
  assert dataset.notes["packed_by"].startswith("area")
  assert middle(dataset) == [0, 50, 100, 200]
  assert load("image_folder", dir=folder).image_shape == (64, 64, 3)
  squeezed = load("image_folder", dir=folder, crop="resize", resolution=25)
  assert rendered(squeezed)[0, 3, :5].min() > 250  # ten columns of fifty


def test_a_folder_of_grey_images_has_one_channel(tmp_path):
  folder = image_folder(tmp_path / "mine", mode="L")
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.image_shape == (24, 24, 1)


def test_a_changed_folder_is_decoded_again(tmp_path):
  folder = image_folder(tmp_path / "mine")
  load("image_folder", dir=folder, resolution=24)
  pixels = np.full((30, 30, 3), 77, np.uint8)
  Image.fromarray(pixels).save(tmp_path / "mine" / "a.png")
  assert middle(load("image_folder", dir=folder, resolution=24))[0] == 77


def test_a_table_of_all_combinations_makes_a_grid(tmp_path):
  table = "size,file,shape\n10,a.png,x\n9,b.jpg,x\n9,sub/c.png,o\n"
  table += "10,sub/d.PNG,o\n"
  folder = image_folder(tmp_path / "mine", table)
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.factor_names == ("size", "shape")
  assert dataset.factor_sizes == (2, 2)
  # Numbers are sorted as numbers: 9 before 10; words as words.
  assert dataset.factor_values == ((9, 10), ("o", "x"))
  assert middle(dataset) == [100, 50, 200, 0]
  coarse = load("image_folder", dir=folder, resolution=24, stride=(1, 2))
  assert coarse.factor_sizes == (2, 1)
  assert middle(coarse) == [100, 200]


def test_another_table_gives_factors_of_each_image(tmp_path):
  table = "file,hue\na.png,3\nb.jpg,1\nsub/c.png,3\nsub/d.PNG,2\n"
  folder = image_folder(tmp_path / "mine", table)
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.factor_sizes == ()
  np.testing.assert_array_equal(dataset.factors, [[2], [0], [2], [1]])
  every_other = load("image_folder", dir=folder, resolution=24, stride=(2,))
  np.testing.assert_array_equal(every_other.factors, [[1], [0], [1]])
  assert middle(every_other) == [0, 50, 100]


@pytest.mark.parametrize(
  ("table", "message"),
  [
    ("name,hue\n", r"has columns \['name', 'hue'\]; needed: file"),
    ("file\na.png\n", "needed: file, and others"),
    ("file,hue\na.png,1\n", "wrong: b.jpg"),
    ("file,hue\na.png,1\na.png,2\nb.jpg,1\nsub/c.png,1\nsub/d.PNG,1\n", "4 im"),
    ("", "has columns"),
  ],
)
def test_a_wrong_table_is_refused(tmp_path, table, message):
  folder = image_folder(tmp_path / "mine", table)
  with pytest.raises(ValueError, match=message):
    load("image_folder", dir=folder)


def test_a_damaged_image_is_named(tmp_path, cache):
  folder = image_folder(tmp_path / "mine")
  path = tmp_path / "mine" / "sub" / "c.png"
  whole = path.read_bytes()
  for damaged in (whole[:-40], b"no image", b""):
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"c.png is no readable image"):
      load("image_folder", dir=folder)
  Image.fromarray(np.zeros((9, 9), np.uint16)).save(path)
  with pytest.raises(ValueError, match=r"c.png has pixels of type I;16"):
    load("image_folder", dir=folder)
  assert listing(cache) == ["image_folder"]


def test_a_missing_folder_or_file_is_named(tmp_path):
  for name, value in [
    ("image_folder", ""),
    ("image_folder", str(tmp_path / "none")),
    ("image_folder", str(tmp_path)),
    ("npz", ""),
    ("npz", str(tmp_path)),
  ]:
    with pytest.raises(ValueError, match=r"data.dir is .*; needed: a"):
      load(name, dir=value)


def test_arrays_of_ones_own_are_a_data_set(tmp_path):
  images = noise(6, 20, 30, 3)
  grid = np.array([[1, 0], [0, 0], [2, 1], [0, 1], [2, 0], [1, 1]])
  path = tmp_path / "mine.npz"
  np.savez(path, images=images, factors=grid, factor_names=["hue", "size"])
  dataset = load("npz", dir=str(path))
  assert dataset.image_shape == (20, 20, 3)
  assert dataset.factor_names == ("hue", "size")
  assert dataset.factor_sizes == (3, 2)
  expected = images[[1, 3, 0, 5, 4, 2], :, 5:25]
  np.testing.assert_array_equal(rendered(dataset), expected)
  wide = load("npz", dir=str(path), crop="resize", resolution=10)
  means = images.reshape(6, 10, 2, 10, 3, 3).mean((2, 4))
  assert abs(rendered(wide) - means[[1, 3, 0, 5, 4, 2]]).max() <= 0.5


def test_black_and_white_arrays_are_packed_as_bits(tmp_path):
  images = noise(5, 9, 9, top=2).astype(bool)
  np.savez(tmp_path / "mine.npz", images=images)
  dataset = load("npz", dir=str(tmp_path / "mine.npz"))
  assert dataset.arrays.shape == (5, 11)  # 81 bits
  assert dataset.factor_names == ()
  np.testing.assert_array_equal(rendered(dataset)[..., 0], 255 * images)


@pytest.mark.parametrize(
  ("arrays", "message"),
  [
    ({"pictures": np.zeros(3)}, "no array 'images'"),
    ({"images": np.zeros((3, 9, 9))}, "images is float64"),
    ({"images": np.zeros((3, 9), np.uint8)}, "images is uint8 of shape"),
    ({"images": np.zeros((0, 9, 9), np.uint8)}, "images is uint8 of shape"),
    ({"images": np.array([None])}, "pickled, which is never loaded"),
    ({"images": noise(3, 9, 9), "factors": np.zeros(3, int)}, "factors has sh"),
    ({"images": noise(3, 9, 9), "factors": np.zeros((2, 1))}, "have .2. lines"),
    (
      {
        "images": noise(3, 9, 9),
        "factors": np.zeros((3, 1)),
        "factor_names": ["a", "b"],
      },
      "needed: 1 strings",
    ),
  ],
)
def test_wrong_arrays_are_refused(tmp_path, arrays, message):
  np.savez(tmp_path / "mine.npz", **arrays)
  with pytest.raises(ValueError, match=message):
    load("npz", dir=str(tmp_path / "mine.npz"))


# What all sets share


@pytest.fixture
def sprites(tmp_path):
  path = dsprites_npz(tmp_path / "d.npz", *dsprites_arrays())
  prepare("dsprites", partial(dsprites_files.read, sizes=DSPRITES), path)
  return dsprites_arrays()[0]


def test_a_stride_keeps_every_other_value(sprites):
  coarse = load("dsprites", stride=(2, 1, 3, 2, 2))
  assert coarse.factor_sizes == (2, 2, 2, 1, 2)
  expected = sprites.reshape(*DSPRITES, 64, 64)[::2, :, ::3, ::2, ::2]
  expected = 255 * expected.reshape(-1, 64, 64)
  np.testing.assert_array_equal(rendered(coarse)[..., 0], expected)
  streamed = load("dsprites", stride=(2, 1, 3, 2, 2), placement="streamed")
  np.testing.assert_array_equal(streamed.read(np.arange(16))[..., 0], expected)


@pytest.mark.parametrize("side", [16, 24, 64, 80])
def test_resized_images_are_the_same_wherever_they_are(sprites, side):
  device = load("dsprites", resolution=side)
  streamed = load("dsprites", resolution=side, placement="streamed")
  assert device.image_shape == streamed.image_shape == (side, side, 1)
  images = rendered(device)
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


def test_a_damaged_prepared_folder_is_named(sprites):
  folder = storage.prepared_dir("dsprites")
  again = f"delete {folder} and prepare it again"
  (folder / "images.npy").write_bytes(b"short")
  with pytest.raises(ValueError, match=f"images.npy is truncated: {again}"):
    load("dsprites")
  meta = json.loads((folder / "meta.json").read_text())
  meta["version"] = 0
  (folder / "meta.json").write_text(json.dumps(meta))
  with pytest.raises(ValueError, match=r"again .it has format 0"):
    load("dsprites")
  (folder / "meta.json").write_text("{")
  with pytest.raises(ValueError, match="prepared is damaged: delete it"):
    load("dsprites")


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
    files.prepare("cars3d", tmp_path / "none")
  with pytest.raises(ValueError, match="petals is prepared from no file"):
    files.prepare("petals", tmp_path)


def test_resizing_weights_are_means_and_interpolations():
  # Three pixels to two: each takes one and a half of them.
  np.testing.assert_allclose(
    resizing.weights(3, 2), np.array([[2, 1, 0], [0, 1, 2]]) / 3, rtol=1e-6
  )
  # Two to four: centres at -1/4, 1/4, 3/4, 5/4 of the old ones, clamped.
  np.testing.assert_allclose(
    resizing.weights(2, 4), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]]
  )
  for size, to in [(28, 64), (64, 28), (178, 64), (7, 7)]:
    weights = resizing.weights(size, to)
    np.testing.assert_allclose(weights.sum(1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-6)


def test_crop_rules():
  assert resizing.crop_box(218, 178, "resize") == (0, 0, 218, 178)
  assert resizing.crop_box(218, 178, "center") == (20, 0, 178, 178)
  assert resizing.crop_box(218, 178, "crop148") == (35, 15, 148, 148)
  assert resizing.crop_box(218, 178, "crop140") == (39, 19, 140, 140)


def test_a_member_is_found_at_its_offset(tmp_path):
  array = noise(3, 5)
  np.savez(tmp_path / "a.npz", before=np.arange(9), images=array)
  member = npy_members.inspect(tmp_path / "a.npz", "images")
  raw = (tmp_path / "a.npz").read_bytes()
  assert raw[member.offset : member.offset + 15] == array.tobytes()


def test_chunks_must_cover_all_images(tmp_path):
  header = packing.Header(image_shape=(2, 2, 1), num_images=3)
  half = packing.Chunk(slice(0, 2), noise(2, 2, 2, 1))
  with pytest.raises(ValueError, match="1 of 3 images are missing"):
    packing.write(tmp_path / "x", header, [half], title="x")
  assert listing(tmp_path) == []
