"""Trains every lane of a run: the effects around `training.run_steps`."""

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import jax
import numpy as np

from dvae_jax import processes, rundir, stopping
from dvae_jax.progress import progress_bar, say
from dvae_jax.train import checkpoint, streams, sweep, training
from dvae_jax.train.decomposition import decomposer
from dvae_jax.train.log import Log, Told, onlooker
from dvae_jax.train.training import Setup

SECONDS_PER_CALL = 1.0  # how long a call takes when train.steps_per_call is 0
SAY_AFTER = 5.0  # seconds of steps before their pace is extrapolated
LONG_SECONDS = 1200.0  # on a CPU, a run longer than this gets advice


class Pace:
  """How fast steps go, once the first call, which compiles, is over.

  Args:
    train: config.train.
    shorter: the command to suggest where the run would take long on a CPU.
    quiet: says nothing.
  """

  def __init__(self, train, shorter: str, *, quiet: bool = False):
    self.train, self.shorter = train, shorter
    self.seconds_per_step = float("inf")  # of the last call
    self.measured: tuple[int, float] | None = None  # step and time since when
    self.quiet = self.said = quiet

  def next_stop(self, step: int) -> int:
    """The step up to which the next compiled call goes."""
    return next_stop(
      step, train=self.train, seconds_per_step=self.seconds_per_step
    )

  def add(self, step: int, stop: int, start: float) -> None:
    """Takes note of a call from `step` to `stop` that began at `start`."""
    now = time.perf_counter()
    if self.measured is None:
      self.measured = stop, now
      return
    self.seconds_per_step = (now - start) / (stop - step)
    since, began = self.measured
    if not self.said and now - began > SAY_AFTER:
      mean = (now - began) / (stop - since)
      _say_how_long(mean * (self.train.steps - stop), self.shorter)
      self.said = True


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


def compiled_steps(setup: Setup, mesh, *, lanes_per_call: int = 0):
  """The one compiled program of a run.

  Args:
    setup: static.
    mesh: from `sweep.device_mesh`.
    lanes_per_call: config.train.lanes_per_call.

  Returns:
    A function ((states, sums) placed, images of a chunk of steps or None,
    num_steps) -> (states, sums). num_steps is traced.
  """
  run = sweep.over_lanes(
    partial(training.run_steps, setup), mesh, lanes_per_call=lanes_per_call
  )
  dataset = setup.dataset
  shared = sweep.replicate((dataset.arrays, dataset.weights), mesh)

  def call(placed, streamed, num_steps: int):
    steps = sweep.replicate(np.int32(num_steps), mesh)
    return run(placed, streamed, (*shared, steps))

  return call


def train(
  config,
  setup: Setup,
  folder: Path,
  *,
  shorter: str = "",
  bar=None,
  compiled: Callable | None = None,
  tracker: str = "tensorboard",
) -> training.TrainState:
  """Trains all lanes to the last step, from the newest checkpoint if any.

  Files are written, and reach the disk, in this order, so that a kill or a
  power cut at any moment loses time and nothing else: lines of metrics.jsonl,
  codes, then the checkpoint of their step.
  Resuming reads the checkpoint, then drops the lines after it.

  Args:
    config: checked.
    setup: from `training.set_up`.
    folder: the run directory, held by this process.
    shorter: the command to suggest where the run would take long on a CPU.
    bar: progress bar to show the steps on; None shows one of its own.
    compiled: as `compiled_steps` of this setup, for runs that share a program.
    tracker: a name in `trackers.TRACKERS`.

  Returns:
    The states, stacked: NumPy arrays (L, ...); where there are several
    processes, of the lanes that are here.

  Raises:
    ValueError: the newest checkpoint can't be read.
    Stopped: a signal came; what was done until there is kept.
  """
  lanes = sweep.grid(config.sweep, config.hparams)
  mesh = sweep.device_mesh(len(lanes), setup.dataset.arrays)
  states = training.init_lanes(setup, lanes[sweep.lanes_here(mesh, len(lanes))])
  together = mesh if processes.count() > 1 else None
  place, keep = folder / rundir.CHECKPOINTS, config.checkpoint.keep
  with (
    checkpoint.writing(place),
    checkpoint.manager(place) as checkpoints,
  ):
    step, states, sums = checkpoint.restore_newest(
      checkpoints, states, aside=folder / rundir.DAMAGED, mesh=together
    )
    if step:
      say(f"Resuming at step {step} of {config.train.steps}")
    look = onlooker(setup, folder)
    with contextlib.ExitStack() as stack:
      log = stack.enter_context(_log(config, folder, lanes, step, tracker))
      stack.enter_context(stopping.deferring())
      pace = Pace(config.train, shorter, quiet=bar is not None)
      bar = bar or stack.enter_context(progress_bar())
      compiled = compiled or partial(compiled_steps, setup)
      call = compiled(mesh, lanes_per_call=config.train.lanes_per_call)
      chunks = _chunks(config, setup, states, sums, log, bar, pace, mesh, call)
      for step, states, sums in chunks:
        seen = sweep.to_leader(look(states), mesh) if sums is None else None
        if log:
          log.keep(step, seen)
        checkpoint.save(
          checkpoints, step, states, sums, keep=keep, mesh=together
        )
    checkpoint.settle(checkpoints, keep)
  if stopping.requested() and step < config.train.steps:
    say(f"Step {step} of {config.train.steps} is kept")
    raise stopping.Stopped(stopping.requested())
  return states


