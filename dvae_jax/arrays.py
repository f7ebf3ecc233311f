"""Arrays in files: .npz and .npy with digests, read without trust.

Nothing is ever unpickled, only what is asked for is read, and no more memory is
taken than the file's size and this machine's allow. NumPy's format is NEP 1.
"""

import hashlib
import lzma
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np

from dvae_jax import memory
from dvae_jax.rundir import unreadable, write_atomic

TEXTS = ("factor_names", "anomaly_names")
DIGESTS = "digests"  # the member that holds one of every other member
_DEFLATED = 1032  # a byte becomes at most as many (zlib.net/zlib_tech.html)
_BYTES, _FORMER = 32, 16  # of a digest: of SHA-256, and once of BLAKE2b
# What NumPy and zipfile raise where bytes aren't what they should be.
DAMAGE = (
  EOFError,
  KeyError,
  MemoryError,
  NotImplementedError,  # a compression that isn't known
  OverflowError,
  RecursionError,
  RuntimeError,  # encrypted
  SyntaxError,
  TypeError,
  ValueError,
  lzma.LZMAError,
  tokenize.TokenError,  # of a header
  zipfile.BadZipFile,
  zlib.error,
)


def hasher(name: str, dtype: np.dtype, shape: tuple[int, ...], like: str = ""):
  """The hash of an array, to be updated with its bytes in C order.

  SHA-256, which processors have instructions for; BLAKE2b where the digest to
  compare with, `like`, has its length.
  """
  about = f"{name} {dtype.str} {tuple(map(int, shape))} ".encode()
  if len(like) == 2 * _FORMER:
    return hashlib.blake2b(about, digest_size=_FORMER)
  return hashlib.sha256(about)


def digest(name: str, array: np.ndarray, like: str = "") -> str:
  """Hash of an array's name, type, shape and bytes, hexadecimal."""
  found = hasher(name, array.dtype, array.shape, like)
  if array.size and array.dtype.itemsize:
    found.update(np.ascontiguousarray(array).view(np.uint8).data)
  return found.hexdigest()


def listed(digests: Mapping[str, str]) -> np.ndarray:
  """The member `digests`: lines "digest  name", as sha256sum prints them."""
  return np.array([f"{found}  {name}" for name, found in digests.items()])


def write(
  path: Path, arrays: Mapping[str, np.ndarray], *, compression: int
) -> None:
  """Writes an npz with a digest of every array, all of it or none.

  Its bytes follow from the arrays alone, not from the clock.

  Args:
    path: the file.
    arrays: by name.
    compression: of zipfile: ZIP_STORED, ZIP_DEFLATED or ZIP_LZMA.
  """
  whole = {name: np.asarray(array) for name, array in arrays.items()}
  digests = {name: digest(name, array) for name, array in whole.items()}

  def content(file: BinaryIO) -> None:
    with zipfile.ZipFile(file, "w", compression) as archive:
      # First, so that a directory which ends early is noticed.
      for name, array in ({DIGESTS: listed(digests)} | whole).items():
        put(archive, name, array)

  write_atomic(path, content)


