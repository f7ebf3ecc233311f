"""Saves and restores a pytree of host arrays with Orbax."""

import contextlib
import dataclasses
import errno
import functools
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp
from jax.sharding import Mesh

from dvae_jax import processes
from dvae_jax.progress import say
from dvae_jax.rundir import sync
from dvae_jax.train import sweep

# Beside the state's fields.
# The first is written, one a lane; the others were, one for all lanes.
DIGESTS: dict[str, Callable[[], Any]] = {
  "lanes": hashlib.sha256,
  "sha256": hashlib.sha256,
  "digest": functools.partial(hashlib.blake2b, digest_size=32),
}
SUMS = "sums"  # of the terms since the last line, where it was stopped between


class Restored(NamedTuple):
  """What a checkpoint holds.

  Attributes:
    step: number of updates made; 0 where there is no checkpoint.
    tree: NumPy arrays.
    sums: name -> array, terms summed since the last logged step; {} where the
      step was logged.
  """

  step: int
  tree: Any
  sums: dict[str, np.ndarray]


def manager(
  directory: str | Path, *, read_only: bool = False
) -> ocp.CheckpointManager:
  """Opens a folder of checkpoints; unfinished ones are cleared away.

  Args:
    directory: the folder; one sub-folder per step.
    read_only: refuse to write, leave unfinished checkpoints alone, and read
      without the other processes, if there are any.
  """
  here = {jax.process_index()} if read_only and processes.count() > 1 else None
  return ocp.CheckpointManager(
    Path(directory).absolute(),
    item_handlers=ocp.StandardCheckpointHandler(),
    options=ocp.CheckpointManagerOptions(
      max_to_keep=None,  # `settle` drops older ones
      create=not read_only,
      cleanup_tmp_directories=not read_only,
      read_only=read_only,
      multiprocessing_options=ocp.options.MultiprocessingOptions(
        primary_host=min(here) if here else 0,
        active_processes=here,
      ),
    ),
  )


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
  """Turns what Orbax says of a full disk or the like into the system's words.

  Raises:
    OSError: with the system's number, and the folder.
  """
  try:
    yield
  except Exception as error:
    # "... No space left on device [os_error_code='28']", in a ValueError.
    match = re.search(r"os_error_code='(\d+)'", str(error))
    if match is None:
      raise
    number = int(match[1])
    raise OSError(number, os.strerror(number), str(folder)) from error


def save(
  checkpoints: ocp.CheckpointManager,
  step: int,
  tree: Any,
  sums: dict[str, np.ndarray] | None = None,
  *,
  keep: int,
  mesh: Mesh | None = None,
) -> None:
  """Begins to write a checkpoint and returns while it is being written.

  A digest a lane is written with them. The one before is settled first. Several
  processes write it together, each its own lanes.

  Args:
    checkpoints: from `manager`.
    step: number of updates made.
    tree: pytree of NumPy arrays that nobody changes afterwards.
    sums: of the terms, where this step isn't logged.
    keep: number of checkpoints kept beside the one that is being written.
    mesh: from `sweep.device_mesh`, where there are several processes.

  Raises:
    OSError: the disk has no room for it.
  """
  settle(checkpoints, keep)
  fields = _fields(tree) | ({SUMS: sums} if sums else {})
  kind = next(iter(DIGESTS))
  fields = {**fields, kind: digest(fields, kind)}
  size = sum(leaf.nbytes for leaf in jax.tree.leaves(fields))
  folder = str(checkpoints.directory)
  if shutil.disk_usage(folder).free < size:  # Orbax would need many words
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)
  if mesh:
    fields = sweep.place(fields, mesh)
  checkpoints.save(step, args=ocp.args.StandardSave(fields))


def settle(checkpoints: ocp.CheckpointManager, keep: int) -> None:
  """Waits until the disk holds the newest checkpoint, then drops old ones.

  Orbax syncs arrays, but neither its other files nor the folder's name: a power
  cut could take the newest checkpoint after the ones before were dropped.

  Args:
    checkpoints: from `manager`.
    keep: number of checkpoints kept.
  """
  checkpoints.wait_until_finished()
  steps = sorted(checkpoints.all_steps())
  folder = Path(str(checkpoints.directory))
  if processes.leads():
    for step in steps[-1:]:
      sync(folder / str(step), inside=True)
      sync(folder)
  for step in steps[:-keep]:
    checkpoints.delete(step)


