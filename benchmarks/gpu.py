"""Times the training step on a GPU, against plain Flax and PyTorch.

    python -m benchmarks.gpu [--network=conv] [--lanes=64] [--json=FILE]

Not yet run on a GPU as a whole. A Bernoulli VAE on dSprites, batch 64.
Milliseconds are of one lane and step. `ours` is the program that the trainer
runs, all lanes vectorised, in float32 (products in TF32) and in bfloat16;
`flax` is the same with Flax's own layers, lanes vectorised, or one at a time
where there is one. PyTorch runs one model in eager mode, with `torch.compile`
and CUDA graphs, as one captured graph a step, and many by `torch.func.vmap`.

Printed before: the card's rates of products and of copying, and how far the
loss moves when products are TF32 or everything is bfloat16: eight seeds, the
mean over steps 1,001 to 2,000 against float32's.
"""

import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import timing
from benchmarks.programs import BATCH, plain_flax, train_program
from benchmarks.train_step import flops
from dvae_jax import data
from dvae_jax.config import base
from dvae_jax.train import sweep, training

NETWORKS = ("conv", "conv_k4", "burgess", "mlp")
LANES = (1, 8, 16, 64, 128)
SECONDS = 0.3  # of a timed call
CALLS = 3
SIDE = 8192  # of the square matrices whose product gives the card's rate
COPIED = 2**30  # numbers copied for its bandwidth
SEEDS = 8
TORCH = ("eager", "compiled", "graph", "vmap")


def config_of(network: str, dtype: str):
  """A plain VAE."""
  config = base()
  config.objective, config.network = "vae", network
  config.train.dtype = dtype
  return config


def lanes_on_device(setup: training.Setup, seeds, mesh):
  """States of these seeds and the sums of their terms, made on the device."""
  init = partial(training.init, setup, hparams={"learning_rate": 1e-4})
  states = jax.jit(jax.vmap(lambda seed: init(seed)))(jnp.asarray(seeds))
  one = jax.tree.map(lambda leaf: leaf[0], states)
  zeros = training.zero_terms(setup, one)
  sums = jax.tree.map(lambda z: jnp.zeros((len(seeds), *z.shape)), zeros)
  return jax.device_put((states, sums), sweep.sharding(mesh))


class Runner:
  """A compiled program with its lanes: makes steps and tells the loss."""

  def __init__(self, compiled, setup, dataset, mesh, seeds):
    self.compiled, self.mesh = compiled, mesh
    self.shared = sweep.replicate((dataset.arrays, dataset.weights), mesh)
    self.placed = lanes_on_device(setup, seeds, mesh)

  def steps(self, number: int) -> None:
    """Makes them, and waits."""
    count = sweep.replicate(jnp.int32(number), self.mesh)
    self.placed = jax.block_until_ready(
      self.compiled(self.placed, None, (*self.shared, count))
    )

  def losses(self, number: int) -> np.ndarray:
    """Mean loss of each lane over as many further steps."""
    before = np.asarray(self.placed[1]["loss"])
    self.steps(number)
    return (np.asarray(self.placed[1]["loss"]) - before) / number


def milliseconds(steps, lanes: int) -> float:
  """Of one lane and step: the median of three calls after a short one."""
  steps(2)
  start = time.perf_counter()
  steps(3)
  number = max(3, int(SECONDS * 3 / (time.perf_counter() - start)))
  turns = []
  for _ in range(CALLS):
    start = time.perf_counter()
    steps(number)
    turns.append(time.perf_counter() - start)
  return 1e3 * statistics.median(turns) / number / lanes


def card() -> dict[str, float]:
  """TFLOP/s of a large product by type, and TB/s of copying."""

  def seconds(function, *arrays):
    jax.block_until_ready(function(*arrays))
    turns = []
    for _ in range(5):
      start = time.perf_counter()
      jax.block_until_ready(function(*arrays))
      turns.append(time.perf_counter() - start)
    return min(turns)

  rates = {}
  for dtype in ("float32", "bfloat16"):
    a, b = jax.random.normal(jax.random.key(0), (2, SIDE, SIDE), dtype)
    taken = seconds(jax.jit(jnp.matmul), a, b)
    rates[f"tflops_{dtype}"] = 2 * SIDE**3 / taken / 1e12
  x = jax.random.normal(jax.random.key(1), (COPIED,))
  rates["copy_tb_per_second"] = (
    2 * x.nbytes / seconds(jax.jit(lambda x: x + 1), x) / 1e12
  )
  return rates


def precision_table(dataset, mesh) -> list[dict]:
  """How far the loss moves with coarser products, on the same seeds."""
  variants = {
    "float32": ("float32", "highest"),
    "tf32": ("float32", "tensorfloat32"),
    "bfloat16": ("bfloat16", "default"),
  }
  losses = {}
  for name, (dtype, products) in variants.items():
    config = config_of("conv", dtype)
    with jax.default_matmul_precision(products):
      compiled = train_program(config, dataset, mesh, SEEDS, SEEDS).compile()
    setup = training.set_up(config, dataset)._replace(batch_size=BATCH)
    runner = Runner(compiled, setup, dataset, mesh, range(SEEDS))
    runner.steps(1000)
    losses[name] = runner.losses(1000)
  rows = []
  for name, values in losses.items():
    change = values / losses["float32"] - 1.0
    rows.append(
      {
        "products": name,
        "loss": float(np.mean(values)),
        "relative_change": float(np.mean(change)),
        "standard_error": float(np.std(change, ddof=1) / SEEDS**0.5),
      }
    )
  return rows


