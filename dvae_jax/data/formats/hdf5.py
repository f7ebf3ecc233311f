"""Arrays inside HDF5 files, read a few rows at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dvae_jax import memory
from dvae_jax.data.formats import storage


def _open(path: Path):
  h5py = storage.needs("h5py", "hdf5", f"reading {path.name}")
  return h5py.File(path, "r")


def _member(path: Path, file, name: str):
  if name not in file or not hasattr(file[name], "shape"):
    raise ValueError(f"{path} has no array {name!r}; it has {sorted(file)}")
  return file[name]


def _check_size(path: Path, name: str, needed: int) -> None:
  """Refuses to allocate what memory doesn't hold."""
  if needed > memory.available():
    raise ValueError(
      f"{path}: {name} declares {memory.in_words(needed)}, and this process can"
      f" take {memory.in_words(memory.available())}"
    )


def inspect(path: Path, name: str) -> tuple[tuple[int, ...], np.dtype]:
  """Shape and type of an array.

  Raises:
    FileNotFoundError: there is no such file.
    ModuleNotFoundError: h5py is missing.
    ValueError: the file is damaged or has no such array.
  """
  with storage.reading(path, "HDF5 file"), _open(path) as file:
    member = _member(path, file, name)
    return member.shape, member.dtype


def read(path: Path, name: str) -> np.ndarray:
  """A whole array; raises as `inspect`."""
  with storage.reading(path, "HDF5 file"), _open(path) as file:
    member = _member(path, file, name)
    _check_size(path, name, member.nbytes)
    return member[()]


def rows(path: Path, name: str, size: int) -> Iterator[np.ndarray]:
  """Yields an array's rows in blocks of up to `size`; raises as `inspect`."""
  with storage.reading(path, "HDF5 file"), _open(path) as file:
    member = _member(path, file, name)
    if not member.shape:
      raise ValueError(f"{path}: {name} is a single number, not rows")
    _check_size(path, name, size * member.nbytes // max(1, len(member)))
    for start in range(0, len(member), size):
      yield member[start : start + size]
