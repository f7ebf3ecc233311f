"""How long `:quick` takes from the prompt to its first finished step.

    python -m benchmarks.startup [--json=FILE]

Each time is one new process, import included: first with an empty compilation
cache, then with the one that it left.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIRST_STEP = """
import importlib.util, pathlib, tempfile
from dvae_jax import checks, data, main, session
from dvae_jax.train import loop, training
session.set_up()
spec = importlib.util.spec_from_file_location(
  "experiment", "experiments/betavae_dsprites.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
settings = module.get_config("quick")
settings.train.steps = 1
checks.check(settings)
dataset = data.load(settings.data)
setup = training.set_up(settings, dataset)
loop.train(settings, setup, pathlib.Path(tempfile.mkdtemp()))
"""


def seconds(cache: str) -> float:
  """Seconds of one process with a cache folder."""
  start = time.perf_counter()
  subprocess.run(
    [sys.executable, "-c", FIRST_STEP],
    check=True,
    cwd=ROOT,
    env=os.environ | {"XDG_CACHE_HOME": cache},
    stderr=subprocess.DEVNULL,
  )
  return time.perf_counter() - start


def main() -> None:
  """Prints both times, and writes them where asked to."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--json", type=Path)
  path = parser.parse_args().json
  with tempfile.TemporaryDirectory() as cache:
    row = {"empty_cache_seconds": seconds(cache)}
    row["warm_cache_seconds"] = min(seconds(cache) for _ in range(3))
  for name, value in row.items():
    print(f"{name}: {value:.1f}")
  if path:
    path.write_text(json.dumps([row], indent=1) + "\n")


if __name__ == "__main__":
  main()
