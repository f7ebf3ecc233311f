"""Times a training step of this checkout against that of another.

    git worktree add /tmp/before 106a91a
    python -m benchmarks.versions --other=/tmp/before [--network=conv_k4]
        [--lanes=8]

Each checkout runs its own `benchmarks.train_step.make_jax`, sixteen steps a
call at batch 64, or with --lanes its own `benchmarks.sweep.make`, a sweep of as
many betas, in a process of its own; they take turns. Printed is this one's time
over the other's: the median over turns with its quartiles.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks import timing

HERE = Path(__file__).parents[1]
TURNS = 30
STEPS = {"mlp_small": 200}  # of a call of a sweep; 4 of other networks
MAKE = {
  "step": "train_step import make_jax as make; arguments = 64, False, 16",
  "sweep": "sweep import make; arguments = {lanes}, {steps}",
}
CODE = """
import sys, time
sys.path.insert(0, {folder!r})
from benchmarks.{make}
step = make({network!r}, *arguments)
step(), step()
print("ready", flush=True)
for line in sys.stdin:
  start = time.perf_counter()
  step()
  print(time.perf_counter() - start, flush=True)
"""


def start(folder: Path, network: str, lanes: int) -> subprocess.Popen:
  """A process that makes a call whenever it is sent a line."""
  make = MAKE["sweep" if lanes else "step"]
  make = make.format(lanes=lanes, steps=STEPS.get(network, 4))
  code = CODE.format(folder=str(folder), make=make, network=network)
  process = subprocess.Popen(
    [sys.executable, "-c", code],
    cwd=folder,
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
  )
  assert process.stdout is not None
  if process.stdout.readline().strip() != "ready":
    raise ValueError(f"{folder}: its benchmarks.train_step doesn't run")
  return process


def seconds(process: subprocess.Popen) -> float:
  """Of one call."""
  assert process.stdin is not None
  assert process.stdout is not None
  process.stdin.write("\n")
  process.stdin.flush()
  return float(process.stdout.readline())


def measure(
  other: Path, network: str, turns: int, lanes: int = 0
) -> tuple[float, ...]:
  """Median and quartiles of this checkout's time over the other's."""
  pair = [start(folder, network, lanes) for folder in (HERE, other)]
  try:
    rows = [[seconds(process) for process in pair] for _ in range(turns)]
  finally:
    for process in pair:
      process.kill()
  ours, theirs = zip(*rows, strict=True)
  return timing.ratio(list(ours), list(theirs))


def main() -> None:
  """Prints a line a network."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--other", type=Path, required=True)
  parser.add_argument("--network", nargs="+", default=["conv_k4", "mlp"])
  parser.add_argument("--lanes", type=int, default=0, help="of a sweep")
  arguments = parser.parse_args()
  for network in arguments.network:
    middle, low, high = measure(
      arguments.other, network, TURNS, arguments.lanes
    )
    print(f"{network:10} {middle:.2f} ({low:.2f} to {high:.2f})", flush=True)


if __name__ == "__main__":
  main()
