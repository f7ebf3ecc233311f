"""Arrays inside .npz files, read a few rows at a time, never unpickled.

The format is NumPy's NEP 1: a zip archive of .npy members.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from dvae_jax import arrays
from dvae_jax.data.formats import storage


class Member(NamedTuple):
  """An array inside an .npz file.

  Attributes:
    shape: of the array.
    dtype: of the array.
    offset: of its first byte in the .npz file; None where it's compressed.
    fortran: whether its first axis varies fastest.
  """

  shape: tuple[int, ...]
  dtype: np.dtype
  offset: int | None
  fortran: bool


def inspect(path: Path, name: str) -> Member:
  """Finds an array in an .npz file without reading it.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, has no such array, or the array is pickled.
  """
  with storage.reading(path, "npz file"), zipfile.ZipFile(path) as file:
    with _open(path, file, name) as member:
      header = arrays.header(path, name, member, streamed=True)
      start = member.tell()
    info = file.getinfo(f"{name}.npy")
  shape, fortran, dtype = header
  if info.compress_type != zipfile.ZIP_STORED:
    return Member(shape, dtype, None, fortran)
  offset = storage.zip_member_start(path, info) + start
  return Member(shape, dtype, offset, fortran)


def rows(path: Path, name: str, size: int) -> Iterator[np.ndarray]:
  """Yields an array's rows in blocks of up to `size`.

  Raises:
    FileNotFoundError, ValueError: as `inspect`; also where it's truncated.
  """
  with (
    storage.reading(path, "npz file"),
    zipfile.ZipFile(path) as file,
    _open(path, file, name) as member,
  ):
    shape, fortran, dtype = arrays.header(path, name, member, streamed=True)
    if fortran or not shape:
      raise ValueError(f"{path}: {name} is no array in C order")
    row = int(np.prod(shape[1:])) * dtype.itemsize
    for start in range(0, shape[0], size):
      count = min(size, shape[0] - start)
      block = member.read(count * row)
      if len(block) != count * row:
        raise EOFError(f"{name} ends early")
      yield np.frombuffer(block, dtype).reshape(count, *shape[1:])
    if member.read(1):  # also lets zipfile compare its checksum
      raise EOFError(f"{name} goes on after its last row")


def read(path: Path, name: str) -> np.ndarray:
  """A whole array, in either order; raises as `inspect`."""
  inspect(path, name)
  return arrays.read(path, [name])[name]


def read_optional(path: Path, name: str) -> np.ndarray | None:
  """A whole array, or None where the file has none of that name."""
  with storage.reading(path, "npz file"), zipfile.ZipFile(path) as file:
    missing = f"{name}.npy" not in file.namelist()
  return None if missing else read(path, name)


def _open(path: Path, file: zipfile.ZipFile, name: str) -> IO[bytes]:
  known = arrays.members(path, file)
  if name not in known:
    raise ValueError(f"{path} has no array {name!r}; it has {sorted(known)}")
  return file.open(known[name])
