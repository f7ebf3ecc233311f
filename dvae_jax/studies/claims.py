"""Claims of the field: what a study's runs say about one published sentence.

A claim is a file, experiments/claim_<name>.py, with a `Claim` named CLAIM and a
`get_study` that trains what it needs. `measure` turns trained runs into lines
of plain numbers, once; `conclude` and `draw` read those lines and nothing else,
so that every number on the page follows from what is committed.
"""

import json
import math
import runpy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from ml_collections import ConfigDict

from dvae_jax import rundir, runs, session
from dvae_jax.progress import say
from dvae_jax.studies.plan import Study

MEASURED = "measured"  # folder below a study's, a file a claim
VERDICTS = ("held", "held in part", "failed")
Lines = list[dict[str, Any]]


class Conclusion(NamedTuple):
  """What the lines of a claim say.

  Attributes:
    verdict: one of VERDICTS.
    measured: one or two sentences with numbers and their intervals.
  """

  verdict: str
  measured: str


class Claim(NamedTuple):
  """A sentence of the literature, and how it is tried.

  Attributes:
    name: its file's, without "claim_".
    text: the sentence.
    source: paper and section, or the page that says it.
    setting: data, models and seeds in words.
    runs: profile -> name -> config; "" is for two cores, "full" the size of
      the source. Two claims that give a run the same name share it.
    measure: the study's folder -> lines of plain numbers, strings and lists.
    conclude: those lines -> what they say.
    draw: those lines -> the claim's figure.
  """

  name: str
  text: str
  source: str
  setting: str
  runs: Callable[[str], Mapping[str, ConfigDict]]
  measure: Callable[[Path], Lines]
  conclude: Callable[[Lines], Conclusion]
  draw: Callable[[Lines], Figure]


def load_claim(path: str | Path) -> Claim:
  """The CLAIM of a file.

  Raises:
    ValueError: it has none, or one that is named otherwise.
  """
  claim = runpy.run_path(str(path)).get("CLAIM")
  if claim is None or f"claim_{claim.name}" != Path(path).stem:
    found = claim and claim.name
    raise ValueError(f"{path}: CLAIM named by its file expected, {found} found")
  return claim


def study_of(
  claims: Sequence[Claim], profile: str = "", *, lanes: int = 64
) -> Study:
  """A study of every run that some claims need, which measures them at its end.

  Args:
    claims: one or more.
    profile: "" or "full".
    lanes: most lanes that one process trains together.

  Raises:
    ValueError: no such profile, or two claims that name different runs alike.
  """
  if profile not in ("", "full"):
    raise ValueError(f"profile {profile!r}: allowed is 'full', or none")
  found: dict[str, ConfigDict] = {}
  for claim in claims:
    for name, config in claim.runs(profile).items():
      if found.setdefault(name, config).to_dict() != config.to_dict():
        raise ValueError(f"runs: two claims have different {name!r}")
  return Study(found, lanes=lanes, after=partial(measure, claims))


def measure(claims: Sequence[Claim], folder: Path) -> None:
  """Measures what isn't measured yet, a file a claim; delete one to redo it.

  A claim that can't be measured is said, and doesn't stop the others.

  Raises:
    ValueError: another process measures here, or at the end, if some failed.
  """
  failed = []
  with rundir.locked(folder / MEASURED):
    for claim in claims:
      path = folder / MEASURED / f"{claim.name}.json"
      if path.exists():
        continue
      start = time.monotonic()
      try:
        lines = claim.measure(folder)
      except Exception as error:  # whatever it is, the others go on
        failed.append(claim.name)
        say(f"{claim.name} failed: {type(error).__name__}: {error}")
        continue
      about = {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": session.versions(),
        "minutes_measuring": round((time.monotonic() - start) / 60, 1),
        "minutes_training": round(_minutes(claim, folder), 1),
      }
      kept = rundir.plain({"about": about, "lines": lines})
      rundir.write_atomic(path, json.dumps(kept, indent=1) + "\n")
      say(f"{claim.name}: {claim.conclude(kept['lines']).verdict}")
  if failed:
    raise ValueError(f"claims: not measured: {', '.join(failed)}; see above")


def _minutes(claim: Claim, folder: Path) -> float:
  """What training the claim's runs took; runs are shared between claims."""
  files = [p for run in claim.runs("") for p in parts_of(folder, run)]
  lines = [rundir.read_jsonl(part / rundir.TIMINGS) for part in files]
  seconds = [t.get("seconds") or 0.0 for part in lines for t in part]
  return math.fsum(seconds) / 60


def parts_of(folder: Path, run: str) -> list[Path]:
  """The run directories of one run of a study, in the order of their seeds."""
  found = (folder / run).glob("seeds_*")
  return sorted(
    found, key=lambda path: int(path.name.split("_")[1].split("-")[0])
  )


def trained(folder: Path, run: str) -> Iterator[runs.Run]:
  """Loads the parts of one run of a study, one after another.

  Raises:
    ValueError: there is none, or one that isn't a finished run.
  """
  found = parts_of(folder, run)
  if not found:
    raise ValueError(f"{folder}: holds no run {run!r}")
  return map(runs.load_run, found)
