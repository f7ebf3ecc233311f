"""Where prepared data are kept, and how files come there safely."""

import contextlib
import glob
import gzip
import hashlib
import importlib
import io
import os
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from dvae_jax import lock, memory, rundir

_DAMAGE = (
  EOFError,
  OSError,
  SyntaxError,  # Pillow's word for a broken PNG
  tarfile.TarError,
  zipfile.BadZipFile,
  zlib.error,
  gzip.BadGzipFile,
)


def cache_dir() -> Path:
  """The user's folder for data: `$XDG_CACHE_HOME/dvae_jax/data`."""
  cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
  return Path(cache) / "dvae_jax" / "data"


def prepared_dir(name: str, directory: str = "") -> Path:
  """Where `prepare` puts a data set: below `directory`, or the cache."""
  root = Path(directory).expanduser() if directory else cache_dir()
  return root / name / "prepared"


@contextlib.contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
  """A temporary sibling that becomes `target` if the body succeeds.

  If the body raises, the sibling is deleted and `target` stays as it was. What
  a killed process left of the same target is removed first.
  """
  target.parent.mkdir(parents=True, exist_ok=True)
  prefix, suffix = f".{target.name}-", ".partial"
  with contextlib.ExitStack() as stack:
    with lock.turn(target.parent):
      for left in target.parent.glob(f"{glob.escape(prefix)}*{suffix}"):
        _remove_abandoned(left, target)
      made = Path(
        tempfile.mkdtemp(dir=target.parent, prefix=prefix, suffix=suffix)
      )
      stack.callback(shutil.rmtree, made, ignore_errors=True)
      stack.enter_context(lock.locked(made))
    fresh = made / "new"
    fresh.mkdir()
    yield fresh
    rundir.sync(fresh, inside=True)
    if target.exists():
      target.rename(made / "old")
    fresh.rename(target)
    rundir.sync(target.parent)


def _remove_abandoned(left: Path, target: Path) -> None:
  """Removes a temporary sibling, unless it is a living process's.

  One without a lock may be another version's that is alive: it stays.
  """
  if not (left / lock.NAME).exists() or lock.in_use(left):
    return
  if (left / "old").exists() and not target.exists():  # killed between the two
    (left / "old").rename(target)
  shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
  """Turns whatever a damaged file raises in the body into one sentence.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: the body found the file damaged or truncated.
  """
  if not Path(path).exists():
    raise FileNotFoundError(f"there is no {kind} at {path}")
  try:
    yield
  except _DAMAGE as error:
    raise ValueError(
      f"{path} is no readable {kind}, it may be damaged or truncated:"
      f" {str(error) or type(error).__name__}"
    ) from error


def read_exactly(file: io.BufferedIOBase, size: int, why: str) -> bytes:
  """The rest of a file, of which is known how long it is.

  No more is read, whatever a compressed file would become.

  Raises:
    OSError: it has another size, or one that memory doesn't hold.
  """
  if not 0 <= size <= memory.available():
    raise OSError(f"{why} needs {memory.in_words(size)} of memory")
  raw = file.read(size + 1)
  if len(raw) != size:
    found = "more" if len(raw) > size else len(raw)
    raise OSError(f"{found} bytes; {why} needs {size}")
  return raw


def digest(path: Path, algorithm: str) -> str:
  """Hexadecimal digest of a file."""
  with open(path, "rb") as file:
    return hashlib.file_digest(file, algorithm).hexdigest()


def check_digest(path: Path, published: str) -> None:
  """Compares a file with its published checksum.

  Args:
    path: the file.
    published: `"sha256:..."` or `"md5:..."`.

  Raises:
    ValueError: they differ.
  """
  algorithm, _, expected = published.partition(":")
  found = digest(path, algorithm)
  if found != expected:
    raise ValueError(
      f"{path} has the {algorithm} checksum {found}, published is {expected}:"
      " download it again"
    )


def zip_member_start(path: Path, member: zipfile.ZipInfo) -> int:
  """Byte of a zip file at which the data of a member begin.

  Its local header has 30 bytes, a name and extra fields (APPNOTE 4.3.7).
  """
  with open(path, "rb") as file:
    file.seek(member.header_offset + 26)
    name, extra = struct.unpack("<HH", file.read(4))
  return member.header_offset + 30 + name + extra


def needs(module: str, extra: str, purpose: str) -> ModuleType:
  """Imports a module of an optional extra.

  Raises:
    ModuleNotFoundError: it isn't installed; names the command that does.
  """
  try:
    return importlib.import_module(module)
  except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
      f"{purpose} needs {module}: pip install 'dvae_jax[{extra}]'"
    ) from error
