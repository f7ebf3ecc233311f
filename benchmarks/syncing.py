"""What it costs that a checkpoint survives a power cut: ms of each part.

python -m benchmarks.syncing --folder=runs/syncing
"""

import argparse
import statistics
import time
from pathlib import Path

import numpy as np

from dvae_jax import arrays, rundir
from dvae_jax.train import checkpoint

ROUNDS = 10
SIZE = 2_500_000  # float32: 10 MB, a lane of `conv` and its moments


def milliseconds(function, *given, **named) -> float:
  """Wall time of a call."""
  began = time.perf_counter()
  function(*given, **named)
  return 1000 * (time.perf_counter() - began)


def rounds(folder: Path):
  """Yields the milliseconds of each part, a checkpoint after another."""
  tree = {"w": np.zeros((1, SIZE), np.float32)}
  with (
    (folder / rundir.LOGGED).open("a") as log,
    checkpoint.manager(folder / rundir.CHECKPOINTS) as checkpoints,
  ):
    for step in range(1, ROUNDS + 1):
      log.write(rundir.to_line({"step": step, "lane": 0}))
      log.flush()
      found = {"lines": milliseconds(rundir.sync, folder / rundir.LOGGED)}
      cloud, codes = folder / f"{step}.npy", np.ones((8, 256, 10), np.float16)
      found["codes"] = milliseconds(arrays.write_one, cloud, codes)
      checkpoint.save(checkpoints, step, tree, keep=2)
      found["Orbax"] = milliseconds(checkpoints.wait_until_finished)
      found["the rest"] = milliseconds(checkpoint.settle, checkpoints, 2)
      yield found


def main() -> None:
  """Prints a line a part."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--folder", default="runs/syncing", type=Path)
  folder = parser.parse_args().folder
  folder.mkdir(parents=True)
  found = list(rounds(folder))
  for name in found[0]:
    spent = statistics.median(one[name] for one in found)
    print(f"{name}: {spent:.0f} ms")


if __name__ == "__main__":
  main()