def restore(
  checkpoints: ocp.CheckpointManager,
  step: int,
  like: Any,
  *,
  mesh: Mesh | None = None,
) -> Restored:
  """Reads the checkpoint of a step.

  Args:
    checkpoints: from `manager`.
    step: one of `checkpoints.all_steps()`.
    like: pytree of arrays or ShapeDtypeStructs, as it was saved.
    mesh: where several processes read it together, each its own lanes, of which
      `like` then is.

  Returns:
    Restored.

  Raises:
    Damaged: it can't be read, or its arrays aren't those that were written.
    ValueError: it has another shape.
  """
  template = jax.tree.map(lambda x: np.empty(x.shape, x.dtype), like)
  wanted = _fields(template)
  folder = Path(str(checkpoints.directory)) / str(step)
  checkpoints.wait_until_finished()
  try:
    about = checkpoints.item_metadata(step)
    lanes = len(jax.tree.leaves(wanted)[0])
    wanted |= {SUMS: _empty(about[SUMS], lanes)} if SUMS in about else {}
    # Runs of before digests have none.
    kinds = [kind for kind in DIGESTS if kind in about]
    signature = {
      kind: np.empty((lanes, 32) if kind == "lanes" else 32, np.uint8)
      for kind in kinds
    }
    asked = {**wanted, **signature}
    if mesh:
      asked = sweep.whole_shapes(asked, mesh)
    found = checkpoints.restore(step, args=ocp.args.StandardRestore(asked))
    found = sweep.unplace(found) if mesh else found
  except Exception as error:
    raise Damaged(
      f"the checkpoint {folder} can't be read: {str(error).splitlines()[0]}"
    ) from error
  written = {kind: found.pop(kind) for kind in kinds}
  try:
    jax.tree.map(_same_shape, found, wanted)
  except ValueError as error:
    raise ValueError(
      f"the checkpoint {folder} can't be read: {error}"
    ) from error
  if not all(np.array_equal(digest(found, k), written[k]) for k in kinds):
    raise Damaged(f"the checkpoint {folder} isn't what was written there")
  sums = found.pop(SUMS, {})
  if dataclasses.is_dataclass(template) and not isinstance(template, type):
    found = dataclasses.replace(template, **found)
  return Restored(step, found, sums)


def restore_newest(
  checkpoints: ocp.CheckpointManager,
  like: Any,
  *,
  aside: Path | None = None,
  mesh: Mesh | None = None,
) -> Restored:
  """Reads the newest checkpoint that is whole; says which ones aren't.

  Args:
    checkpoints: from `manager`.
    like: as for `restore`.
    aside: a folder that damaged checkpoints are moved into, to make room for
      new ones of their steps; nothing is deleted. None leaves them.
    mesh: as for `restore`; all processes then read the same checkpoint.

  Returns:
    Restored; step 0 and `like` where there is no checkpoint at all.

  Raises:
    ValueError: there are some, but none is whole, or one has another shape.
  """
  steps = sorted(checkpoints.all_steps(), reverse=True)
  together = processes.agreed if mesh else lambda value: [value]
  for step in together(steps)[0]:
    words, found = "", None
    try:
      found = restore(checkpoints, step, like, mesh=mesh)
    except Damaged as error:
      words = str(error)
    said = next(filter(None, together(words)), "")
    if found and not said:
      return found
    say(f"Damaged: {said}")
    if aside and processes.leads():
      _move(checkpoints, step, aside)
    together(None)
    checkpoints.reload()
  if steps:
    raise ValueError(
      f"no checkpoint in {checkpoints.directory} can be read, of steps"
      f" {', '.join(map(str, steps))}; choose another --workdir to train anew"
    )
  return Restored(0, like, {})


class Damaged(ValueError):
  """A checkpoint that can't be read, or isn't what was written."""


def digest(tree: Any, kind: str = "lanes") -> np.ndarray:
  """Hash of names, types, shapes and bytes of a pytree's arrays (L, ...).

  Returns:
    (L, 32), a hash of each lane's part; of another kind (32,), of the whole.
  """
  named = [
    (jax.tree_util.keystr(path), np.asarray(leaf))
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
  ]
  if kind != "lanes":
    return _hash(named, kind)
  lanes = [[(n, a[lane]) for n, a in named] for lane in range(len(named[0][1]))]
  return np.stack([_hash(lane, kind) for lane in lanes])


def _hash(named: list[tuple[str, np.ndarray]], kind: str) -> np.ndarray:
  found = DIGESTS[kind]()
  for name, leaf in named:
    array = np.ascontiguousarray(leaf)
    found.update(f"{name} {array.dtype} {np.shape(leaf)}".encode())
    found.update(array.view(np.uint8).data if array.size else b"")
  return np.frombuffer(found.digest(), np.uint8)


def _move(checkpoints: ocp.CheckpointManager, step: int, aside: Path) -> None:
  """Moves a step's folder into another folder, under a name of its own."""
  folder = Path(str(checkpoints.directory))
  aside.mkdir(exist_ok=True)
  place, number = aside / str(step), 1
  while place.exists():
    place, number = aside / f"{step}.{number}", number + 1
  (folder / str(step)).rename(place)
  say(f"Moved to {place}")


def _empty(about: Any, lanes: int) -> Any:
  """Arrays of so many lanes, otherwise as a checkpoint says it has them."""
  return jax.tree.map(
    lambda leaf: np.empty((lanes, *leaf.shape[1:]), leaf.dtype), about
  )


def _fields(tree):
  """A state's fields by name, without empty dicts.

  On disk they would be entries: a state that learnt to hold more could not be
  read from a checkpoint of before.
  """
  if not dataclasses.is_dataclass(tree):
    return tree
  named = {f.name: getattr(tree, f.name) for f in dataclasses.fields(tree)}
  is_empty = lambda value: isinstance(value, dict) and not value
  return {name: value for name, value in named.items() if not is_empty(value)}


def _same_shape(found, wanted):
  if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
    raise ValueError(
      f"an array is {found.dtype} {found.shape} where {wanted.dtype}"
      f" {wanted.shape} is expected"
    )
