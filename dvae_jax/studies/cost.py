"""What a study costs here: its own programs, timed before it starts."""

import time
from collections.abc import Sequence

import jax

from dvae_jax import data
from dvae_jax.progress import say
from dvae_jax.studies.plan import Part
from dvae_jax.train import loop, sweep, training


def seconds_per_step(
  config, setup: training.Setup, *, steps: int = 10
) -> float:
  """Seconds of one step of all lanes of a run, on this machine.

  Args:
    config: of a run or a part.
    setup: of it; its data set is on the device.
    steps: of a call.
  """
  lanes = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(setup, lanes)
  mesh = sweep.device_mesh(len(lanes), setup.dataset.arrays)
  one = jax.tree.map(lambda leaf: leaf[0], states)
  sums = sweep.stack([training.zero_terms(setup, one)] * len(lanes))
  call = loop.compiled_steps(
    setup, mesh, lanes_per_call=config.train.lanes_per_call
  )
  placed = sweep.place((states, sums), mesh)
  for number in (1, 1, steps):  # the first compiles, the last is timed
    start = time.perf_counter()
    placed = jax.block_until_ready(call(placed, None, number))
  return (time.perf_counter() - start) / steps


def estimate(parts: Sequence[Part]) -> dict[str, tuple[int, float]]:
  """Run -> its models, and the hours that training them takes here.

  NaN hours where a run can't be timed: its images are read as it trains, or
  aren't at hand. Programs that were compiled for it are kept for the study.

  Args:
    parts: those that aren't done.
  """
  found: dict[str, tuple[int, float]] = {}
  pace: dict[str, float] = {}  # seconds of a step of a lane
  for part in parts:
    if part.run not in pace:
      pace[part.run] = _pace(part)
    models, hours = found.get(part.run, (0, 0.0))
    seconds = pace[part.run] * part.lanes * part.config.train.steps
    found[part.run] = models + part.lanes, hours + seconds / 3600
  return found


def _pace(part: Part) -> float:
  try:
    setup = training.set_up(part.config, data.load(part.config.data))
    if setup.dataset.render is None:
      return float("nan")
    return seconds_per_step(part.config, setup) / part.lanes
  except Exception as error:  # its own part will say so again
    say(f"{part.run} can't be timed: {error}")
    return float("nan")


def tell(found: dict[str, tuple[int, float]]) -> str:
  """The estimate as a sentence and a table."""
  models = sum(count for count, _ in found.values())
  hours = sum(h for _, h in found.values() if h == h)
  rows = [f"| {n} | {c} | {h:.2f} |" for n, (c, h) in found.items()]
  return "\n".join((
    f"{models} models to train, about {in_words(hours)} on this machine by the"
    " pace of their first steps; evaluation comes on top.",
    "| run | models | hours |",
    "| --- | --- | --- |",
    *rows,
  ))  # fmt: skip


def in_words(hours: float) -> str:
  """ "12 minutes", "3.4 hours" or "41 days"."""
  if hours < 1.5:
    return f"{60 * hours:.0f} minutes"
  return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.0f} days"
