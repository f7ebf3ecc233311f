"""Trains every lane of a run: the effects around `training.run_steps`."""

import contextlib
import itertools
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from tensorboardX import SummaryWriter

from dvae_jax import rundir
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import models
from dvae_jax.methods.models import Model
from dvae_jax.progress import progress_bar, say
from dvae_jax.train import checkpoint, sweep, training

SECONDS_PER_CALL = 1.0  # how long a call takes when train.steps_per_call is 0
SAY_AFTER = 5.0  # seconds of steps before their pace is extrapolated
CLOUD = 256  # images whose posterior means are kept at every checkpoint
LONG_SECONDS = 1200.0  # on a CPU, a run longer than this gets advice


def next_stop(step: int, *, train, seconds_per_step: float) -> int:
  """The step up to which the next compiled call goes.

  Calls end where something is written, and otherwise wherever it suits the
  clock: no result depends on it.

  Args:
    step: updates made so far.
    train: config.train.
    seconds_per_step: measured, or infinity before anything was.
  """
  wanted = train.steps_per_call or int(SECONDS_PER_CALL / seconds_per_step)
  to_log = train.log_every - step % train.log_every
  return min(step + max(1, min(wanted, to_log)), train.steps)


def compiled_steps(config, dataset: Dataset, model: Model, mesh):
  """The one compiled program of a run.

  Returns:
    A function ((states, sums) placed, streamed images or None, num_steps) ->
    (states, sums). num_steps is traced.
  """
  run = sweep.over_lanes(
    partial(
      training.run_steps,
      model=model,
      dataset=dataset,
      batch_size=config.train.batch_size,
      pair_changes=config.data.pair_changes,
    ),
    mesh,
    lanes_per_call=config.train.lanes_per_call,
  )
  shared = sweep.replicate((dataset.arrays, dataset.weights), mesh)

  def call(placed, streamed, num_steps: int):
    steps = sweep.replicate(jnp.int32(num_steps), mesh)
    return run(placed, streamed, (*shared, steps))

  return call


def streamed_batches(
  config, dataset: Dataset, model: Model, states, mesh
) -> Iterator[training.Batch]:
  """Yields the images of each step, read on the host and put on the devices.

  The indices are the ones that a data set on the device would draw.
  """
  from dvae_jax.data.sampling import (
    streaming,  # Grain is slow to import, rarely used
  )

  batch_size, start = config.train.batch_size, int(states.step[0])
  draw = partial(
    training.draw_batch_indices,
    dataset=dataset,
    model=model,
    batch_size=batch_size,
    pair_changes=config.data.pair_changes,
  )
  draw_lanes = jax.jit(jax.vmap(draw, in_axes=(0, None, None)))

  def indices(step: int) -> np.ndarray:
    drawn = draw_lanes(states.key, step, dataset.arrays)
    columns = [np.asarray(i) for i in drawn if i is not None]
    return sweep.pad(np.concatenate(columns, axis=1), mesh)

  assert dataset.read is not None
  for _, images in streaming.batches(
    dataset.read,
    indices,
    first_step=start,
    num_steps=config.train.steps - start,
    device=sweep.sharding(mesh),
  ):
    two = model.objective.batch == "two"
    yield training.Batch(*(jnp.split(images, 2, axis=1) if two else [images]))


def spread_images(dataset: Dataset, number: int):
  """Images spread evenly over a data set.

  Returns:
    indices (B,) int32 and images (B, H, W, C) in [0, 1], B <= number.
  """
  evenly = np.linspace(0, dataset.num_images - 1, number)
  indices = np.unique(evenly.astype(np.int32))
  if dataset.render is None:
    assert dataset.read is not None
    return indices, jnp.asarray(dataset.read(indices), jnp.float32) / 255.0
  return indices, jax.jit(dataset.render)(dataset.arrays, indices)


def strip_maker(dataset: Dataset, model: Model):
  """A function of the states: a picture of images over reconstructions a lane.

  Returns:
    states (L, ...) -> (L, 2H, 8W, C) in [0, 1], of images spread over the set.
  """
  _, images = spread_images(dataset, 8)

  def strip(state):
    mean, _ = models.encode(model, state.params, images)
    shown = jnp.stack([images, models.decode_images(model, state.params, mean)])
    _, number, height, width, channels = shown.shape
    shown = shown.transpose(0, 2, 1, 3, 4)
    return shown.reshape(2 * height, number * width, channels)

  return jax.jit(lambda states: jax.lax.map(strip, states))


def cloud_writer(dataset: Dataset, model: Model, folder: Path):
  """A function of step and states that writes `clouds/<step>.npy`.

  The file holds posterior means (L, n, D), float16, of the images whose indices
  (n,) are in `clouds/indices.npy`, which is written at once.
  """
  indices, images = spread_images(dataset, CLOUD)

  @jax.jit
  def means(states, images):
    def of_lane(state):
      return models.encode(model, state.params, images)[0].astype(jnp.float16)

    return jax.lax.map(of_lane, states)

  def save(name: str, array: np.ndarray) -> None:
    path = folder / rundir.CLOUDS / f"{name}.npy"
    rundir.write_atomic(path, lambda file: np.save(file, array))

  (folder / rundir.CLOUDS).mkdir(exist_ok=True)
  save("indices", indices)
  return lambda step, states: save(str(step), np.asarray(means(states, images)))


