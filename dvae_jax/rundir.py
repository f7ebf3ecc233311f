"""A run directory: its files, its lock, its JSON lines, its one atomic write.

Below everything that reads or writes a run, so it knows nothing of JAX, models
or data sets.
"""

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dvae_jax.atomic import clear_away as clear_away
from dvae_jax.atomic import sync as sync
from dvae_jax.atomic import write_atomic as write_atomic
from dvae_jax.lock import InUse as InUse
from dvae_jax.lock import in_use as in_use
from dvae_jax.lock import locked as locked

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
# What to do about a file that can't be read; nothing here does it.
REMEDY = {
  CONFIG: "restore it from a copy, or choose another --workdir",
  LOGGED: "restore it, or remove it and do without the curves",
  TIMINGS: "remove it; only the training time is lost",
  RESULTS: "remove it and evaluate again",
  UNFINISHED: "remove it; the evaluation then begins anew",
  CODES: "remove it and evaluate again",
  PICTURES: "remove it and evaluate again",
  "failed.json": "remove it; the part is then tried again",
  "study.json": "restore it from a copy",
  "lanes.jsonl": "restore it from a copy, or gather the study again",
}
GROWING = (LOGGED, TIMINGS)  # may end in a line that is being written
# What every line of LOGGED and TIMINGS has.
LOGGED_FIELDS = {"step": int, "lane": int}
TIMING_FIELDS = {"step": int}
# Arrays of CODES: an axis a letter, of the same size wherever it stands.
CODE_ARRAYS = {
  "means": "LND", "logvars": "LND", "kl": "LD", "indices": "N", "discrete": "",
  "factors": "NK", "factor_names": "K", "held_out": "N",
}  # fmt: skip
WORDS = {  # JSON's types
  int: "a whole number",
  float: "a number",
  str: "a text",
  bool: "true or false",
  dict: "an object",
  list: "a list",
  type(None): "null",
}
# The last field of an object, of a line as of a file with indented ones.
_ALIKE = re.compile(r'"[^"]{4,8}":\s*"[^"]{16}"\s*\}\s*$')
_SIGNED = re.compile(r',\s*"digest": "([0-9a-f]{16})"\s*\}\s*$')


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


def unreadable(path: Path, why: str, line: int = 0) -> ValueError:
  """The sentence about a file, or a line of it (from 1), and what to do."""
  place = f"{path}, line {line}" if line else str(path)
  remedy = REMEDY.get(path.name, "restore it from a copy")
  return ValueError(f"{place}: {why}; {remedy}")


@contextlib.contextmanager
def about(path: Path) -> Iterator[None]:
  """Puts a file's name before what the body says of its content."""
  try:
    yield
  except ValueError as error:
    raise unreadable(path, str(error)) from error


def read_text(path: Path) -> str:
  """Reads a file of text.

  Raises:
    ValueError: there is none, it can't be read, or isn't UTF-8.
  """
  try:
    return path.read_bytes().decode()
  except OSError as error:
    raise unreadable(path, f"can't be read ({error.strerror})") from error
  except UnicodeDecodeError as error:
    line = 1 + bytes(error.object[: error.start]).count(b"\n")
    raise unreadable(path, "isn't text in UTF-8", line) from error


def signed(text: str, place: str = "") -> str:
  """The text of a JSON object with its own digest as a last field.

  Args:
    text: of a filled object, on one line or indented.
    place: "2/10" of the second of ten lines that belong together, so that a
      line can't be missed; "" of lines that others may follow.
  """
  body = text.rstrip().removesuffix("}").rstrip()
  found = hashlib.blake2b(f"{place}{body}".encode(), digest_size=8)
  space, end = ("\n ", "\n}") if "\n" in body else (" ", "}")
  return f'{body},{space}"digest": "{found.hexdigest()}"{end}'


def _parsed(path: Path, text: str, line: int = 0, places=("",)) -> dict:
  """The object of a text, without its digest, which must be right."""
  try:
    value = json.loads(text)
  except (ValueError, RecursionError) as error:
    line += getattr(error, "lineno", 1) - bool(line)
    raise unreadable(path, f"isn't JSON ({error})", line) from error
  if not isinstance(value, dict):
    why = f"{WORDS[type(value)]} found, an object needed"
    raise unreadable(path, why, line)
  digest = value.pop("digest", None)
  if digest is None and not _ALIKE.search(text):  # of before digests
    return value
  body = text[: match.start()] + "}" if (match := _SIGNED.search(text)) else ""
  if text.rstrip() not in [signed(body, place) for place in places]:
    missing = ", or a line is missing" if any(places) else ""
    why = f'isn\'t what was written there{missing} (edited? drop "digest")'
    raise unreadable(path, why, line)
  return value


