"""Compiles for an H100 that isn't there, and reads what the compiler says.

    python -m benchmarks.gpu_compile [--network=conv] [--lanes=64] [--json=FILE]

Needs `pip install 'dvae_jax[cuda13]'` (Linux, 4.6 GB), no GPU. Printed is what
one training step of all lanes is made of, counted in the compiled program: the
body of its innermost loop. Megabytes moved are what its instructions read and
write, of one lane. Autotuning needs a card, and Triton's products need it: here
all products are cuBLAS'.
"""

import math
import os
import re
import time

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault(
  "XLA_FLAGS", "--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false"
)

from jax.experimental import topologies

from benchmarks import timing
from benchmarks.programs import mesh_of, plain_flax, train_program
from dvae_jax import data
from dvae_jax.config import base
from dvae_jax.networks import NETWORKS

# The card's published figures, as XLA's GpuTargetConfig.
H100 = """
gpu_device_info {
  cuda_compute_capability { major: 9 }
  core_count: 132
  fpus_per_core: 128
  clock_rate_ghz: 1.98
  threads_per_warp: 32
  threads_per_block_limit: 1024
  threads_per_core_limit: 2048
  registers_per_core_limit: 65536
  registers_per_block_limit: 65536
  shared_memory_per_block: 49152
  shared_memory_per_block_optin: 232448
  shared_memory_per_core: 233472
  block_dim_limit_x: 2147483647
  block_dim_limit_y: 65535
  block_dim_limit_z: 65535
  l2_cache_size: 52428800
  memory_bandwidth: 3352320000000
  device_memory_size: 84978434048
}
platform_name: "CUDA"
dnn_version_info { major: 9 minor: 12 }
runtime_version { major: 13 }
device_description_str: "NVIDIA H100 80GB HBM3"
"""
LANES = (1, 8, 64)
FREE = ("parameter", "get-tuple-element", "tuple", "bitcast", "constant")
KINDS = {
  "convolutions": r"__cudnn\$conv|= \S+ convolution\(",
  "products": r'__cublas\$|__cublas\$lt|"__triton_gemm"| dot\(',
  "fusions": r" fusion\(",
}


def innermost_body(text: str) -> str:
  """The instructions of the computation that the innermost loop repeats."""
  bodies, nested, name = {}, set(), ""
  loops = []
  for line in text.splitlines():
    if start := re.match(r"(?:ENTRY )?%?([\w.-]+) .*\{$", line):
      name = start[1]
      bodies[name] = []
    bodies.setdefault(name, []).append(line)
    if found := re.search(r" while\(.*body=%?([\w.-]+)", line):
      loops.append(found[1])
      nested.add(name)
  inner = [name for name in loops if name not in nested]
  chosen = max(inner, key=lambda name: len(bodies[name]), default=name)
  return "\n".join(bodies[chosen])


def bytes_of(shapes: str) -> int:
  """Bytes of every array in a type as XLA prints it."""
  total = 0
  for dtype, sizes in re.findall(r"([a-z]+\d*)\[([\d,]*)\]", shapes):
    bits = 8 if dtype == "pred" else int(re.sub(r"\D", "", dtype) or 0)
    total += bits // 8 * math.prod(int(n) for n in sizes.split(",") if n)
  return total


def bytes_moved(body: str) -> int:
  """What the instructions of a computation read and write, in bytes."""
  sizes: dict[str, int] = {}
  total = 0
  for line in body.splitlines():
    found = re.match(
      r"\s*(?:ROOT )?%?([\w.-]+) = (\(.*?\)|\S+) ([\w-]+)\((.*)", line
    )
    if found is None:
      continue
    name, shapes, kind, rest = found.groups()
    # A custom call's scratch memory, its last result, isn't data.
    sizes[name] = bytes_of(re.sub(r", s8\[.*", "", shapes))
    if kind not in FREE:
      arguments = re.findall(r"%([\w.-]+)", rest.split("),")[0])
      total += sizes[name] + sum(sizes.get(a, 0) for a in arguments)
  return total


def read(lowered, lanes: int) -> dict:
  """Compiles, and returns what the compiled program is made of."""
  start = time.perf_counter()
  compiled = lowered.compile()
  seconds = time.perf_counter() - start
  text = compiled.as_text()
  body = innermost_body(text)
  memory = compiled.memory_analysis()
  groups = map(int, re.findall(r"feature_group_count=(\d+)", text))
  counts = {
    kind: len(re.findall(pattern, body)) for kind, pattern in KINDS.items()
  }
  return {
    "lanes": lanes,
    **counts,
    "grouped_convolutions": sum(count > 1 for count in groups),
    "argument_megabytes": memory.argument_size_in_bytes / 1e6,
    "temporary_megabytes": memory.temp_size_in_bytes / 1e6,
    "megabytes_moved_per_lane": bytes_moved(body) / lanes / 1e6,
    "compile_seconds": seconds,
  }


def main() -> None:
  """Prints the table, and writes it where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", nargs="*", choices=NETWORKS)
  parser.add_argument("--lanes", nargs="*", type=int, default=LANES)
  parser.add_argument("--flax", action="store_true", help="Flax's own layers")
  flags = parser.parse_args()
  try:
    topology = topologies.get_topology_desc(
      platform="cuda", topology="1x1x1", target_config=H100
    )
  except (RuntimeError, NotImplementedError):
    print("Left out: JAX's CUDA plugin isn't installed (extra 'cuda13').")
    return
  mesh = mesh_of(topology.devices)
  config = base()
  config.objective = "vae"
  dataset = data.load({"name": "dsprites"})
  lower = plain_flax if flags.flax else train_program
  rows = []
  for config.network in flags.network or ("conv", "conv_k4", "burgess", "mlp"):
    for lanes in flags.lanes:
      lowered = lower(config, dataset, mesh, lanes, lanes)
      rows.append({"network": config.network, **read(lowered, lanes)})
      print(timing.line(rows[-1]), flush=True)
      timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
