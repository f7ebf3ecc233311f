"""What a study's training waits for: metrics, or nothing.

    python -m benchmarks.occupancy [--config=FILE]

Does the study in a folder of its own. While one part trains, the one before is
evaluated in other processes; the share of the time between the first step and
the last in which the device trains is what an accelerator would be busy, were
its host as fast at metrics for its speed as this one is.
"""

import functools
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import timing
from dvae_jax import rundir, session, studies
from dvae_jax.studies import worker

CONFIG = "experiments/study_reference.py:quick"


def timed(owner: Any, name: str, spent: Counter, what: str) -> None:
  """Puts a function in another's place that adds up the seconds it takes."""
  function = getattr(owner, name)

  @functools.wraps(function)
  def counted(*args):
    begun = time.perf_counter()
    try:
      return function(*args)
    finally:
      if args[-1] != 0:  # finish(0) comes after the last step
        spent[what] += time.perf_counter() - begun

  setattr(owner, name, counted)


def main() -> None:
  """Prints what the seconds up to the last step were spent on."""
  parser = timing.parser(__doc__)
  parser.add_argument("--config", default=CONFIG)
  flags = parser.parse_args()
  session.set_up()
  spent: Counter = Counter()
  timed(worker.Worker, "do", spent, "from the first step to the last")
  timed(worker.Worker, "_set_up", spent, "setting up")
  timed(worker.Worker, "finish", spent, "waiting for metrics")
  plan = studies.plan(studies.load(flags.config), flags.config)
  with tempfile.TemporaryDirectory() as folder:
    studies.work(plan, folder)
    spent["training"] = sum(
      line["seconds"]
      for part in plan.parts
      for line in rundir.read_jsonl(Path(folder) / part.name / rundir.TIMINGS)
    )
  whole = spent["from the first step to the last"]
  for what, seconds in spent.items():
    print(f"{what:32} {seconds:8.1f} s  {seconds / whole:6.1%}")
  timing.write(flags.json, dict(spent))


if __name__ == "__main__":
  main()
