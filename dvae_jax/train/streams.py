"""The images of a data set that no device holds, read ahead of the training.

A chunk of steps' images goes to the devices at once, and while one chunk is
trained on the next ones are read. Which images a step sees is a pure function
of its number: neither chunks nor a kill change it.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.train import sweep, training
from dvae_jax.train.training import Setup

CHUNK_BYTES = 2**25  # of images on a device, which holds about three chunks


def chunks(setup: Setup, states, mesh, *, num_steps: int) -> Iterator:
  """Yields the images of consecutive steps, already on the devices.

  The indices are the ones that a data set on the device would draw.

  Args:
    setup: static.
    states: of the lanes that are here, at the step to start from.
    mesh: from `sweep.device_mesh`.
    num_steps: of the whole run.

  Yields:
    The step that a chunk of S steps ends before, and uint8 images of all lanes'
    batches, (L, S, B, H, W, C), and of their second batches or None; where
    nothing is streamed, num_steps and None.
  """
  if setup.dataset.render is not None:
    yield num_steps, None
    return
  assert setup.dataset.read is not None
  from dvae_jax.data.sampling import streaming  # Grain is slow to import

  draw = _drawer(setup)
  shapes = jax.eval_shape(draw, states.key, jnp.arange(1), setup.dataset.arrays)
  sizes = [part.shape[2] for part in shapes if part is not None]
  lanes = sweep.lanes_of(states.step, mesh) // mesh.shape[sweep.LANE]
  steps = chunk_size(setup, lanes * sum(sizes))

  def indices(chunk: int) -> np.ndarray:
    of_steps = jnp.arange(chunk * steps, (chunk + 1) * steps)
    drawn = draw(states.key, of_steps, setup.dataset.arrays)
    return np.concatenate([i for i in drawn if i is not None], axis=2)

  def put(images: np.ndarray) -> tuple[Any, Any]:
    first, *other = np.split(images, np.cumsum(sizes)[:-1], axis=2)
    placed = [sweep.place_batches(part, mesh) for part in (first, *other)]
    return placed[0], placed[1] if other else None

  first = int(states.step[0]) // steps
  for chunk, images in streaming.batches(
    setup.dataset.read,
    indices,
    first_step=first,
    num_steps=-(-num_steps // steps) - first,
    ahead=2,
    workers=2,
    put=put,
  ):
    yield (chunk + 1) * steps, images


def chunk_size(setup: Setup, images: int) -> int:
  """How many steps' images are put on a device at once.

  Args:
    setup: static.
    images: of one step, on a device.
  """
  size = images * int(np.prod(setup.dataset.image_shape))
  return max(1, CHUNK_BYTES // size)


def _drawer(setup: Setup):
  """(keys (L, ...), steps (S,), arrays) -> indices (L, S, B) of each batch."""
  draw = partial(training.draw_batch_indices, setup)
  of_steps = jax.vmap(draw, in_axes=(None, 0, None))
  return jax.jit(jax.vmap(of_steps, in_axes=(0, None, None)))
