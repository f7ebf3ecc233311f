"""Does what isn't done of a study: trains parts, evaluates them meanwhile.

A part is a run directory, held by its lock: two processes never do the same
lane, and what a dead one held is free again.
"""

import contextlib
import functools
import math
import os
from collections import Counter, deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from dvae_jax import (
  checks,
  data,
  evaluate,
  results,
  rundir,
  runs,
  session,
  stopping,
)
from dvae_jax.progress import progress_bar, say
from dvae_jax.report.scores import worth
from dvae_jax.studies import cost
from dvae_jax.studies.plan import Part, Plan, hold_to, setting_of
from dvae_jax.studies.processes import DIED, Died, Processes
from dvae_jax.train import loop, sweep, training

FAILED = "failed.json"  # why a part failed; gone once it is done
COLUMNS = ("done", "running", "failed", "left", "diverged")  # of a table
WAITING = 2  # parts whose metrics may be outstanding while the next one trains


class State(NamedTuple):
  """How far a part is: "done", "running", "failed" or "left", and why."""

  name: str
  reason: str = ""


def state(part: Part, workdir: Path) -> State:
  """How far a part is, from its folder."""
  folder = workdir / part.name
  try:
    if _done(part, folder):
      return State("done")
    if rundir.in_use(folder):
      return State("running")
    if (folder / FAILED).exists():
      found = rundir.read_json(folder / FAILED, {"reason": str})
      return State("failed", found["reason"])
  except ValueError as error:  # a file of it can't be read
    return State("failed", str(error))
  return State("left")


def _done(part: Part, folder: Path) -> bool:
  lines = results.evaluated(folder)
  settings = part.config.eval.to_dict()
  trained = [line["step"] == part.config.train.steps for line in lines]
  if len(lines) < part.lanes or not all(trained):
    return False
  return evaluate.unmeasured(lines, settings) == []


def sliced(parts: list[Part], which: str) -> list[Part]:
  """The parts of one slice.

  Args:
    parts: of the study.
    which: "3/16" is the third of sixteen; "" is everything.

  Raises:
    ValueError: not of that form.
  """
  if not which:
    return parts
  number, _, count = which.partition("/")
  if not (number.isdigit() and count.isdigit() and int(number) >= 1):
    raise ValueError(f"--slice: {which!r} found, such as '3/16' expected")
  if int(number) > int(count):
    raise ValueError(f"--slice: {which!r} found, at most {count}/{count}")
  return parts[int(number) - 1 :: int(count)]


def say_cost(plan: Plan, workdir: str | Path, *, which: str = "") -> None:
  """Says how long what isn't done takes on this machine, by its own pace.

  Args:
    plan: the study's.
    workdir: its folder.
    which: slice, "3/16", or "" for everything.

  Raises:
    ValueError: the slice is none.
  """
  folder = Path(workdir)
  parts = sliced(plan.parts, which)
  left = [part for part in parts if state(part, folder).name != "done"]
  if left:
    sweep.use_cores(math.gcd(*[part.lanes for part in parts]))
    say(cost.tell(cost.estimate(left)))


def work(plan: Plan, workdir: str | Path, *, which: str = "") -> list[State]:
  """Trains and evaluates every part that isn't done and that nobody holds.

  Args:
    plan: the study's.
    workdir: its folder.
    which: slice, "3/16", or "" for everything.

  Returns:
    The state of each part of the slice afterwards. A part that failed is left
    with its reason, and never stops the others.

  Raises:
    ValueError: the folder belongs to another study, or the slice is none.
  """
  folder = Path(workdir)
  parts = sliced(plan.parts, which)
  hold_to(plan, folder)
  if parts:
    sweep.use_cores(math.gcd(*[part.lanes for part in parts]))
  with contextlib.ExitStack() as stack:
    bar = stack.enter_context(progress_bar())
    pool = stack.enter_context(Processes(_workers()))
    threads = stack.enter_context(ThreadPoolExecutor(WAITING))
    worker = Worker(folder, bar, pool, threads, sum(p.lanes for p in parts))
    try:
      for part in parts:
        worker.do(part)
      worker.finish(0)
    except stopping.Stopped as stopped:  # waits for nothing that measures
      stopping.leave(stopped.signum)
  return [state(part, folder) for part in parts]


def finished(plan: Plan, workdir: Path) -> bool:
  """Whether every part of a study is done."""
  return all(state(part, workdir).name == "done" for part in plan.parts)


