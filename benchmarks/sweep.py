"""Times a sweep of eight betas against eight runs, and lanes against one.

    python -m benchmarks.sweep [--network=conv_k4] [--calls] [--json=FILE]

For each number of lanes, one process imports, loads and compiles with an empty
cache, and another makes steps, in turn with those of the other numbers. 1,000
steps are extrapolated from these. `--calls` does the same for lanes_per_call
(eight lanes) and steps_per_call (one lane).
"""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import timing

STEPS = 1000
LANE_STEPS = {"mlp_small": 960}  # of a call: about a second's, or two
LANES = (1, 2, 4, 8, 16)
CALLS = (
  *({"lanes_per_call": lanes} for lanes in (1, 2, 4)),
  *({"steps_per_call": steps} for steps in (1, 10, 100)),
)


def prepare(network: str, lanes: int, lanes_per_call: int = 0):
  """Loads, compiles and makes the first step.

  Args:
    network: name in NETWORKS.
    lanes: how many betas.
    lanes_per_call: of config.train.

  Returns:
    A function of a number of steps that makes them, and the seconds that
    compilation took.
  """
  import jax

  from dvae_jax import data
  from dvae_jax.config import base
  from dvae_jax.train import loop, sweep, training

  config = base()
  config.network = network
  if network == "mlp_small":
    config.data.resolution = 16
  config.sweep.beta = tuple(float(beta) for beta in range(1, lanes + 1))
  config.train.lanes_per_call = lanes_per_call
  sweep.use_cores(lanes)
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  grid = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(setup, grid)
  one = jax.tree.map(lambda leaf: leaf[0], states)
  zeros = training.zero_terms(setup, one)
  mesh = sweep.device_mesh(lanes)
  placed = sweep.place((states, sweep.stack([zeros] * lanes)), mesh)
  call = loop.compiled_steps(
    setup, mesh, lanes_per_call=config.train.lanes_per_call
  )

  def steps(number: int) -> None:
    nonlocal placed
    placed = jax.block_until_ready(call(placed, None, number))

  start = time.perf_counter()
  steps(1)
  return steps, time.perf_counter() - start


def make(network: str, lanes: int, steps: int, lanes_per_call: int = 0):
  """A contender: one call."""
  run, _ = prepare(network, lanes, lanes_per_call)
  return lambda: run(steps)


def seconds_to_start(network: str, lanes: int) -> dict:
  """Seconds of a new process: until it compiles, and of compiling."""
  code = (
    "from benchmarks.sweep import prepare;"
    f"print(prepare({network!r}, {lanes})[1])"
  )
  start = time.perf_counter()
  run = subprocess.run(
    [sys.executable, "-c", code],
    check=True,
    capture_output=True,
    cwd=Path(__file__).parents[1],
  )
  total = time.perf_counter() - start
  compiling = float(run.stdout.splitlines()[-1])
  return {"startup_seconds": total - compiling, "compile_seconds": compiling}


def lane_rows(network: str, rounds: int) -> list[dict]:
  """Both curves: one row for each number of lanes."""
  steps = {lanes: LANE_STEPS.get(network, 48) // lanes for lanes in LANES}
  turns = timing.alternate(
    {str(n): (make, (network, n, steps[n])) for n in LANES}, rounds=rounds
  )
  each = {n: [s / (n * steps[n]) for s in turns[str(n)]] for n in LANES}
  rows = []
  for lanes in LANES:
    middle, low, high = timing.ratio(each[lanes], each[1])
    rows.append(
      {
        "network": network,
        "lanes": lanes,
        **seconds_to_start(network, lanes),
        "seconds_per_step_and_lane": statistics.median(each[lanes]),
        "microseconds_per_image": 1e6 * statistics.median(each[lanes]) / 64,
        "ratio_to_one_lane": middle,
        "ratio_to_one_lane_spread": [low, high],
      }
    )
  return rows


def compare(eight: dict, alone: dict) -> dict:
  """The three ways to train eight betas, each 1,000 steps, in seconds."""
  each = alone["seconds_per_step_and_lane"]
  work = STEPS * each + alone["compile_seconds"]
  together = (
    eight["startup_seconds"]
    + eight["compile_seconds"]
    + 8 * STEPS * each * eight["ratio_to_one_lane"]
  )
  solo = alone["startup_seconds"] + 8 * work
  processes = 8 * (alone["startup_seconds"] + work)
  return {
    "network": eight["network"],
    "one_process_seconds": together,
    "solo_runs_seconds": solo,
    "eight_processes_seconds": processes,
    "ratio_to_solo_runs": together / solo,
    "ratio_to_eight_processes": together / processes,
  }


def call_rows(network: str, rounds: int) -> list[dict]:
  """One row for each way to cut the work into calls."""
  contenders = {}
  for train in CALLS:
    lanes = 8 if "lanes_per_call" in train else 1
    steps = train.get("steps_per_call", LANE_STEPS.get(network, 48) // lanes)
    size = train.get("lanes_per_call", 0)
    contenders[json.dumps(train)] = make, (network, lanes, steps, size)
  turns = timing.alternate(contenders, rounds=rounds)
  return [
    {
      "network": network,
      **json.loads(name),
      "lanes": contenders[name][1][1],
      "seconds_per_step_and_lane": statistics.median(seconds)
      / (contenders[name][1][1] * contenders[name][1][2]),
    }
    for name, seconds in turns.items()
  ]


def show(row: dict) -> None:
  """Prints a row on one line."""
  print(
    "  ".join(
      f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
      for name, value in row.items()
      if not isinstance(value, list)
    ),
    flush=True,
  )


def main() -> None:
  """Prints the rows, and writes them where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", nargs="*", default=["mlp_small", "conv_k4"])
  parser.add_argument("--calls", action="store_true", help="and *_per_call")
  parser.add_argument("--rounds", type=int, default=5, help="turns of each")
  flags = parser.parse_args()
  rows = []
  for network in flags.network:
    new = lane_rows(network, flags.rounds)
    new.append(compare(new[LANES.index(8)], new[0]))
    if flags.calls:
      new += call_rows(network, flags.rounds)
    for row in new:
      show(row)
    rows += new
    timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