def read_json(
  path: Path, fields: Mapping[str, Any] | None = None
) -> dict[str, Any]:
  """Reads a file that holds one JSON object.

  Args:
    path: the file; its digest, where it has one, is compared and left out.
    fields: names that must be there, and the types that they may have.

  Raises:
    ValueError: names the file, what is wrong with it and what to do.
  """
  found = _parsed(path, read_text(path))
  check_fields(path, found, fields or {})
  return found


def write_json(path: Path, value: dict[str, Any]) -> None:
  """Writes one JSON object with its digest, all of it or none."""
  write_atomic(path, signed(json.dumps(plain(value), indent=1)) + "\n")


def check_fields(
  path: Path, found: dict, fields: Mapping[str, Any], line: int = 0
) -> None:
  """Checks fields of a file's object: whether there, of which type."""
  for name, kind in fields.items():
    if name not in found:
      raise unreadable(path, f"has no {name!r}", line)
    value = found[name]
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if type(value) not in kinds:
      needed = " or ".join(WORDS[kind] for kind in kinds)
      why = f"{name!r} is {str(value)[:40]!r}, {needed} needed"
      raise unreadable(path, why, line)


def read_jsonl(
  path: Path, fields: Mapping[str, Any] | None = None
) -> list[dict]:
  """Reads the whole lines of a file of JSON lines; [] when there is no file.

  Args:
    path: the file; digests of lines, where they have some, are compared and
      left out.
    fields: names that every line must have, and the types that they may have.

  Raises:
    ValueError: names the file, the line, what is wrong and what to do.
  """
  if not path.exists():
    return []
  *lines, rest = read_text(path).split("\n")
  if path.name not in GROWING and (rest or not lines):
    raise unreadable(path, "ends early", len(lines) + 1)
  found = []
  for number, text in enumerate(lines, 1):
    places = ("", f"{number}/{len(lines)}")
    found.append(_parsed(path, text, number, places))
    check_fields(path, found[-1], fields or {}, number)
  return found


def write_jsonl(
  path: Path, lines: Iterable[dict], *, grows: bool = False
) -> None:
  """Writes a file of JSON lines with their digests, all of it or none.

  Args:
    path: the file.
    lines: filled objects.
    grows: whether lines are added later, by `to_line`; else one that is
      missing will be noticed.
  """
  texts = [to_json(line) for line in lines]
  places = ["" if grows else f"{n + 1}/{len(texts)}" for n in range(len(texts))]
  texts = list(map(signed, texts, places))
  write_atomic(path, "".join(f"{text}\n" for text in texts))


def to_line(value: dict) -> str:
  """A line of a file that grows: JSON with its digest."""
  return signed(to_json(value)) + "\n"


def truncate_jsonl(path: Path, step: int, last: int, each: int = 1) -> None:
  """Drops what was logged after a step, and a line cut short by a kill.

  Args:
    path: of a file that grows.
    step: of the checkpoint; nothing after it is kept.
    last: step of the last lines that must be there, 0 for none.
    each: number of lines of a step.

  Raises:
    ValueError: lines up to `last` are missing.
  """
  lines = read_jsonl(path, {"step": int})
  kept = [line for line in lines if line["step"] <= step]
  check_ends_at(path, kept, last, each)
  write_jsonl(path, kept, grows=True)


def check_ends_at(path: Path, lines: list[dict], last: int, each: int) -> None:
  """Refuses a file that grows where it lacks lines; it may be missing."""
  found = [line["step"] for line in lines]
  if path.exists() and last and found[-each:] != [last] * each:
    ends = found[-1] if found else 0
    why = f"ends at step {ends}, and all of step {last} was written there"
    raise unreadable(path, why)


def differences(old: dict, new: dict, prefix: str = "") -> list[str]:
  """Names of the fields in which two nested dicts differ, with both values."""
  lines = []
  for name in sorted(old.keys() | new.keys()):
    before, after = old.get(name), new.get(name)
    if isinstance(before, dict) and isinstance(after, dict):
      lines += differences(before, after, f"{prefix}{name}.")
    elif before != after:
      was, now = f"{before!r:.60}", f"{after!r:.60}"
      lines.append(f"{prefix}{name} was {was}, now {now}")
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
  found = read_json(path)
  if found.get("format") != FORMAT:
    raise ValueError(
      f"--workdir: {folder} was made by another version of dvae_jax: its files"
      f" have format {found.get('format', 1)}, this version reads format"
      f" {FORMAT}; train again in another --workdir, or install the version"
      f" that its {CONFIG} names"
    )
  check_fields(path, found, {"config": dict, "data": dict})
  return found


def write_config(folder: Path, record: dict[str, Any]) -> None:
  """Writes config.json: the record, and the format of the files beside it."""
  write_json(folder / CONFIG, {"format": FORMAT} | record)
