"""A folder held by one process, until that ends or is killed."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

NAME = ".lock"  # of the file in it


class InUse(ValueError):
  """Another process holds the run directory."""


def in_use(folder: Path) -> bool:
  """Whether a process holds a run directory; it need not exist."""
  try:
    with (folder / NAME).open() as lock:
      fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
  except FileNotFoundError:
    return False
  except OSError:
    return True
  return False


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
  """Holds a run directory for this process, until it ends or is killed.

  Raises:
    InUse: another process holds it.
    ValueError: it can't be written.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / NAME).open("a")
  except OSError as error:
    raise ValueError(
      f"--workdir: {folder} can't be written ({error.strerror}); choose a"
      " folder that can"
    ) from error
  with lock:
    try:
      fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
      raise InUse(
        f"--workdir: {folder} is in use by another process; wait for it, or"
        " choose another --workdir"
      ) from error
    yield


@contextlib.contextmanager
def turn(folder: Path) -> Iterator[None]:
  """Waits for others that take their turn in a folder; leaves no file there.

  Where a folder can't be locked, as on some network disks, nobody waits.
  """
  opened = os.open(folder, os.O_RDONLY)
  try:
    with contextlib.suppress(OSError):
      fcntl.flock(opened, fcntl.LOCK_EX)
    yield
  finally:
    os.close(opened)