def put(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
  """Adds one array to an npz that is being written."""
  entry = zipfile.ZipInfo(f"{name}.npy")
  entry.compress_type = archive.compression
  with archive.open(entry, "w", force_zip64=True) as file:
    np.lib.format.write_array(file, array, allow_pickle=False)


def read(
  path: str | Path, names: Iterable[str] | None = None
) -> dict[str, np.ndarray]:
  """Reads arrays of an npz, and compares them with their digests.

  Args:
    path: the file; one without digests is anybody's, or of before them.
    names: which to read, as far as they are there; None reads all.

  Raises:
    ValueError: one sentence that names the file, what is wrong with it and what
      to do; nothing was unpickled, and no memory taken that isn't there.
  """
  path = Path(path)
  with _reading(path, "npz file"), zipfile.ZipFile(path) as archive:
    infos = members(path, archive)
    wanted = list(infos) if names is None else [n for n in names if n in infos]
    arrays = {name: _array(path, archive, infos[name]) for name in wanted}
    if DIGESTS not in infos:
      return arrays
    lines = _array(path, archive, infos[DIGESTS]).ravel().tolist()
  arrays.pop(DIGESTS, None)
  known = {name: found for found, _, name in (s.partition("  ") for s in lines)}
  if known.keys() | {DIGESTS} != infos.keys():
    raise unreadable(path, "doesn't hold the arrays that were written there")
  for name, array in arrays.items():
    if digest(name, array, known[name]) != known[name]:
      raise unreadable(path, f"{name!r} isn't what was written there")
  return arrays


def check_axes(
  path: Path,
  arrays: Mapping[str, np.ndarray],
  axes: Mapping[str, str],
  by: str = "",
  **sizes: int,
) -> None:
  """Compares types with what they should be, shapes with one another.

  Args:
    path: their file, for the sentence.
    arrays: by name.
    axes: name -> a letter an axis, "LND"; the same letter is the same size.
    by: name of the file that says the sizes.
    sizes: of axes that are known before.

  Raises:
    ValueError: names the file and the array.
  """
  for name, array in arrays.items():
    kinds, what = ("U", "texts") if name in TEXTS else ("biuf", "numbers")
    if np.asarray(array).dtype.kind not in kinds:
      raise unreadable(path, f"{name!r} is {array.dtype}, {what} needed")
    shape = np.shape(array)
    wanted = axes.get(name, "?" * len(shape))
    if len(shape) != len(wanted):
      raise unreadable(
        path, f"{name!r} has shape {shape}, {len(wanted)} axes needed"
      )
    for axis, size in zip(wanted, shape, strict=True):
      if axis != "?" and sizes.setdefault(axis, size) != size:
        why = f"{name!r} has shape {shape}, {axis} = {sizes[axis]} needed"
        raise unreadable(path, f"{why}{f' by {by}' if by else ''}")


def write_one(path: Path, array: np.ndarray) -> None:
  """Writes a .npy file, all of it or none, its digest after the array."""

  def content(file: BinaryIO) -> None:
    np.lib.format.write_array(file, array, allow_pickle=False)
    file.write(bytes.fromhex(digest(path.stem, array)))

  write_atomic(path, content)


def read_one(path: Path) -> np.ndarray:
  """Reads a .npy file; raises as `read`."""
  with _reading(path, "npy file"), path.open("rb") as file:
    header(path, path.name, file, size=path.stat().st_size)
    file.seek(0)
    array = np.lib.format.read_array(file, allow_pickle=False)
    written = file.read(_BYTES + 1).hex()
  if written and written != digest(path.stem, array, written):
    raise unreadable(path, "isn't what was written there")
  return array


def header(
  path: Path,
  name: str,
  file: IO[bytes],
  *,
  size: int | None = None,
  streamed: bool = False,
) -> tuple[tuple[int, ...], bool, np.dtype]:
  """Reads what an array declares, before anything is allocated for it.

  Args:
    path: of the file, for the sentence.
    name: of the array, for the sentence.
    file: at the array's first byte.
    size: bytes from there to the end of the file or member; None isn't
      compared.
    streamed: whether it is read a few rows at a time.

  Returns:
    Shape, whether its first axis varies fastest, and type.

  Raises:
    ValueError: no array, one of Python objects, or one that declares another
      size than the file has, or more than this machine's memory.
  """
  try:
    version = np.lib.format.read_magic(file)
    read_header = {
      (1, 0): np.lib.format.read_array_header_1_0,
      (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, fortran, dtype = read_header(file)
  except DAMAGE as error:
    words = str(error).partition("\n")[0][:120] or type(error).__name__
    raise unreadable(path, f"{name} is no NumPy array ({words})") from error
  if dtype.hasobject:
    raise ValueError(
      f"{path}: {name} holds pickled objects, which are never loaded; save"
      " arrays of numbers with numpy.savez"
    )
  needed = dtype.itemsize
  for length in shape:
    needed *= length
  most = memory.available()
  if needed < 0 or (needed > most and not streamed):
    raise ValueError(
      f"{path}: {name} declares {memory.in_words(needed)}, and this process can"
      f" take {memory.in_words(most)}"
    )
  if size is not None and needed not in _fitting(path, size - file.tell()):
    raise unreadable(
      path, f"{name} declares {needed} bytes and has {size - file.tell()}"
    )
  return shape, fortran and len(shape) > 1, dtype


def _fitting(path: Path, size: int) -> tuple[int, ...]:
  """Sizes of an array in so many bytes: a digest may follow in a .npy."""
  if path.suffix != ".npy":
    return (size,)
  return size, size - _BYTES, size - _FORMER


def members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
  """Arrays of an npz by name, none of which may come twice.

  Raises:
    ValueError: a member is there twice, or says it is longer than it can be.
  """
  found = {}
  for info in archive.infolist():
    name = info.filename.removesuffix(".npy")
    if name in found:
      raise ValueError(f"{path}: has the member {name!r} twice; make it again")
    most = {
      zipfile.ZIP_STORED: info.compress_size,
      zipfile.ZIP_DEFLATED: _DEFLATED * info.compress_size,
    }.get(info.compress_type, info.file_size)
    if info.file_size > most or info.compress_size > path.stat().st_size:
      raise ValueError(
        f"{path}: {name!r} declares {memory.in_words(info.file_size)} and can't"
        " have them; make it again"
      )
    found[name] = info
  return found


def _array(
  path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> np.ndarray:
  name = info.filename.removesuffix(".npy")
  with archive.open(info) as file:
    header(path, name, file, size=info.file_size)
  with archive.open(info) as file:
    array = np.lib.format.read_array(file, allow_pickle=False)
    file.read(1)  # lets zipfile compare its checksum
  return array


@contextmanager
def _reading(path: Path, kind: str) -> Iterator[None]:
  """Turns whatever a damaged file raises in the body into one sentence."""
  try:
    yield
  except FileNotFoundError as error:
    raise ValueError(f"{path}: no such file") from error
  except IsADirectoryError as error:
    raise ValueError(f"{path}: a folder; must be an {kind}") from error
  except OSError as error:
    why = f"can't be read ({error.strerror or error})"
    raise unreadable(path, why) from error
  except zipfile.BadZipFile as error:
    raise unreadable(path, f"not an {kind} ({str(error)[:80]})") from error
  except DAMAGE as error:
    if str(error).startswith(f"{path}: "):
      raise
    words = str(error).partition("\n")[0][:120] or type(error).__name__
    raise unreadable(path, f"damaged ({words})") from error
