"""Small files of the layouts of the official ones, and how tests load them."""

import gzip
import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from dvae_jax import data
from dvae_jax.data.official import files


def noise(*shape, top=256):
  return np.random.default_rng(len(shape)).integers(0, top, shape, np.uint8)


def prepare(name, read, path):
  """Prepares a file by a reader of its own, whatever its checksum."""
  entry = data.DATASETS[name]._replace(read=read, checksums={})
  files.prepare(name, entry, path)


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


ATTRIBUTES = "Bald Male Young"


def idx_files(folder, *, compress=True, counts=(7, 3)):
  parts = {}
  for part, count in zip(("train", "t10k"), counts, strict=True):
    images, labels = noise(count, 28, 28), np.arange(count, dtype=np.uint8) % 10
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
