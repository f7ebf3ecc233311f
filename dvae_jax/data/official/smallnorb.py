"""SmallNORB (LeCun, Huang & Bottou 2004): binary .mat files of toy photos."""

import gzip
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dvae_jax.data.entries import Images, TfdsCopy
from dvae_jax.data.formats import packing, resizing, storage
from dvae_jax.data.formats.packing import Chunk, Header

NAMES = ("category", "elevation", "azimuth", "lighting")
SIZES = (5, 9, 18, 6)
INSTANCES = 10
VALUES = (
  ("animal", "human", "airplane", "truck", "car"),
  tuple(range(30, 75, 5)),
  tuple(range(0, 360, 20)),
  tuple(range(6)),
)
_PARTS = {
  "training": "smallnorb-5x46789x9x18x6x2x96x96-training",
  "testing": "smallnorb-5x01235x9x18x6x2x96x96-testing",
}
_TYPES = {507333717: "<u1", 507333716: "<i4"}
CHECKSUMS = {
  f"{_PARTS[part]}-{kind}.mat.gz": f"sha256:{checksum}"
  for part, kind, checksum in (
    (
      "training",
      "dat",
      "5ffd6272a07d32695ee1082a26a41a93a37aab8c28da047f8c34ed348d214873",
    ),
    (
      "training",
      "cat",
      "2784e542c1922060691090952b6cd6278879a216c90f81476f0f00256d42cdaa",
    ),
    (
      "training",
      "info",
      "de7eb932ebe7a4ee16217fead60660d0eb3d23632c2f4d1c51f88c501c17bf32",
    ),
    (
      "testing",
      "dat",
      "cf7104eed3e51174d2f65b66d1e5878b9da233b886f161b0d88f4510ba2c7474",
    ),
    (
      "testing",
      "cat",
      "ecaf6d5bb8c3bc5eab9cf0258f6d2198dd474e016e374836fc097f2e5ff509ff",
    ),
    (
      "testing",
      "info",
      "16adf314226327ee006d1a44db8cfef52773c06c829951d5653a9f6f310248a2",
    ),
  )
}


TFDS = TfdsCopy(
  lambda _: header(),
  (96, 96, 1),
  (
    "label_category",
    "instance",
    "label_elevation",
    "label_azimuth",
    "label_lighting",
  ),
  (SIZES[0], INSTANCES, *SIZES[1:]),
  ("train", "test"),
  side=64,
)


def header(
  sizes: tuple[int, ...] = SIZES, instances: int = INSTANCES
) -> Header:
  """What SmallNORB is: `instances` toys of each category, which aren't scored.

  Images are in the order of category, instance, elevation, azimuth, lighting.
  """
  whole = (sizes[0], instances, *sizes[1:])
  grid = np.indices(whole, np.int32).reshape(5, -1).T
  return Header(
    image_shape=(64, 64, 1),
    num_images=len(grid),
    factor_names=NAMES,
    factor_values=VALUES if sizes == SIZES else (),
    factors=grid[:, [0, 2, 3, 4]],
    notes={"packed_from": "96 x 96, first of pair", "packed_by": "area"},
  )


def read(
  path: Path,
  *,
  sizes: tuple[int, ...] = SIZES,
  instances: int = INSTANCES,
) -> Images:
  """Reads the six official files.

  Args:
    path: the folder with training and testing -dat, -cat and -info files, .mat
      or .mat.gz. dat is (N, 2, 96, 96) uint8; cat (N,) int32; info (N, 4)
      int32: instance, elevation, azimuth (even numbers) and lighting.
    sizes: number of categories, elevations, azimuths and lightings.
    instances: toys of each category, both parts together.

  Returns:
    The header, and the first image of each pair, resized to 64 x 64.

  Raises:
    FileNotFoundError: a file is missing.
    ValueError: one is damaged, or has another shape, type or factors.
  """
  return header(sizes, instances), _chunks(path, sizes, instances)


def _chunks(path: Path, sizes, instances: int) -> Iterator[Chunk]:
  for part in _PARTS.values():
    images, category, info = (
      read_matrix(_find(path, f"{part}-{kind}.mat"))
      for kind in ("dat", "cat", "info")
    )
    count = len(category)
    shapes = [images.shape, category.shape, info.shape]
    if shapes != [(count, 2, 96, 96), (count,), (count, 4)]:
      raise ValueError(
        f"{part} has arrays of {shapes}; needed: (N, 2, 96, 96), (N,), (N, 4)"
      )
    info = info // [1, 1, 2, 1]
    rows = packing.grid_rows(
      np.column_stack([category, info]), (sizes[0], instances, *sizes[1:])
    )
    for block in packing.slices(count):
      first = images[block, 0, :, :, None]
      yield Chunk(rows[block], resizing.resize(first, 64))


def _find(path: Path, name: str) -> Path:
  plain = path / name
  return plain if plain.exists() else path / f"{name}.gz"


def read_matrix(path: Path) -> np.ndarray:
  """Reads an array in the binary matrix format of SmallNORB's own page.

  https://cs.nyu.edu/~ylclab/data/norb-v1.0-small

  Little-endian: a magic number for the type, the number of dimensions, the
  dimensions (at least three numbers, the unused ones 1), then the elements.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, truncated or of another type.
  """
  with storage.reading(path, "SmallNORB matrix"):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
      head = file.read(8)
      magic, ndim = np.frombuffer(head, "<i4") if len(head) == 8 else (0, 0)
      if magic not in _TYPES or not 1 <= ndim <= 4:
        raise OSError(f"its first numbers are {magic} and {ndim}")
      sizes = np.frombuffer(file.read(4 * max(3, int(ndim))), "<i4")
      shape = tuple(sizes[:ndim].tolist())
      dtype = np.dtype(_TYPES[int(magic)])
      raw = storage.read_exactly(
        file, math.prod(shape) * dtype.itemsize, f"its shape {shape}"
      )
  return np.frombuffer(raw, dtype).reshape(shape)
