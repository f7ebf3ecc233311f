"""A grid of hyper-parameters becomes lanes; the only map over lanes."""

import contextlib
import itertools
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

AXIS = "lane"
COPIES_BYTES = 2**30  # of a data set, for all of a CPU's devices together


class Lane(NamedTuple):
  """One model of a sweep: its seed and its hyper-parameters."""

  seed: int
  hparams: dict[str, float]


def grid(
  sweep: Mapping[str, tuple], hparams: Mapping[str, float]
) -> list[Lane]:
  """Lists the lanes of a sweep, the last swept name varying fastest.

  Args:
    sweep: one tuple of values per swept name; an empty one isn't swept. A name
      "a,b" sweeps tuples of values jointly. "seed" is the model's seed.
    hparams: values of everything that isn't swept.

  Returns:
    One Lane per combination; without a swept seed the seed is 0.
  """
  swept = {names: values for names, values in sweep.items() if values}
  lanes = []
  for combination in itertools.product(*swept.values()):
    point: dict[str, Any] = {"seed": 0, **hparams}
    for names, values in zip(swept, combination, strict=True):
      joint = names.split(",")
      point.update(
        zip(joint, values if len(joint) > 1 else (values,), strict=True)
      )
    seed = int(point.pop("seed"))
    lanes.append(Lane(seed, {name: float(v) for name, v in point.items()}))
  return lanes


def stack(trees: list) -> Any:
  """Stacks pytrees of arrays along a new first axis."""
  return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def use_cores(num_lanes: int) -> None:
  """Makes devices of a CPU's cores, so that lanes run side by side on them.

  As many as divide the lanes evenly: a padded lane would cost a core's time. It
  changes nothing on an accelerator, once JAX has computed something, or where
  XLA_FLAGS says how many devices there are.

  Args:
    num_lanes: of the run.
  """
  if "host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
    return
  cores = os.cpu_count() or 1
  devices = max(n for n in range(1, cores + 1) if num_lanes % n == 0)
  with contextlib.suppress(RuntimeError):  # JAX has started
    jax.config.update("jax_num_cpu_devices", devices)


def device_mesh(num_lanes: int, shared=()) -> Mesh:
  """A mesh with the single axis "lane" over as many devices as are of use.

  Args:
    num_lanes: to be spread over them.
    shared: pytree of which every device will hold a copy. A CPU's devices have
      one memory, and so there are no more of them than it can have copies.

  Returns:
    The mesh.
  """
  devices = jax.devices()[: max(1, num_lanes)]
  if devices[0].platform == "cpu":
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(shared))
    devices = devices[: max(1, COPIES_BYTES // max(1, size))]
  return Mesh(np.array(devices), (AXIS,))


def sharding(mesh: Mesh) -> NamedSharding:
  """First axis over the lanes of the mesh."""
  return NamedSharding(mesh, PartitionSpec(AXIS))


def pad(leaf: np.ndarray, mesh: Mesh) -> np.ndarray:
  """Repeats the last lane until every device of the mesh has as many."""
  return np.concatenate([leaf] + [leaf[-1:]] * (-len(leaf) % mesh.size))


def place(tree, mesh: Mesh):
  """Shards the first axis of every leaf over the mesh, padded to fill it.

  Args:
    tree: pytree of arrays (L, ...).
    mesh: from `device_mesh`.

  Returns:
    The tree on the devices, L rounded up to a multiple of the mesh's size by
    repeating the last lane. `unplace` undoes it.
  """
  # The buffers will be donated: they mustn't be NumPy's.
  return jax.device_put(
    jax.tree.map(lambda leaf: pad(np.asarray(leaf), mesh), tree),
    sharding(mesh),
    may_alias=False,
  )


def unplace(tree, num_lanes: int):
  """Copies a placed tree to NumPy arrays of the host, without the padding."""
  return jax.tree.map(lambda leaf: np.array(leaf)[:num_lanes], tree)


def replicate(tree, mesh: Mesh):
  """Puts a pytree whole on every device of the mesh."""
  return jax.device_put(tree, NamedSharding(mesh, PartitionSpec()))


def default_lanes_per_call() -> int:
  """All lanes at once (0) on a GPU, one at a time elsewhere.

  A CPU's core then works on activations that stay in its caches. On a TPU a
  lane's parameters and activations fit the fast memory, and its compiler counts
  fewer cycles. A lane alone can't fill a GPU (both in benchmarks/README.md).
  """
  return 0 if jax.default_backend() == "gpu" else 1


def over_lanes(
  function: Callable, mesh: Mesh, *, lanes_per_call: int = 0
) -> Callable:
  """Maps a function of one lane over the lanes of each device.

  Args:
    function: (lane, per_lane, shared) -> pytree, for a single lane.
    mesh: from `device_mesh`.
    lanes_per_call: how many lanes are vectorised at a time; 0 takes all of them
      on a GPU and one elsewhere. It changes the speed, never a result.

  Returns:
    A jitted (lanes, per_lane, shared) -> stacked pytree, which donates `lanes`.
    Lanes never communicate: each device works on its own.
  """
  batch = lanes_per_call or default_lanes_per_call()

  def local(lanes, per_lane, shared):
    call = lambda lane: function(*lane, shared)
    count = len(jax.tree.leaves(lanes)[0])
    if batch == 1:
      return jax.lax.map(call, (lanes, per_lane))
    return jax.lax.map(
      call, (lanes, per_lane), batch_size=min(batch or count, count)
    )

  split, whole = PartitionSpec(AXIS), PartitionSpec()
  return jax.jit(
    jax.shard_map(
      local,
      mesh=mesh,
      in_specs=(split, split, whole),
      out_specs=split,
      check_vma=False,
    ),
    donate_argnums=0,
  )
