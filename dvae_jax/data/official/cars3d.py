"""Cars3D (Reed et al. 2015, Deep Visual Analogy-Making)."""

import io
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from dvae_jax.data.entries import Images
from dvae_jax.data.formats import archives, resizing
from dvae_jax.data.formats.packing import Chunk, Header

CHECKSUMS = {
  "nips2015-analogy-data.tar.gz": "md5:4e866a7919c1beedf53964e6f7a23686",
}
NAMES = ("elevation", "azimuth", "object")
SIZES = (4, 24, 183)
MOST = 2**28  # bytes of a car's file; the largest has 5 MB of pixels


def read(path: Path, *, sizes: tuple[int, ...] = SIZES) -> Images:
  """Reads the official archive.

  Args:
    path: nips2015-analogy-data.tar.gz, with data/cars/car_*_mesh.mat, each
      holding `im` (128, 128, 3, 24, 4) uint8.
    sizes: number of elevations, azimuths and objects.

  Returns:
    The header, and the images, resized to 64 x 64, in chunks of one car;
    objects are in the order of their file names.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, or holds other cars or images.
  """
  header = Header(
    image_shape=(64, 64, 3),
    num_images=int(np.prod(sizes)),
    factor_names=NAMES,
    factor_sizes=sizes,
    notes={"packed_from": "128 x 128", "packed_by": "area"},
  )
  return header, _chunks(path, sizes)


def _chunks(path: Path, sizes: tuple[int, ...]) -> Iterator[Chunk]:
  names = sorted(name for name, _ in archives.members(path, _is_car))
  if len(names) != sizes[2]:
    raise ValueError(f"{path} holds {len(names)} cars; needed: {sizes[2]}")
  rows = np.arange(np.prod(sizes)).reshape(sizes)
  for name, file in archives.members(path, _is_car):
    content = archives.read(path, name, file, MOST)
    images = read_car(io.BytesIO(content), name, sizes)
    car = names.index(name)
    yield Chunk(rows[:, :, car].ravel(), resizing.resize(images, 64))


def _is_car(name: str) -> bool:
  path = PurePosixPath(name)
  return path.parent.name == "cars" and path.match("car_*_mesh.mat")


def read_car(
  file: IO[bytes], name: str, sizes: tuple[int, ...] = SIZES
) -> np.ndarray:
  """One car's images (elevation * azimuth, 128, 128, 3) uint8."""
  from scipy.io import loadmat

  try:
    pixels = loadmat(file, variable_names=["im"])["im"]
  except Exception as error:  # loadmat raises a dozen kinds on damaged files
    raise ValueError(f"{name} has no readable array im ({error!r})") from error
  expected = (128, 128, 3, sizes[1], sizes[0])
  if pixels.shape != expected or pixels.dtype != np.uint8:
    raise ValueError(
      f"{name}: im is {pixels.dtype} of shape {pixels.shape}; needed: uint8 of"
      f" {expected}"
    )
  return pixels.transpose(4, 3, 0, 1, 2).reshape(-1, 128, 128, 3)
