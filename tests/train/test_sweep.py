"""Lanes: their grid, their placement, and that none knows of another."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.train import sweep


def test_grid_varies_the_last_name_fastest():
  lanes = sweep.grid({"beta": (1.0, 2.0), "seed": (0, 1)}, {"learning_rate": 1})
  assert lanes == [
    sweep.Lane(0, {"learning_rate": 1.0, "beta": 1.0}),
    sweep.Lane(1, {"learning_rate": 1.0, "beta": 1.0}),
    sweep.Lane(0, {"learning_rate": 1.0, "beta": 2.0}),
    sweep.Lane(1, {"learning_rate": 1.0, "beta": 2.0}),
  ]


def test_joint_names_are_swept_together_and_empty_tuples_not_at_all():
  lanes = sweep.grid({"a,b": ((1, 10), (2, 20)), "c": ()}, {"c": 3.0})
  assert [lane.hparams for lane in lanes] == [
    {"c": 3.0, "a": 1.0, "b": 10.0},
    {"c": 3.0, "a": 2.0, "b": 20.0},
  ]


@pytest.mark.parametrize("lanes_per_call", [0, 1, 2, 3, 7])
def test_over_lanes_equals_a_loop(lanes_per_call):
  rng = np.random.default_rng(0)
  lanes = {"w": rng.normal(size=(5, 4, 4)).astype("float32")}
  shared = rng.normal(size=(4, 4)).astype("float32")
  step = lambda lane, extra, shared: {"w": jnp.tanh(lane["w"] @ shared) + extra}
  extra = np.arange(5, dtype="float32")
  mesh = sweep.device_mesh(5)
  run = sweep.over_lanes(step, mesh, lanes_per_call=lanes_per_call)
  found = run(sweep.place(lanes, mesh), sweep.place(extra, mesh), shared)
  for lane in range(5):
    wanted = np.tanh(lanes["w"][lane] @ shared) + lane
    np.testing.assert_allclose(found["w"][lane], wanted, rtol=1e-5, atol=1e-6)


def test_placed_lanes_are_copies():
  lanes = np.ones((2, 3), "float32")
  mesh = sweep.device_mesh(2)
  double = sweep.over_lanes(lambda lane, _, __: 2 * lane, mesh)
  doubled = double(sweep.place(lanes, mesh), None, None)
  np.testing.assert_array_equal(lanes, 1.0)
  np.testing.assert_array_equal(sweep.unplace(doubled), 2.0)


CORES = """
import os
os.cpu_count = lambda: 4
import jax, numpy as np
from dvae_jax.train import sweep
sweep.use_cores(6)
assert jax.device_count() == 3, jax.devices()  # 4 don't divide 6
sweep.use_cores(8)  # too late, and no harm
assert sweep.device_mesh(6).size == 3
assert sweep.device_mesh(2).size == 2
large = np.broadcast_to(np.uint8(0), 2**29)
assert sweep.device_mesh(6, {"images": large}).size == 2
"""


def test_lanes_are_spread_over_cores():
  forced = "--xla_force_host_platform_device_count=5"
  other = CORES.partition("assert")[0] + "assert jax.device_count() == 5"
  for code, xla_flags in ((CORES, ""), (other, forced)):
    subprocess.run(
      [sys.executable, "-c", code],
      check=True,
      cwd=Path(__file__).parents[2],
      env=os.environ | {"XLA_FLAGS": xla_flags, "JAX_PLATFORMS": "cpu"},
    )


SHARDED = """
import sys
import jax, numpy as np
sys.path.insert(0, "tests")
from helpers import tiny
from dvae_jax import data
from dvae_jax.train import loop, sweep, training
config = tiny.get_config()
config.sweep.beta = (1.0, 2.0, 4.0, 8.0, 16.0)
dataset = data.load(config.data)
setup = training.set_up(config, dataset)
lanes = sweep.grid(config.sweep, config.hparams)
states = training.init_lanes(setup, lanes)
mesh = sweep.device_mesh(len(lanes))
assert mesh.size == min(jax.device_count(), 5), mesh
one = jax.tree.map(lambda leaf: leaf[0], states)
zeros = training.zero_terms(setup, one)
placed = sweep.place((states, sweep.stack([zeros] * 5)), mesh)
call = loop.compiled_steps(setup, mesh)
states, sums = sweep.unplace(call(placed, None, 10))
np.savez(sys.argv[1], *jax.tree.leaves(states))
"""


def test_device_count_changes_no_result(tmp_path):
  found = []
  for devices in (1, 2, 4):
    path = tmp_path / f"{devices}.npz"
    flag = f"--xla_force_host_platform_device_count={devices}"
    subprocess.run(
      [sys.executable, "-c", SHARDED, str(path)],
      check=True,
      cwd=Path(__file__).parents[2],
      env=os.environ | {"XLA_FLAGS": flag, "JAX_PLATFORMS": "cpu"},
    )
    with np.load(path) as arrays:
      found.append([arrays[name] for name in arrays.files])
  # Adam turns rounding of the smallest gradients into steps: 4e-6 after ten
  # on one processor, 1.3e-5 on another.
  close = partial(np.testing.assert_allclose, rtol=1e-4, atol=5e-5)
  for other in found[1:]:
    jax.tree.map(close, other, found[0])
