"""Unpacking zip and tar archives that nobody has to trust."""

import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from dvae_jax import memory
from dvae_jax.data.formats import storage

PIECE = 2**20  # bytes that are unpacked at a time


def read(archive: Path, name: str, source: IO[bytes], most: int) -> bytes:
  """A whole member, which must be small.

  Raises:
    ValueError: it is longer than `most`, whatever it says it is.
  """
  content = source.read(most + 1)
  if len(content) > most:
    raise ValueError(
      f"{archive} is refused: its member {name!r} has more than"
      f" {memory.in_words(most)}"
    )
  return content


def extract(
  archive: Path, directory: Path, wanted: Callable[[str], bool]
) -> list[str]:
  """Unpacks the wanted members of an archive into a folder.

  Returns:
    Names of the members that were unpacked.

  Raises:
    FileNotFoundError, ValueError: as `members`.
  """
  names = []
  for name, source in members(archive, wanted):
    target = directory / name
    target.parent.mkdir(parents=True, exist_ok=True)
    room = shutil.disk_usage(target.parent).free
    with open(target, "wb") as file:
      while piece := source.read(PIECE):
        room -= len(piece)
        if room < 0:
          raise ValueError(f"{archive} is refused: the disk can't hold {name}")
        file.write(piece)
    names.append(name)
  return names


def members(
  archive: Path, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, IO[bytes]]]:
  """Opens the wanted members of a zip or tar archive, one after the other.

  Args:
    archive: path of a .zip, .tar or compressed tar file.
    wanted: says of a member's name whether to open it.

  Yields:
    Name and open file, valid until the next one is asked for.

  Raises:
    FileNotFoundError: there is no such archive.
    ValueError: it is damaged or truncated, or a member, wanted or not, is a
      link or a device or points outside of the archive.
  """
  with storage.reading(archive, "archive"):
    opened = _zip if zipfile.is_zipfile(archive) else _tar
    yield from opened(archive, wanted)


def _zip(archive: Path, wanted) -> Iterator[tuple[str, IO[bytes]]]:
  with zipfile.ZipFile(archive) as file:
    for member in file.infolist():
      kind = member.external_attr >> 28  # 10 is a symbolic link
      _check_member(archive, member.filename, plain=kind != 10)
      if not member.is_dir() and wanted(member.filename):
        with file.open(member) as source:
          yield member.filename, source


def _tar(archive: Path, wanted) -> Iterator[tuple[str, IO[bytes]]]:
  with tarfile.open(archive) as file:
    for member in file:
      plain = member.isfile() or member.isdir()
      _check_member(archive, member.name, plain=plain)
      if member.isfile() and wanted(member.name):
        source = file.extractfile(member)
        assert source is not None
        with source:
          yield member.name, source


def _check_member(archive: Path, name: str, *, plain: bool) -> None:
  path = PurePosixPath(name.replace("\\", "/"))
  outside = path.is_absolute() or ".." in path.parts or ":" in name
  if outside or not plain:
    what = "points outside of the archive" if outside else "is no plain file"
    raise ValueError(f"{archive} is refused: its member {name!r} {what}")
