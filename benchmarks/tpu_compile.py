"""Compiles for a TPU that isn't there, and reads what the compiler says.

    python -m benchmarks.tpu_compile [--program=train_64] [--json=FILE]
    python -m benchmarks.tpu_compile --every [--only qlae_conv]   all there is

Needs libtpu (`pip install 'jax[tpu]'`, Linux), no TPU: v5e, one chip and 2x2.
Cycles are the compiler's own estimates, summed over the instructions of one
training step: the body of the innermost loop, for one lane. What stands around
it (a lane's state fetched and put back) is paid once a call. Evaluation has no
loop; there they are those of the whole program, for one lane.
"""

import importlib.util
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
os.environ.setdefault("TPU_ACCELERATOR_TYPE", "v5litepod-4")

from jax.experimental import topologies
from ml_collections import ConfigDict

from benchmarks import timing
from benchmarks.programs import (
  encode_program,
  mesh_of,
  plain_flax,
  train_program,
)
from dvae_jax import data
from dvae_jax.config import base, load
from dvae_jax.networks import NETWORKS

ROOT = Path(__file__).parents[1]
COLLECTIVES = (
  "all-reduce",
  "all-gather",
  "all-to-all",
  "collective-permute",
  "reduce-scatter",
)


def estimated_cycles(text: str) -> tuple[int, int]:
  """The compiler's estimates of a program in its text form.

  Returns:
    Cycles of the body of the innermost loop, or of the whole program if it has
    none, and cycles of everything else.
  """
  cycles: dict[str, int] = {}
  loops, nested, name = set(), set(), ""
  for line in text.splitlines():
    if start := re.match(r"(?:ENTRY )?%?([\w.-]+) .*\{$", line):
      name = start[1]
    if found := re.search(r'"estimated_cycles":"(\d+)"', line):
      cycles[name] = cycles.get(name, 0) + int(found[1])
    if found := re.search(r" while\(.*body=%?([\w.-]+)", line):
      loops.add(found[1])
      nested.add(name)
  inner = [cycles.get(name, 0) for name in loops - nested]
  total = sum(cycles.values())
  step = max(inner, default=total)
  return step, total - step


def read(
  lowered, program: str, devices: int, lanes: int, lanes_per_call: int
) -> dict:
  """Compiles, and returns a row of what the compiler says.

  Args:
    lowered: the program.
    program: its name in the table.
    devices: over which the lanes are sharded.
    lanes: in all.
    lanes_per_call: how many of them a device works on side by side.
  """
  start = time.perf_counter()
  compiled = lowered.compile()
  seconds = time.perf_counter() - start
  text = compiled.as_text()
  step, around = estimated_cycles(text)
  memory = compiled.memory_analysis()
  cost = compiled.cost_analysis()
  groups = map(int, re.findall(r"feature_group_count=(\d+)", text))
  return {
    "program": program,
    "devices": devices,
    "lanes": lanes,
    "lanes_per_call": lanes_per_call,
    "compile_seconds": seconds,
    "device_megabytes": (
      memory.argument_size_in_bytes
      + memory.output_size_in_bytes
      - memory.alias_size_in_bytes
      + memory.temp_size_in_bytes
    )
    / 1e6,
    "gflop_per_lane": cost["flops"] / lanes_per_call / 1e9,
    "megabytes_moved_per_lane": cost["bytes accessed"] / lanes_per_call / 1e6,
    "cycles_per_lane_and_step": step / lanes_per_call,
    "cycles_around": around,
    "host_callbacks": len(
      re.findall(r"callback|SendToHost|host_compute", text)
    ),
    "grouped_convolutions": sum(count > 1 for count in groups),
    "collectives": sum(
      len(re.findall(rf" {name}(?:-start)?\(", text)) for name in COLLECTIVES
    ),
  }


class Program(NamedTuple):
  """What is compiled, for how many chips and lanes, and how many at a time."""

  lower: Callable
  chips: int
  lanes: int
  lanes_per_call: int = 1


PROGRAMS = {
  "flax": Program(plain_flax, 1, 1),
  "train_1": Program(train_program, 1, 1),
  "train_64": Program(train_program, 1, 64),
  "train_64_on_4": Program(train_program, 4, 64),
  "encode": Program(encode_program, 1, 1),
  # Left out unless they are asked for.
  "flax_8_at_once": Program(plain_flax, 1, 8, 8),
  "train_2_at_once": Program(train_program, 1, 8, 2),
  "train_8_at_once": Program(train_program, 1, 8, 8),
  "train_64_at_once": Program(train_program, 1, 64, 64),
}
DEFAULT = [name for name in PROGRAMS if "at_once" not in name]


def every() -> Iterator[tuple[str, ConfigDict]]:
  """A name and a config of each method, as its quick profile, and network."""
  for file in sorted((ROOT / "experiments").glob("*_*.py")):
    if not file.stem.startswith(("claim", "study")):
      config = load(f"{file}:quick")
      if config.data.name in ("dsprites", "shapes3d", "petals"):
        yield file.stem, config
  for name in NETWORKS:
    config = base()
    config.objective, config.network = "vae", name
    config.data.name = "petals" if name == "petals_conv" else "dsprites"
    if name == "petals_conv":
      config.data.resolution, config.train.batch_size = 256, 8
    yield name, config


def compile_every(topology, only: list[str]) -> Iterator[dict]:
  """Rows of every method and network, on one chip and on four."""
  for name, config in every():
    if not only or name in only:
      dataset = data.load(config.data)
      for chips in (1, 4):
        mesh = mesh_of(topology.devices[:chips])
        lowered = train_program(config, dataset, mesh, 2 * chips, 1)
        yield read(lowered, name, chips, 2 * chips, 1)


def main() -> None:
  """Prints the table, and writes it where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", default="conv_k4")
  parser.add_argument("--program", nargs="*", choices=PROGRAMS)
  parser.add_argument("--every", action="store_true")
  parser.add_argument("--only", nargs="*", default=[])
  flags = parser.parse_args()
  if importlib.util.find_spec("libtpu") is None:
    print("Left out: libtpu isn't installed (pip install 'jax[tpu]', Linux).")
    return
  topology = topologies.get_topology_desc("v5e:2x2", platform="tpu")
  if flags.every:
    rows = []
    for row in compile_every(topology, flags.only):
      rows.append(row)
      print(timing.line(row), flush=True)
      timing.write(flags.json, rows)
    return
  config = base()
  config.objective, config.network = "vae", flags.network
  dataset = data.load({"name": "dsprites"})
  rows = []
  for name in flags.program or DEFAULT:
    lower, chips, *lanes = PROGRAMS[name]
    mesh = mesh_of(topology.devices[:chips])
    lowered = lower(config, dataset, mesh, *lanes)
    rows.append(read(lowered, name, chips, *lanes))
    print(timing.line(rows[-1]), flush=True)
    timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
