"""Runs what experiments offer as `:quick` and writes what it gave into them.

    python -m benchmarks.experiments [betavae_dsprites ...]
    python -m benchmarks.experiments --write        from what is kept, no run

Each is run to its end by `python -m dvae_jax.main`; its scores are kept in
results/quick/<name>.json, and the end of the file's docstring is made of them.
"""

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict
from scipy.stats import t

from dvae_jax import rundir
from dvae_jax.studies.plan import setting_of

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "results" / "quick"
SCORES = ("mig", "infomec", "dcimig", "factor_vae", "udr")
# `tc` is of draws, `total_correlation` of the means: what penalties act on.
OWN = ("reconstruction", "kl", "tc", "total_correlation", "active_units")
MARK = re.compile(r"\n`:quick` gave.*?(?=\"\"\")", re.DOTALL)


def names() -> list[str]:
  """Every experiment file with a quick profile, by name."""
  files = sorted((ROOT / "experiments").glob("*.py"))
  runs = [f for f in files if not f.stem.startswith(("claim", "study"))]
  return [f.stem for f in runs if f"{f.stem}.py:quick" in f.read_text()]


def run(name: str, folder: Path) -> dict:
  """Runs an experiment's quick profile; returns what is kept of it."""
  config = f"experiments/{name}.py:quick"
  command = [sys.executable, "-m", "dvae_jax.main", f"--config={config}"]
  shutil.rmtree(folder, ignore_errors=True)  # the time is of a whole run
  before = _children()
  subprocess.run([*command, f"--workdir={folder}"], cwd=ROOT, check=True)
  minutes = (_children() - before) / 60
  record = rundir.read_config(folder)
  about = {
    "command": f"python -m dvae_jax.main --config={config}",
    "date": datetime.now(UTC).date().isoformat(),
    "cpu_minutes": round(minutes, 1),
    "versions": record["versions"],
  }
  return {"about": about, "lines": lines_of(folder)}


def _children() -> float:
  """Seconds of processor time of processes that ended; others' work is out."""
  used = resource.getrusage(resource.RUSAGE_CHILDREN)
  return used.ru_utime + used.ru_stime


def lines_of(folder: Path) -> list[dict]:
  """A line a lane: setting, seed and numbers."""
  config = ConfigDict(rundir.read_config(folder)["config"])
  return [
    {
      "setting": setting_of(line, config) or config.objective,
      "seed": line["seed"],
      "diverged_at": line["diverged_at"],
      "scores": {
        n: line["metrics"][n] for n in (*SCORES, *OWN) if n in line["metrics"]
      },
    }
    for line in rundir.read_jsonl(folder / rundir.RESULTS)
  ]


def table(lines: list[dict]) -> dict[str, dict[str, tuple[float, float]]]:
  """setting -> score -> mean over seeds, half its 95% interval (Student's)."""
  found: dict[str, dict[str, tuple[float, float]]] = {}
  for setting in dict.fromkeys(line["setting"] for line in lines):
    own = [x["scores"] for x in lines if x["setting"] == setting]
    found[setting] = {name: _mean([x[name] for x in own]) for name in own[0]}
  return found


def _mean(values: list[float]) -> tuple[float, float]:
  count = len(values)
  error = np.std(values, ddof=1) / np.sqrt(count) if count > 1 else np.nan
  return float(np.mean(values)), float(t.ppf(0.975, count - 1) * error)


def block(kept: dict) -> str:
  """The end of the docstring, with a blank line before it."""
  found, about = table(kept["lines"]), kept["about"]
  seeds = sorted({line["seed"] for line in kept["lines"]})
  text = "\n\n".join(_tables(found))
  return (
    f"\n`:quick` gave on {about['date']} in {about['cpu_minutes']} minutes of"
    f" processor time (seeds {', '.join(map(str, seeds))};\nmeans, +- half a"
    f" 95% interval; python -m benchmarks.experiments):\n\n{text}\n"
  )


def _tables(found: dict) -> Iterator[str]:
  """Scores down, settings across, as many beside each other as fit."""
  names, settings = [*next(iter(found.values()))], [*found]
  if settings:
    rows = [["", *settings]]
    rows += [[n, *(_cell(*found[x][n]) for x in settings)] for n in names]
    width = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sum(width) + 2 * len(width) + 2 > 80 and len(settings) > 1:
      first = len(settings) // 2
      for part in (settings[:first], settings[first:]):
        yield from _tables({x: found[x] for x in part})
      return
    yield "\n".join(
      "    " + "  ".join(map(str.ljust, row, width)).rstrip() for row in rows
    )


def _cell(mean: float, half: float) -> str:
  digits = 2 if abs(mean) < 10 else 1
  spread = "" if np.isnan(half) else f" +- {half:.{digits}f}"
  return f"{mean:.{digits}f}{spread}"


def written(name: str) -> str:
  """The experiment file's text, with what is kept of it at its place."""
  text = (ROOT / "experiments" / f"{name}.py").read_text()
  path = KEPT / f"{name}.json"
  if not path.exists():
    return text
  docstring, quotes, rest = MARK.sub("", text, count=1).partition('\n"""\n')
  kept = json.loads(path.read_text())
  return f"{docstring}\n{block(kept).rstrip()}{quotes}{rest}"


def main() -> None:
  """Runs what is named, or everything; writes the files."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("names", nargs="*")
  parser.add_argument("--write", action="store_true")
  parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "quick")
  flags = parser.parse_args()
  KEPT.mkdir(parents=True, exist_ok=True)
  for name in flags.names or names():
    if not flags.write:
      kept = rundir.plain(run(name, flags.runs / name))
      path = KEPT / f"{name}.json"
      rundir.write_atomic(path, json.dumps(kept, indent=1) + "\n")
    (ROOT / "experiments" / f"{name}.py").write_text(written(name))


if __name__ == "__main__":
  main()
