"""Saves and restores a pytree of host arrays with Orbax."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp


def manager(
  directory: str | Path, *, keep: int, read_only: bool = False
) -> ocp.CheckpointManager:
  """Opens a folder of checkpoints; unfinished ones are cleared away.

  Args:
    directory: the folder; one sub-folder per step.
    keep: number of checkpoints kept.
    read_only: refuse to write, and leave unfinished checkpoints alone.
  """
  return ocp.CheckpointManager(
    Path(directory).absolute(),
    options=ocp.CheckpointManagerOptions(
      max_to_keep=None if read_only else keep,
      create=not read_only,
      cleanup_tmp_directories=not read_only,
      read_only=read_only,
    ),
  )


def save(checkpoints: ocp.CheckpointManager, step: int, tree: Any) -> None:
  """Begins to write a checkpoint and returns while it is being written.

  Args:
    checkpoints: from `manager`.
    step: number of updates made.
    tree: pytree of NumPy arrays that nobody changes afterwards.
  """
  checkpoints.save(step, args=ocp.args.StandardSave(_fields(tree)))


def restore(checkpoints: ocp.CheckpointManager, step: int, like: Any) -> Any:
  """Reads the checkpoint of a step.

  Args:
    checkpoints: from `manager`.
    step: one of `checkpoints.all_steps()`.
    like: pytree of arrays or ShapeDtypeStructs, as it was saved.

  Returns:
    The pytree, with NumPy arrays.

  Raises:
    ValueError: the checkpoint can't be read, or has another shape.
  """
  template = jax.tree.map(lambda x: np.empty(x.shape, x.dtype), like)
  try:
    wanted = _fields(template)
    found = checkpoints.restore(step, args=ocp.args.StandardRestore(wanted))
    jax.tree.map(_same_shape, found, wanted)
  except Exception as error:
    folder = Path(str(checkpoints.directory)) / str(step)
    raise ValueError(
      f"the checkpoint {folder} can't be read: {str(error).splitlines()[0]}."
      " Delete that folder to resume from the one before it, or choose another"
      " --workdir"
    ) from error
  if dataclasses.is_dataclass(template) and not isinstance(template, type):
    return dataclasses.replace(template, **found)
  return found


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
