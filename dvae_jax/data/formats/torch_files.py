"""Tensors in .pth files, read without PyTorch and without running any code.

`torch.save` pickles a description of the tensor beside its raw bytes. Here an
unpickler that knows four names and nothing else reads the description.
"""

import collections
import pickle
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from dvae_jax.data.formats import storage

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES: dict[str, np.dtype] = {
  "ByteStorage": np.dtype("u1"),
  "FloatStorage": np.dtype("<f4"),
}


class Tensor(NamedTuple):
  """Where the elements of a contiguous tensor are in a file."""

  shape: tuple[int, ...]
  dtype: np.dtype
  offset: int


class _Storage(NamedTuple):
  kind: str
  key: str
  size: int


class _Description(NamedTuple):
  storage: _Storage
  first: int
  shape: tuple[int, ...]
  stride: tuple[int, ...]


class _Unpickler(pickle.Unpickler):
  """Rebuilds descriptions of tensors; refuses every other name."""

  def find_class(self, module: str, name: str) -> Any:
    if module == "torch" and name in _DTYPES:
      return name
    if (module, name) == ("collections", "OrderedDict"):
      return collections.OrderedDict
    if module == "torch._utils" and name in (
      "_rebuild_tensor",
      "_rebuild_tensor_v2",
    ):
      return lambda *parts: _Description(*parts[:4])
    raise pickle.UnpicklingError(
      f"it wants {module}.{name}, and only tensors of bytes and floats are read"
    )

  def persistent_load(self, pid: Any) -> _Storage:
    _, kind, key, _, size, *_ = pid
    return _Storage(kind, key, size)


def inspect(path: Path) -> Tensor:
  """Finds the one tensor that a .pth file holds.

  Args:
    path: written by `torch.save(tensor, path)`, in the zip format or in the
      one before it.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged or truncated, or holds anything but one
      contiguous tensor of bytes or floats.
  """
  with storage.reading(path, "PyTorch file"):
    try:
      found, start = (
        _inspect_zip(path) if zipfile.is_zipfile(path) else _inspect_old(path)
      )
      return _locate(path, found, start)
    except (
      pickle.UnpicklingError,
      ValueError,
      TypeError,
      KeyError,
      IndexError,
      AttributeError,
      ImportError,
      OverflowError,
      MemoryError,
    ) as error:
      raise ValueError(f"{path} is refused: {error}") from error


def _locate(path: Path, found: Any, start: int) -> Tensor:
  if not isinstance(found, _Description):
    raise ValueError(f"it holds a {type(found).__name__}, not one tensor")
  shape = tuple(int(n) for n in found.shape)
  strides = np.cumprod((1, *shape[:0:-1]))[::-1] if shape else ()
  if tuple(found.stride) != tuple(strides):
    raise ValueError(f"its tensor has strides {found.stride}: not contiguous")
  dtype = _DTYPES[found.storage.kind]
  offset = start + int(found.first) * dtype.itemsize
  size = int(np.prod(shape)) * dtype.itemsize
  whole = int(found.first) + int(np.prod(shape)) <= found.storage.size
  if not whole or offset + size > path.stat().st_size:
    raise EOFError(f"shape {shape} needs {size} bytes")
  return Tensor(shape, dtype, offset)


def _inspect_zip(path: Path) -> tuple[Any, int]:
  with zipfile.ZipFile(path) as file:
    pickled = [n for n in file.namelist() if n.endswith("/data.pkl")]
    if len(pickled) != 1:
      raise ValueError("it has no data.pkl")
    with file.open(pickled[0]) as member:
      found = _Unpickler(member).load()
    if not isinstance(found, _Description):
      return found, 0
    folder = pickled[0].removesuffix("data.pkl")
    _check_byteorder(file, folder)
    info = file.getinfo(f"{folder}data/{found.storage.key}")
  if info.compress_type != zipfile.ZIP_STORED:
    raise ValueError("its tensor is compressed")
  return found, storage.zip_member_start(path, info)


def _check_byteorder(file: zipfile.ZipFile, folder: str) -> None:
  name = f"{folder}byteorder"
  order = file.read(name) if name in file.namelist() else b"little"
  if order != b"little":
    raise ValueError(f"its byte order is {order!r}")


def _inspect_old(path: Path) -> tuple[Any, int]:
  """Magic number, protocol, system, tensor, storage keys, then the bytes."""
  with open(path, "rb") as file:
    if _load(file) != _MAGIC:
      raise ValueError("it is no file of torch.save")
    _, system = _load(file), _load(file)
    if not system["little_endian"]:
      raise ValueError("its byte order is big-endian")
    found = _load(file)
    keys = _load(file)
    if isinstance(found, _Description) and keys != [found.storage.key]:
      raise ValueError(f"it holds the storages {keys}, not one")
    return found, file.tell() + 8


def _load(file: IO[bytes]) -> Any:
  return _Unpickler(file).load()
