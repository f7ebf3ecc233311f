"""Batches for data sets that are larger than the device, with Grain."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import grain.python as grain
import jax
import numpy as np


def batches(
  read: Callable[[np.ndarray], np.ndarray],
  indices_of_step: Callable[[int], np.ndarray],
  *,
  first_step: int,
  num_steps: int,
  workers: int = 4,
  ahead: int = 8,
  put: Callable[[np.ndarray], Any] = jax.device_put,
) -> Iterator[tuple[int, Any]]:
  """Reads the batches of consecutive steps in worker threads, ahead of time.

  There is no iterator state: step t always gets read(indices_of_step(t)), so
  that a run resumed at step t sees what an uninterrupted one would.

  Args:
    read: `Dataset.read`: (B,) indices -> (B, H, W, C) uint8; called from
      several threads.
    indices_of_step: step -> integer indices of any shape (..., B), a pure
      function; called from several threads.
    first_step: the first step to yield.
    num_steps: how many steps to yield.
    workers: threads that read, decode and resize.
    ahead: batches that are read before they're asked for.
    put: what sends images (..., B, H, W, C) uint8 to the device.

  Yields:
    The step and what `put` returned, already on the device or on its way to it.
  """

  def load(step: int) -> tuple[int, np.ndarray]:
    indices = np.asarray(indices_of_step(int(step)))
    images = read(indices.reshape(-1))
    return int(step), images.reshape(*indices.shape, *images.shape[1:])

  steps = grain.MapDataset.range(first_step, first_step + num_steps)
  loaded = steps.map(load).to_iter_dataset(
    grain.ReadOptions(num_threads=workers, prefetch_buffer_size=ahead)
  )
  return _to_device(iter(loaded), put)


def _to_device(loaded, put) -> Iterator[tuple[int, Any]]:
  """Starts the next transfer before handing out the last one."""
  sent: deque = deque()
  for step, images in loaded:
    sent.append((step, put(images)))
    if len(sent) > 1:
      yield sent.popleft()
  yield from sent
