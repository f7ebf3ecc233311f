"""results.jsonl read: a line a lane, each with what it must have."""

from pathlib import Path
from typing import Any

from dvae_jax import rundir

# What every line has; and what one of an evaluation of this version has.
FIELDS = {"lane": int, "seed": int, "hparams": dict}
EVALUATED_FIELDS = FIELDS | {
  "step": int, "diverged_at": int, "metrics": dict, "details": dict,
  "eval": dict,
}  # fmt: skip


def read(folder: Path) -> list[dict[str, Any]]:
  """The lines of a run directory's results, by lane.

  Args:
    folder: the run directory.

  Returns:
    One dict a lane, lanes 0, 1, ...; [] where there is no such file.

  Raises:
    ValueError: names the file, the line and what is wrong with it.
  """
  path = folder / rundir.RESULTS
  lines = rundir.read_jsonl(path, FIELDS)
  known = sorted(line["lane"] for line in lines)
  if known != list(range(len(lines))):
    raise rundir.unreadable(path, f"has the lanes {str(known)[:60]}")
  for number, line in enumerate(lines, 1):
    optional = {"step": int, "diverged_at": int, "metrics": dict, "eval": dict}
    there = {name: kind for name, kind in optional.items() if name in line}
    rundir.check_fields(path, line, there, number)
    bad = [n for n, v in line["hparams"].items() if not is_number(v)]
    if bad or line["hparams"].keys() != lines[0]["hparams"].keys():
      why = "'hparams' aren't numbers, or others than the first line's"
      raise rundir.unreadable(path, why, number)
  return sorted(lines, key=lambda line: line["lane"])


def evaluated(folder: Path) -> list[dict[str, Any]]:
  """As `read`, of an evaluation of this version: lines with all their fields.

  Raises:
    ValueError: as `read`.
  """
  path, lines = folder / rundir.RESULTS, read(folder)
  for number, line in enumerate(lines, 1):
    check_evaluated(path, line, number)
  return lines


def check_evaluated(path: Path, line: dict[str, Any], number: int) -> None:
  """Refuses a line that an evaluation can't go on from."""
  rundir.check_fields(path, line, EVALUATED_FIELDS, number)
  fields = {"stride": list, "metrics": list}
  rundir.check_fields(path, line["eval"], fields, number)
  if not all(isinstance(name, str) for name in line["eval"]["metrics"]):
    raise rundir.unreadable(path, "'metrics' aren't names", number)
  if not all(isinstance(found, dict) for found in line["details"].values()):
    raise rundir.unreadable(path, "'details' aren't objects", number)


def is_number(value: Any) -> bool:
  """Whether a value is JSON's kind of number."""
  return isinstance(value, int | float) and not isinstance(value, bool)
