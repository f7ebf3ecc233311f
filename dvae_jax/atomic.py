"""Files that are there whole or not at all, whatever ends the process."""

import errno
import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

_LEFT = re.compile(r"\..+\.\d+\.\d+")  # what a kill leaves of one


def write_atomic(
  path: Path, content: str | bytes | Callable[[BinaryIO], object]
) -> None:
  """Writes a file so that a reader sees all of it or none, power cut or not.

  Args:
    path: the file; its folder exists.
    content: text, bytes, or a function that writes into an open file.
  """
  if isinstance(content, str):
    content = content.encode()
  mine = f"{os.getpid()}.{threading.get_ident()}"  # others may write it, too
  temporary = path.with_name(f".{path.name}.{mine}")
  try:
    with temporary.open("wb") as file:
      file.write(content) if isinstance(content, bytes) else content(file)
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)
  finally:
    temporary.unlink(missing_ok=True)


def sync(path: Path, *, inside: bool = False) -> None:
  """Returns when the disk holds a file or a folder's names, or all `inside`."""
  if inside:
    with ThreadPoolExecutor() as threads:  # a disk takes many for one's price
      list(threads.map(sync, path.rglob("*")))
  file = os.open(path, os.O_RDONLY)
  try:
    os.fsync(file)
  except OSError as error:
    if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # can't be synced
      raise
  finally:
    os.close(file)


def clear_away(folder: Path, *, hours: float = 0.0) -> None:
  """Removes what a killed `write_atomic` left in a folder, which may be gone.

  Args:
    folder: where files are written.
    hours: how old it must be; 0 where nobody else writes.
  """
  before = time.time() - 3600 * hours
  for path in folder.glob(".*"):
    if _LEFT.fullmatch(path.name) and path.stat().st_mtime <= before:
      path.unlink(missing_ok=True)