def jax_rows(networks, lane_counts, dataset, mesh):
  """Compiles everything side by side, then times one after another."""
  jobs = []
  with ThreadPoolExecutor(os.cpu_count()) as pool:
    for network in networks:
      for lanes in lane_counts:
        for name, lower, dtype in (
          ("ours", train_program, "float32"),
          ("ours", train_program, "bfloat16"),
          ("flax", plain_flax, "float32"),
        ):
          config = config_of(network, dtype)
          lowered = lower(config, dataset, mesh, lanes, lanes)
          compiled = pool.submit(_compile, lowered)
          jobs.append((config, name, lanes, compiled))
  for config, name, lanes, job in jobs:
    compiled, seconds = job.result()
    setup = training.set_up(config, dataset)._replace(batch_size=BATCH)
    runner = Runner(compiled, setup, dataset, mesh, range(lanes))
    yield {
      "network": config.network,
      "program": f"{name} {config.train.dtype}",
      "lanes": lanes,
      "milliseconds": milliseconds(runner.steps, lanes),
      "megabytes_moved": compiled.cost_analysis()["bytes accessed"]
      / lanes
      / 1e6,
      "temporary_gigabytes": compiled.memory_analysis().temp_size_in_bytes
      / 1e9,
      "compile_seconds": seconds,
    }
    del runner


def _compile(lowered):
  start = time.perf_counter()
  compiled = lowered.compile()
  return compiled, time.perf_counter() - start


def torch_rows(network: str, ways, lane_counts):
  """PyTorch's times of a network; a way that fails is a row with its reason."""
  from benchmarks import gpu_torch

  for way in ways:
    make = getattr(gpu_torch, f"make_{way}")
    for dtype in ("float32", "bfloat16"):
      for lanes in lane_counts if way == "vmap" else (1,):
        start = time.perf_counter()
        given = {"lanes": lanes} if way == "vmap" else {}
        row = {
          "network": network,
          "program": f"torch {way} {dtype}",
          "lanes": lanes,
        }
        try:
          steps = make(network, BATCH, dtype, **given)
          steps(1)
          seconds = time.perf_counter() - start
          row["milliseconds"] = milliseconds(steps, lanes)
          row["compile_seconds"] = seconds
        except Exception as error:  # out of memory, or no compiler there
          row["failed"] = str(error).splitlines()[0][:200]
        yield row


def show(row: dict, gflop: float, rates: dict) -> str:
  """One line of the table."""
  text = f"{row['network']:8} {row['program']:22} {row['lanes']:4}"
  if "failed" in row:
    return f"{text} {row['failed']}"
  seconds = row["milliseconds"] / 1e3
  kind = row["program"].split()[-1]
  text += f" {row['milliseconds']:8.4f} {gflop / seconds / 1e3:7.1f}"
  text += f" {gflop / seconds / 1e3 / rates[f'tflops_{kind}']:6.3f}"
  if "megabytes_moved" in row:
    moved = row["megabytes_moved"] / seconds / 1e6
    text += f" {row['megabytes_moved']:7.0f} {moved:6.2f}"
    text += f" {row['temporary_gigabytes']:7.2f}"
  else:
    text += " " * 23
  return f"{text} {row['compile_seconds']:7.1f}"


def main() -> None:
  """Prints the tables, and writes the rows where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", nargs="*", choices=NETWORKS)
  parser.add_argument("--lanes", nargs="*", type=int, default=LANES)
  parser.add_argument("--torch", nargs="*", choices=TORCH, default=TORCH)
  parser.add_argument("--only-torch", action="store_true")
  flags = parser.parse_args()
  networks = flags.network or NETWORKS
  if jax.default_backend() != "gpu":
    sys.exit("benchmarks.gpu needs a GPU; benchmarks.gpu_compile needs none.")
  rates = card()
  gflops = {network: flops(network, BATCH) / 1e9 for network in networks}
  device = jax.devices()[0].device_kind
  rows: list[dict] = [{"card": device, "jax": jax.__version__, **rates}]
  print(f"{device}, JAX {jax.__version__}: {rates}")
  print(f"GFLOP a step: {gflops}", flush=True)
  head = "network  program                lanes  ms/lane TFLOP/s  share"
  head += "      MB   TB/s temp GB compile"

  def add(row):
    rows.append(row)
    print(show(row, gflops[row["network"]], rates), flush=True)
    timing.write(flags.json, rows)

  if not flags.only_torch:
    dataset = data.load({"name": "dsprites"})
    mesh = sweep.device_mesh(1)
    for row in precision_table(dataset, mesh):
      rows.append(row)
      print(row, flush=True)
    print(head)
    for row in jax_rows(networks, flags.lanes, dataset, mesh):
      add(row)
    if flags.torch:
      _run_torch(sys.argv[1:], flags.json)
    return
  print(head)
  for network in networks:
    for row in torch_rows(network, flags.torch, flags.lanes):
      add(row)


def _run_torch(arguments: list[str], path) -> None:
  """PyTorch's rows in a process of their own, which has the whole memory."""
  given = [a for a in arguments if not a.startswith("--json")]
  if path:
    given.append(f"--json={path.with_suffix('.torch.json')}")
  command = [sys.executable, "-m", "benchmarks.gpu", "--only-torch", *given]
  subprocess.run(command, check=False)


if __name__ == "__main__":
  main()
