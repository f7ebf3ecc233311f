"""Times a sweep of eight betas against eight runs, and lanes against one.

    python -m benchmarks.sweep [--network=conv_k4] [--json=FILE]

Each way is a process of its own that imports, loads, compiles with an empty
cache and measures some steps; 1,000 steps are extrapolated from those. The two
curves are the compile time and the time of a lane's image, from 1 to 16 lanes.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import timing

STEPS = 1000
SECONDS = 4.0  # of measured steps in each process
STEPS_PER_CALL = 48  # of all lanes together, about what the trainer does
LANES = (1, 2, 4, 8, 16)


def measure(network: str, resolution: int, lanes: int, **train: int) -> dict:
  """Compile seconds and seconds per step and lane, in this process.

  Args:
    network: name in NETWORKS.
    resolution: of dSprites.
    lanes: how many betas.
    train: fields of config.train, such as steps_per_call.
  """
  import jax

  from dvae_jax import data, loop, models, sweep, training
  from dvae_jax.config import base

  config = base()
  config.network, config.data.resolution = network, resolution
  config.sweep.beta = tuple(float(beta) for beta in range(1, lanes + 1))
  steps_per_call = train.get("steps_per_call", STEPS_PER_CALL // lanes)
  config.train.lanes_per_call = train.get("lanes_per_call", 0)
  sweep.use_cores(lanes)
  dataset = data.load(config.data)
  model = models.build(config, dataset.image_shape)
  grid = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(model, dataset.image_shape, grid)
  one = jax.tree.map(lambda leaf: leaf[0], states)
  zeros = training.zero_terms(one, dataset.image_shape, model=model)
  mesh = sweep.device_mesh(lanes)
  placed = sweep.place((states, sweep.stack([zeros] * lanes)), mesh)
  start = time.perf_counter()
  call = loop.compiled_steps(config, dataset, model, mesh)
  placed = jax.block_until_ready(call(placed, None, 1))
  compiled = time.perf_counter()
  calls = 0
  while time.perf_counter() < compiled + SECONDS or calls < 2:
    placed = jax.block_until_ready(call(placed, None, steps_per_call))
    calls += 1
  seconds = time.perf_counter() - compiled
  return {
    "network": network,
    "lanes": lanes,
    **train,
    "compile_seconds": compiled - start,
    "measured_seconds": seconds,
    "seconds_per_step_and_lane": seconds / (calls * steps_per_call * lanes),
    "microseconds_per_image": 1e6
    * seconds
    / (calls * steps_per_call * lanes * config.train.batch_size),
  }


def in_new_process(*args, **train) -> dict:
  """`measure` in a process of its own, with the seconds of its start-up."""
  code = (
    "import json; from benchmarks.sweep import measure;"
    f"print(json.dumps(measure(*{args!r}, **{train!r})))"
  )
  start = time.perf_counter()
  run = subprocess.run(
    [sys.executable, "-c", code],
    check=True,
    capture_output=True,
    cwd=Path(__file__).parents[1],
  )
  row = json.loads(run.stdout.splitlines()[-1])
  total = time.perf_counter() - start
  training = row["compile_seconds"] + row.pop("measured_seconds")
  return {**row, "startup_seconds": total - training}


def compare(eight: dict, alone: dict) -> dict:
  """The three ways to train eight betas, each 1,000 steps, in seconds."""
  work = STEPS * alone["seconds_per_step_and_lane"] + alone["compile_seconds"]
  together = (
    eight["startup_seconds"]
    + eight["compile_seconds"]
    + 8 * STEPS * eight["seconds_per_step_and_lane"]
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


def show(row: dict) -> None:
  """Prints a row on one line."""
  print(
    "  ".join(
      f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
      for name, value in row.items()
    ),
    flush=True,
  )


def main() -> None:
  """Prints the rows, and writes them where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", nargs="*", default=["mlp_small", "conv_k4"])
  parser.add_argument("--calls", action="store_true", help="and *_per_call")
  flags = parser.parse_args()
  rows = []
  for network in flags.network:
    side = 16 if network == "mlp_small" else 64  # as `:quick` has it
    curve = [in_new_process(network, side, lanes) for lanes in LANES]
    new = [*curve, compare(curve[LANES.index(8)], curve[0])]
    if flags.calls:
      new += [
        in_new_process(network, side, 8, lanes_per_call=lanes)
        for lanes in (1, 2, 8)
      ]
      new += [
        in_new_process(network, side, 1, steps_per_call=steps)
        for steps in (1, 10, 100)
      ]
    for row in new:
      show(row)
    rows += new
    timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
