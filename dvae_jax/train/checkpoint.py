"""Saves and restores a pytree of host arrays with Orbax."""

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
  checkpoints.save(step, args=ocp.args.StandardSave(tree))


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
    found = checkpoints.restore(step, args=ocp.args.StandardRestore(template))
    jax.tree.map(_same_shape, found, template)
  except Exception as error:
    folder = Path(str(checkpoints.directory)) / str(step)
    raise ValueError(
      f"the checkpoint {folder} can't be read: {str(error).splitlines()[0]}."
      " Delete that folder to resume from the one before it, or choose another"
      " --workdir"
    ) from error
  return found


def _same_shape(found, wanted):
  if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
    raise ValueError(
      f"an array is {found.dtype} {found.shape} where {wanted.dtype}"
      f" {wanted.shape} is expected"
    )