class Log:
  """The files that grow while a run trains.

  Args:
    folder: the run directory.
    lanes: number of lanes.
    step: the one resumed from; TensorBoard drops what it has of later ones.
  """

  def __init__(self, folder: Path, lanes: int, step: int):
    self.metrics = (folder / rundir.LOGGED).open("a")
    self.timings = (folder / rundir.TIMINGS).open("a")
    self.boards = [
      SummaryWriter(
        str(folder / "tensorboard" / f"lane_{lane}"), purge_step=step + 1
      )
      for lane in range(lanes)
    ]

  def write(self, step: int, means: dict[str, np.ndarray], timing: dict):
    """Appends one line per lane; means are (L, ...), averages of steps."""
    for lane, board in enumerate(self.boards):
      terms = {name: value[lane] for name, value in means.items()}
      line = {"step": step, "lane": lane, **terms}
      self.metrics.write(rundir.to_json(line) + "\n")
      for name, value in terms.items():
        if np.ndim(value) == 0 and np.isfinite(value):
          board.add_scalar(name, value, step)
    self.timings.write(rundir.to_json({"step": step, **timing}) + "\n")

  def show(self, step: int, strips: np.ndarray):
    """Adds one picture per lane to TensorBoard; strips are (L, H, W, C)."""
    for board, strip in zip(self.boards, strips, strict=True):
      board.add_image("reconstructions", strip, step, dataformats="HWC")

  def flush(self):
    """Hands everything written to the operating system."""
    for file in (self.metrics, self.timings, *self.boards):
      file.flush()

  def close(self):
    """Closes every file."""
    for file in (self.metrics, self.timings, *self.boards):
      file.close()


def train(
  config, dataset: Dataset, model: Model, folder: Path, *, shorter: str = ""
) -> training.TrainState:
  """Trains all lanes to the last step, from the newest checkpoint if any.

  Files are written in this order, so that a kill at any moment loses time and
  nothing else: lines of metrics.jsonl, posterior means, then the checkpoint of
  their step.
  Resuming reads the checkpoint, then drops the lines after it.

  Args:
    config: checked.
    dataset: loaded.
    model: from `models.build`.
    folder: the run directory, held by this process.
    shorter: the command to suggest where the run would take long on a CPU.

  Returns:
    The states, stacked: NumPy arrays (L, ...).

  Raises:
    ValueError: the newest checkpoint can't be read.
  """
  lanes = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(model, dataset.image_shape, lanes)
  with checkpoint.manager(
    folder / rundir.CHECKPOINTS, keep=config.checkpoint.keep
  ) as checkpoints:
    step = checkpoints.latest_step() or 0
    if step:
      states = checkpoint.restore(checkpoints, step, states)
      say(f"Resuming at step {step} of {config.train.steps}")
    for name in (rundir.LOGGED, rundir.TIMINGS):
      rundir.truncate_jsonl(folder / name, step)
    log = Log(folder, len(lanes), step)
    strips = strip_maker(dataset, model)
    write_cloud = cloud_writer(dataset, model, folder)
    with contextlib.closing(log), progress_bar() as bar:
      chunks = _chunks(config, dataset, model, states, log, bar, shorter)
      for stop, states in chunks:
        log.show(stop, np.asarray(strips(states)))
        write_cloud(stop, states)
        log.flush()
        checkpoint.save(checkpoints, stop, states)
    checkpoints.wait_until_finished()
  return states


def _chunks(config, dataset, model, states, log, bar, shorter):
  """Yields the states of the host at every step that wants a checkpoint."""
  steps, lanes = config.train.steps, len(states.step)
  step = logged = int(states.step[0])
  mesh = sweep.device_mesh(lanes, dataset.arrays)
  one = jax.tree.map(lambda leaf: leaf[0], states)
  zeros = sweep.stack(
    [training.zero_terms(one, dataset.image_shape, model=model)] * lanes
  )
  call = compiled_steps(config, dataset, model, mesh)
  batches = itertools.repeat(None)
  if dataset.render is None:
    batches = streamed_batches(config, dataset, model, states, mesh)
  states, sums = sweep.place((states, zeros), mesh)
  task = bar.add_task(f"Training {lanes} lanes", total=steps, completed=step)
  pace = float("inf")
  began = time.perf_counter()
  said = False
  measured = None  # step and time after the first call, which compiles
  while step < steps:
    stop = next_stop(step, train=config.train, seconds_per_step=pace)
    if dataset.render is None:
      stop = step + 1
    start = time.perf_counter()
    states, sums = call((states, sums), next(batches), stop - step)
    jax.block_until_ready(states)
    now = time.perf_counter()
    if measured:
      pace = (now - start) / (stop - step)
      if not said and now - measured[1] > SAY_AFTER:
        mean = (now - measured[1]) / (stop - measured[0])
        _say_how_long(mean * (steps - stop), shorter)
        said = True
    step, measured = stop, measured or (stop, now)
    bar.update(task, completed=step)
    if step % config.train.log_every and step < steps:
      continue
    count_logged = step - logged
    means = {
      name: total / count_logged
      for name, total in sweep.unplace(sums, lanes).items()
    }
    timing = {"seconds": now - began, "steps": count_logged}
    log.write(step, means, timing)
    logged, began, sums = step, now, sweep.place(zeros, mesh)
    if step % config.checkpoint.every == 0 or step == steps:
      yield step, sweep.unplace(states, lanes)


def _say_how_long(seconds: float, shorter: str) -> None:
  """Says how long the training will take; on a CPU, what to type instead."""
  words = "a minute or less"
  if seconds > 90:
    words = f"about {seconds / 60:.0f} more minutes"
  if seconds > 7200:
    words = f"about {seconds / 3600:.0f} more hours"
  say(f"Training will take {words}.")
  if shorter and seconds > LONG_SECONDS and jax.default_backend() == "cpu":
    say(
      "That is long because this is a CPU. For a result in minutes, stop and"
      f" type: {shorter}"
    )
