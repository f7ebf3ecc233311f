"""A grid of hyper-parameters becomes lanes; the only map over lanes."""

import contextlib
import itertools
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dvae_jax import processes

LANE, BATCH = "lane", "batch"  # axes of the mesh
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

  As many as divide the lanes evenly. It changes nothing on an accelerator, once
  JAX has computed something, or where XLA_FLAGS says how many devices there
  are.

  Args:
    num_lanes: of the run.
  """
  if "host_platform_device_count" in os.environ.get("XLA_FLAGS", ""):
    return
  cores, hosts = os.cpu_count() or 1, processes.count()
  even = [n for n in range(1, cores + 1) if num_lanes % (n * hosts) == 0]
  with contextlib.suppress(RuntimeError):  # JAX has started
    jax.config.update("jax_num_cpu_devices", max(even, default=1))


def device_mesh(num_lanes: int, shared=()) -> Mesh:
  """A mesh over as many devices of all processes as are of use.

  As many lanes side by side as divide them evenly, so that none is padded; the
  batch is split over devices that are then to spare. Every process has a part.

  Args:
    num_lanes: to be spread over them.
    shared: pytree of which every device will hold a copy. A CPU's devices have
      one memory, and so there are no more of them than it can have copies.

  Returns:
    The mesh, with axes "lane" and "batch".
  """
  devices = sorted(jax.devices(), key=lambda d: (d.process_index, d.id))
  if devices[0].platform == "cpu":
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(shared))
    copies = max(1, COPIES_BYTES // max(1, size))
    devices = [
      device
      for _, own in itertools.groupby(devices, lambda d: d.process_index)
      for device in itertools.islice(own, copies)
    ]
  last = sum(d.process_index == devices[-1].process_index for d in devices)
  least = len(devices) - last if processes.count() > 1 else 0
  number = len(devices)
  rows = max(
    n
    for n in range(1, min(number, num_lanes) + 1)
    if num_lanes % n == 0 and number // n * n > least
  )
  columns = number // rows
  chosen = np.array(devices[: rows * columns]).reshape(rows, columns)
  return Mesh(chosen, (LANE, BATCH))


def sharding(mesh: Mesh, *axes) -> NamedSharding:
  """First axis over the lanes of the mesh, further ones over its other axes."""
  return NamedSharding(mesh, PartitionSpec(LANE, *axes))


def lanes_here(mesh: Mesh, num_lanes: int) -> slice:
  """The lanes, neighbours, that devices of this process train."""
  rows, each = _rows(mesh.devices), num_lanes // mesh.shape[LANE]
  return slice(rows.start * each, rows.stop * each)


def _rows(devices: np.ndarray) -> range:
  """Rows of devices, neighbours, that have some of this process."""
  here = jax.process_index()
  own = [any(d.process_index == here for d in row) for row in devices]
  return range(own.index(True), len(own) - own[::-1].index(True))


def place(tree, mesh: Mesh, *axes):
  """Shards the first axis of every leaf over the lanes of the mesh.

  Args:
    tree: pytree of arrays (L, ...); where there are several processes, of the
      lanes that are here.
    mesh: from `device_mesh`.
    axes: of the mesh, over which further axes are sharded, or None.

  Returns:
    The tree on the devices, of all lanes. `unplace` undoes it.
  """
  if processes.count() == 1:
    # The buffers will be donated: they mustn't be NumPy's.
    whole = jax.tree.map(np.asarray, tree)
    return jax.device_put(whole, sharding(mesh, *axes), may_alias=False)
  shapes = whole_shapes(tree, mesh, *axes)
  first = _rows(mesh.devices).start

  def put(leaf, like):
    begin = first * like.shape[0] // mesh.shape[LANE]

    def of_device(index):
      start, stop, _ = index[0].indices(like.shape[0])
      rows = slice(start - begin, stop - begin)
      return np.array(leaf[(rows, *index[1:])])

    return jax.make_array_from_callback(like.shape, like.sharding, of_device)

  return jax.tree.map(put, tree, shapes)


def place_batches(images: np.ndarray, mesh: Mesh) -> jax.Array:
  """Shards images (L, S, B, ...) over lanes, and B over a lane's devices."""
  even = images.shape[2] % mesh.shape[BATCH] == 0
  return place(images, mesh, None, BATCH if even else None)


def whole_shapes(tree, mesh: Mesh, *axes):
  """What `place` makes of arrays of the lanes that are here."""
  return jax.tree.map(
    lambda leaf: jax.ShapeDtypeStruct(
      (lanes_of(leaf, mesh), *leaf.shape[1:]),
      leaf.dtype,
      sharding=sharding(mesh, *axes),
    ),
    tree,
  )


def lanes_of(leaf, mesh: Mesh) -> int:
  """L, the lanes of all processes, by an array (l, ...) of those here."""
  return len(leaf) * mesh.shape[LANE] // len(_rows(mesh.devices))


def unplace(tree):
  """Copies a placed tree to NumPy arrays of the host, of the lanes here."""

  def of_host(leaf):
    if leaf.is_fully_addressable:
      return np.array(leaf)
    shards = {s.index[0].start or 0: s.data for s in leaf.addressable_shards}
    return np.concatenate([np.asarray(shards[at]) for at in sorted(shards)])

  return jax.tree.map(of_host, tree)


def to_leader(tree: dict, mesh: Mesh) -> dict | None:
  """Joins small arrays (l, ...) of every process's lanes.

  Returns:
    To the leader, arrays (L, ...); to others None.
  """
  if processes.count() == 1:
    return tree
  # A lane on devices of several processes is told of by the first of them.
  first = mesh.devices[_rows(mesh.devices), 0]
  told = [device.process_index == jax.process_index() for device in first]

  def rows(array):
    return np.asarray(array)[np.repeat(told, len(array) // len(told))]

  return processes.arrays_to_leader({n: rows(a) for n, a in tree.items()})


def replicate(tree, mesh: Mesh):
  """Puts a pytree whole on every device of the mesh."""
  whole = NamedSharding(mesh, PartitionSpec())
  if processes.count() == 1:
    return jax.device_put(tree, whole)

  def put(leaf):
    array = np.asarray(leaf)
    return jax.make_array_from_callback(array.shape, whole, array.__getitem__)

  return jax.tree.map(put, tree)


def split_batch(tree):
  """Splits arrays (B, ...) over a lane's devices, where it has several."""
  mesh = jax.sharding.get_abstract_mesh()
  if mesh.shape.get(BATCH, 1) == 1:
    return tree
  split = NamedSharding(mesh, PartitionSpec(BATCH))
  constrain = lambda leaf: jax.lax.with_sharding_constraint(leaf, split)
  return jax.tree.map(constrain, tree)


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
    Lanes never communicate. A lane's devices do, where it has several: what
    `split_batch` splits, the compiler spreads over them.
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

  split, whole = PartitionSpec(LANE), PartitionSpec()
  manual = {LANE} if mesh.shape[BATCH] > 1 else {LANE, BATCH}
  return jax.jit(
    jax.shard_map(
      local,
      mesh=mesh,
      in_specs=(split, split, whole),
      out_specs=split,
      axis_names=manual,
      check_vma=False,
    ),
    donate_argnums=0,
  )
