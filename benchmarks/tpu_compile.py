"""Compiles for a TPU that isn't there, and reads what the compiler says.

    python -m benchmarks.tpu_compile [--program=train_64] [--json=FILE]

Needs libtpu (`pip install 'jax[tpu]'`, Linux), no TPU: v5e, one chip and 2x2.
Cycles are the sum of the compiler's own estimates over the program's
instructions; a loop's body counts once, so a program of many steps gives the
cycles of one.
"""

import importlib.util
import os
import re
import time
from functools import partial

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")
os.environ.setdefault("TPU_WORKER_HOSTNAMES", "localhost")
os.environ.setdefault("TPU_ACCELERATOR_TYPE", "v5litepod-4")

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from benchmarks import timing
from dvae_jax import data, layers, models, sweep, training
from dvae_jax.config import base

COLLECTIVES = (
  "all-reduce",
  "all-gather",
  "all-to-all",
  "collective-permute",
  "reduce-scatter",
)
BATCH = 64
ENCODED = 512  # images that evaluation encodes at a time


def on(mesh: Mesh, tree, *axes: str):
  """Shapes of a pytree, sharded over the mesh along its first axis or not."""
  split = NamedSharding(mesh, PartitionSpec(*axes))
  return jax.tree.map(
    lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=split),
    tree,
  )


def lane_shapes(model, image_shape, lanes: int):
  """Shapes of the stacked states and of the sums of their terms."""
  init = partial(training.init, model, image_shape, 0, {"learning_rate": 1e-4})
  state = jax.eval_shape(init)
  terms = jax.eval_shape(
    partial(training.zero_terms, image_shape=image_shape, model=model), state
  )
  stack = lambda x: jax.ShapeDtypeStruct((lanes, *x.shape), x.dtype)
  return jax.tree.map(stack, (state, terms))


def train_program(config, dataset, mesh: Mesh, lanes: int):
  """The program that the trainer runs, with all lanes side by side."""
  model = models.build(config, dataset.image_shape)
  run = sweep.over_lanes(
    partial(
      training.run_steps,
      model=model,
      dataset=dataset,
      batch_size=BATCH,
      pair_changes=1,
    ),
    mesh,
    lanes_per_call=lanes,
  )
  placed = lane_shapes(model, dataset.image_shape, lanes)
  steps = jax.ShapeDtypeStruct((), jnp.int32)
  shared = (dataset.arrays, dataset.weights, steps)
  return run.lower(on(mesh, placed, sweep.AXIS), None, on(mesh, shared))


def encode_program(config, dataset, mesh: Mesh, lanes: int):
  """Evaluation's encoder: every lane encodes the same images."""
  model = models.build(config, dataset.image_shape)
  states, _ = lane_shapes(model, dataset.image_shape, lanes)
  images = jax.ShapeDtypeStruct((ENCODED, *dataset.image_shape), jnp.float32)
  encode = jax.vmap(partial(models.encode, model), in_axes=(0, None))
  return jax.jit(encode).lower(
    on(mesh, states.params, sweep.AXIS), on(mesh, images)
  )


def read(lowered, program: str, devices: int, lanes: int) -> dict:
  """Compiles, and returns a row of what the compiler says."""
  start = time.perf_counter()
  compiled = lowered.compile()
  seconds = time.perf_counter() - start
  text = compiled.as_text()
  cycles = map(int, re.findall(r'"estimated_cycles":"(\d+)"', text))
  memory = compiled.memory_analysis()
  cost = compiled.cost_analysis()
  groups = map(int, re.findall(r"feature_group_count=(\d+)", text))
  return {
    "program": program,
    "devices": devices,
    "lanes": lanes,
    "compile_seconds": seconds,
    "device_megabytes": (
      memory.argument_size_in_bytes
      + memory.output_size_in_bytes
      - memory.alias_size_in_bytes
      + memory.temp_size_in_bytes
    )
    / 1e6,
    "gflop_per_lane": cost["flops"] * devices / lanes / 1e9,
    "megabytes_moved_per_lane": cost["bytes accessed"] * devices / lanes / 1e6,
    "cycles_per_lane": sum(cycles) * devices / lanes,
    "host_callbacks": len(
      re.findall(r"callback|SendToHost|host_compute", text)
    ),
    "grouped_convolutions": sum(count > 1 for count in groups),
    "collectives": sum(
      len(re.findall(rf" {name}(?:-start)?\(", text)) for name in COLLECTIVES
    ),
  }


def plain_flax(config, dataset, mesh: Mesh, lanes: int):
  """`train_program` with Flax's own convolutions."""
  ours = layers.Conv, layers.ConvTranspose
  layers.Conv = lambda f, k: nn.Conv(f, (k, k), (2, 2))
  layers.ConvTranspose = lambda f, k: nn.ConvTranspose(f, (k, k), (2, 2))
  lowered = train_program(config, dataset, mesh, lanes)
  layers.Conv, layers.ConvTranspose = ours
  return lowered


# name -> (what is compiled, chips, lanes)
PROGRAMS = {
  "flax": (plain_flax, 1, 1),
  "train_1": (train_program, 1, 1),
  "train_64": (train_program, 1, 64),
  "train_64_on_4": (train_program, 4, 64),
  "encode_8": (encode_program, 1, 8),
}


def main() -> None:
  """Prints the table, and writes it where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", default="conv_k4")
  parser.add_argument("--program", nargs="*", choices=PROGRAMS)
  flags = parser.parse_args()
  if importlib.util.find_spec("libtpu") is None:
    print("Left out: libtpu isn't installed (pip install 'jax[tpu]', Linux).")
    return
  topology = topologies.get_topology_desc("v5e:2x2", platform="tpu")
  config = base()
  config.objective, config.network = "vae", flags.network
  dataset = data.load({"name": "dsprites"})
  rows = []
  for name in flags.program or PROGRAMS:
    lower, chips, lanes = PROGRAMS[name]
    mesh = Mesh(np.array(topology.devices[:chips]), sweep.AXIS)
    lowered = lower(config, dataset, mesh, lanes)
    rows.append(read(lowered, name, chips, lanes))
    print(
      "  ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in rows[-1].items()
      ),
      flush=True,
    )
    timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