def _workers() -> int:
  """Processes that measure: a CPU trains on its cores, an accelerator not."""
  cores = os.cpu_count() or 1
  return max(1, cores // 2 if jax.default_backend() == "cpu" else cores - 1)


def table(plan: Plan, workdir: str | Path) -> str:
  """How far a study is, as a Markdown table: a row a run, lanes in columns."""
  folder = Path(workdir)
  counts: dict[str, Counter] = {}
  reasons: dict[str, str] = {}
  for part in plan.parts:
    found = state(part, folder)
    counts.setdefault(part.run, Counter())[found.name] += part.lanes
    if found.name == "done":
      counts[part.run]["diverged"] += sum(
        line["diverged_at"] >= 0
        for line in results.evaluated(folder / part.name)
      )
    if found.reason:
      reasons[part.run] = f"{part.name}: {found.reason}"
  counts["all"] = sum(counts.values(), Counter())
  lines = [f"| run | {' | '.join(COLUMNS)} | why |", "| --- " * 7 + "|"]
  for run, count in counts.items():
    cells = [run, *(str(count[name]) for name in COLUMNS)]
    lines.append(f"| {' | '.join(cells)} | {reasons.get(run, '')} |")
  return "\n".join(lines)


class Worker:
  """One process's way through a study.

  Args:
    folder: the study's.
    bar: progress bar; one line for the whole study, one for what is going on.
    pool: processes that measure.
    threads: that wait for them and write results.
    lanes: of the whole slice.
  """

  def __init__(self, folder: Path, bar, pool, threads, lanes: int):
    self.folder, self.bar = folder, bar
    self.pool, self.threads = pool, threads
    self.waiting: deque[Future] = deque()
    self.run = ""
    self.setup: training.Setup | None = None
    self.compiled: Any = None
    self.scores: dict[tuple[str, str], list[float]] = {}
    self.total = bar.add_task("Study, lanes", total=lanes)

  def do(self, part: Part) -> None:
    """Trains a part, and hands it to those who evaluate it."""
    folder = self.folder / part.name
    stack = contextlib.ExitStack()
    try:
      if _done(part, folder):
        self._advance(part, folder)
        return
      setup = self._set_up(part)
      settings = part.config.to_dict()
      opened = session.opened(folder, settings, setup.dataset)
      stack.enter_context(opened)
      (folder / FAILED).unlink(missing_ok=True)
      loop.train(
        part.config, setup, folder, bar=self.bar, compiled=self.compiled
      )
    except rundir.InUse:
      stack.close()
      say(f"{part.name}: another process does it")
    except Exception as error:  # whatever it is, the others go on
      self._failed(part, folder, error)
      stack.close()
    else:
      job = self.threads.submit(self._evaluate, part, folder, setup, stack)
      self.waiting.append(job)
      self.finish(WAITING)

  def finish(self, most: int) -> None:
    """Waits until at most some parts' metrics are outstanding."""
    while len(self.waiting) > most:
      self.waiting.popleft().result()

  def _set_up(self, part: Part) -> training.Setup:
    """The parts of a run share the data on the device and the program."""
    if self.setup is None or self.run != part.run:
      dataset = data.load(part.config.data)
      checks.check_dataset(part.config, dataset)
      self.setup = training.set_up(part.config, dataset)
      checks.check_size(part.config, self.setup)
      self.compiled = functools.cache(
        functools.partial(loop.compiled_steps, self.setup)
      )
      self.run = part.run
    return self.setup

  def _evaluate(self, part: Part, folder: Path, setup, stack) -> None:
    with stack:
      try:
        self._measure(part, folder, setup)
      except Exception as error:  # whatever it is, the others go on
        self._failed(part, folder, error)
      else:
        self._advance(part, folder)

  def _measure(self, part: Part, folder: Path, setup) -> None:
    """Evaluates a part; where a process dies, once more in one of its own.

    The death may be another part's, whose metrics the same processes measure.
    """
    try:
      self._measure_in(self.pool, part, folder, setup)
      return
    except Died:
      say(f"{part.name}: {DIED}; measuring it again")
    try:
      with Processes(1) as alone:
        self._measure_in(alone, part, folder, setup)
    except Died as error:
      raise ValueError(
        f"{DIED}, twice; free some memory, or leave out metrics, and type the"
        " same command to go on"
      ) from error

  def _measure_in(self, pool: Executor, part, folder: Path, setup) -> None:
    settings = part.config.eval.to_dict()
    lines = results.evaluated(folder)
    evaluate.evaluate(
      runs.load_run(folder, setup=setup),  # programs are compiled once
      settings,
      only=evaluate.unmeasured(lines, settings),
      pool=pool,
      bar=self.bar,
      draw=False,
    )

  def _failed(self, part: Part, folder: Path, error: Exception) -> None:
    """Leaves the reason in the part's folder; the next call tries again."""
    text = str(error).strip() or type(error).__name__
    reason = text.splitlines()[0][:300]
    if not isinstance(error, ValueError):
      reason = f"{type(error).__name__}: {reason}"
    folder.mkdir(parents=True, exist_ok=True)
    rundir.write_json(folder / FAILED, {"reason": reason})
    say(f"{part.name} failed: {reason}")
    self.bar.advance(self.total, part.lanes)

  def _advance(self, part: Part, folder: Path) -> None:
    """Moves the study's line on, and names the best setting so far."""
    for line in results.evaluated(folder):
      for name in list(part.config.eval.metrics)[:1]:
        value = line["metrics"].get(name)
        if value is not None:
          setting = f"{part.run} {setting_of(line, part.config)}".strip()
          self.scores.setdefault((name, setting), []).append(value)
    self.bar.update(
      self.total,
      advance=part.lanes,
      description=f"Study, lanes{_best(self.scores)}",
    )


def _best(scores: dict[tuple[str, str], list[float]]) -> str:
  """The setting with the best mean of the first metric, in words."""
  if not scores:
    return ""
  means = {key: float(np.mean(values)) for key, values in scores.items()}
  name, setting = max(means, key=lambda key: worth(key[0], means[key]))
  return f" (best {name} {means[name, setting]:.2f}: {setting})"