@contextlib.contextmanager
def _log(config, folder, lanes, step, tracker) -> Iterator[Log | None]:
  """The leader's log, without what was written after the step to go on from."""
  if not processes.leads():
    yield None
    return
  since = 0 if step == config.train.steps else step % config.train.log_every
  for name, each in ((rundir.LOGGED, len(lanes)), (rundir.TIMINGS, 1)):
    rundir.truncate_jsonl(folder / name, step, step - since, each)
  with contextlib.closing(Log(folder, lanes, step, tracker)) as log:
    yield log


def _chunks(config, setup, states, sums, log, bar, pace, mesh, call):
  """Yields step and states of the host wherever a checkpoint is wanted.

  With them comes None, or, where a signal ends it between two checkpoints, the
  sums of the terms since the last line: a run that goes on begins with them.
  """
  steps, lanes = config.train.steps, sweep.lanes_of(states.step, mesh)
  step = since = int(states.step[0])
  zeros = _zeros(setup, states)
  chunks = streams.chunks(setup, states, mesh, num_steps=steps)
  end, streamed = step, None  # the step before which its images end
  logged = step - step % config.train.log_every if sums else step
  states, sums = sweep.place((states, sums or zeros), mesh)
  decompose = decomposer(setup)
  words = f"Training {lanes} lane{'s' if lanes > 1 else ''}"
  task = bar.add_task(words, total=steps, completed=step)
  best, began = Told(), time.perf_counter()
  while step < steps:
    if step == end:
      end, streamed = next(chunks)
    stop, *_ = processes.agreed(min(pace.next_stop(step), end))
    start = time.perf_counter()
    states, sums = call((states, sums), streamed, stop - step)
    jax.block_until_ready(states)
    pace.add(step, stop, start)
    step = stop
    bar.update(task, completed=step)
    asked = stopping.share(processes.agreed)
    kept = None  # the states of the host, where a checkpoint is wanted
    if step % config.checkpoint.every == 0 or step == steps:
      kept = sweep.unplace(states)
    if step % config.train.log_every == 0 or step == steps:
      totals = sweep.unplace(sums)
      means = {name: total / (step - logged) for name, total in totals.items()}
      means |= {} if kept is None else decompose(kept)
      told = sweep.to_leader(means, mesh)
      now = time.perf_counter()
      if log and told:
        log.write(step, told, {"seconds": now - began, "steps": step - since})
        bar.update(task, note=best.words(told))
      logged, since, began, sums = step, step, now, sweep.place(zeros, mesh)
    if kept is not None:
      yield step, kept, None
    elif asked:
      rest = sweep.unplace(sums) if step > logged else {}
      yield step, sweep.unplace(states), rest
    if asked:
      break
  if pace.quiet:
    bar.remove_task(task)


def _zeros(setup: Setup, states) -> dict[str, np.ndarray]:
  """Sums of no terms, of as many lanes as the states."""
  one = jax.tree.map(lambda leaf: leaf[0], states)
  return sweep.stack([training.zero_terms(setup, one)] * len(states.step))


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
