"""A run directory: its files, its lock, its JSON lines, its one atomic write.

Below everything that reads or writes a run, so it knows nothing of JAX, models
or data sets.
"""

import contextlib
import fcntl
import json
import math
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

FORMAT = 2  # of the files; config.json names it, older ones don't

CONFIG = "config.json"
LOGGED = "metrics.jsonl"  # a line a logged step and lane
TIMINGS = "timings.jsonl"
RESULTS = "results.jsonl"  # a line a lane
UNFINISHED = "results.partial.jsonl"  # of an evaluation that was interrupted
CODES = "codes.npz"
PICTURES = "pictures.npz"
CHECKPOINTS = "checkpoints"
CLOUDS = "clouds"
DAMAGED = "damaged"  # checkpoints that can't be read


def write_atomic(
  path: Path, content: str | bytes | Callable[[BinaryIO], object]
) -> None:
  """Writes a file so that a reader sees all of it or none.

  Args:
    path: the file; its folder exists.
    content: text, bytes, or a function that writes into an open file, such as
      `lambda file: np.savez(file, means=means)`.
  """
  if isinstance(content, str):
    content = content.encode()
  # Processes and threads that write the same file don't write into one another.
  mine = f"{os.getpid()}.{threading.get_ident()}"
  temporary = path.with_name(f".{path.name}.{mine}")
  try:
    with temporary.open("wb") as file:
      file.write(content) if isinstance(content, bytes) else content(file)
    temporary.replace(path)
  finally:
    temporary.unlink(missing_ok=True)


def plain(value: Any) -> Any:
  """The same as JSON values: arrays as lists, numbers not finite as None."""
  if isinstance(value, dict):
    return {str(name): plain(item) for name, item in value.items()}
  if isinstance(value, list | tuple):
    return [plain(item) for item in value]
  if hasattr(value, "__array__"):  # NumPy's and JAX's arrays and scalars
    return plain(np.asarray(value).tolist())
  if isinstance(value, float) and not math.isfinite(value):
    return None
  return value


def to_json(value: Any) -> str:
  """One line of JSON; numbers that aren't finite become null."""
  return json.dumps(plain(value), allow_nan=False)


def read_jsonl(path: Path) -> list[dict]:
  """Reads the whole lines of a file of JSON lines; [] when there is no file."""
  if not path.exists():
    return []
  lines = path.read_text().splitlines(keepends=True)
  return [json.loads(line) for line in lines if line.endswith("\n")]


def write_jsonl(path: Path, lines: list[dict]) -> None:
  """Writes a file of JSON lines, all of it or none."""
  write_atomic(path, "".join(to_json(line) + "\n" for line in lines))


def truncate_jsonl(path: Path, step: int) -> None:
  """Drops what was logged after a step, and a line cut short by a kill."""
  write_jsonl(path, [line for line in read_jsonl(path) if line["step"] <= step])


def differences(old: dict, new: dict, prefix: str = "") -> list[str]:
  """Names of the fields in which two nested dicts differ, with both values."""
  lines = []
  for name in sorted(old.keys() | new.keys()):
    before, after = old.get(name), new.get(name)
    if isinstance(before, dict) and isinstance(after, dict):
      lines += differences(before, after, f"{prefix}{name}.")
    elif before != after:
      lines.append(f"{prefix}{name} was {before!r}, now {after!r}")
  return lines


def read_config(folder: str | Path) -> dict[str, Any]:
  """Reads a run directory's config.json.

  Args:
    folder: the run directory.

  Returns:
    {"format", "config", "data", "versions", "command"}.

  Raises:
    ValueError: there is none, or its files have another format.
  """
  path = Path(folder) / CONFIG
  if not path.exists():
    raise ValueError(f"--workdir: {folder} holds no run (no {CONFIG} in it)")
  found = json.loads(path.read_text())
  if found.get("format") != FORMAT:
    raise ValueError(
      f"--workdir: {folder} was made by another version of dvae_jax: its files"
      f" have format {found.get('format', 1)}, this version reads format"
      f" {FORMAT}; train again in another --workdir, or install the version"
      f" that its {CONFIG} names"
    )
  return found


def write_config(folder: Path, record: dict[str, Any]) -> None:
  """Writes config.json: the record, and the format of the files beside it."""
  text = json.dumps({"format": FORMAT} | plain(record), indent=1)
  write_atomic(folder / CONFIG, text + "\n")


class InUse(ValueError):
  """Another process holds the run directory."""


def in_use(folder: Path) -> bool:
  """Whether a process holds a run directory; it need not exist."""
  try:
    with (folder / ".lock").open() as lock:
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
    lock = (folder / ".lock").open("a")
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
