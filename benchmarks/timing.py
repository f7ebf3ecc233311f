"""Contenders in processes of their own, timed in alternation."""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path


def _serve(pipe, make: Callable[..., Callable], arguments: tuple) -> None:
  """Builds a contender, then times it whenever it is asked to."""
  try:
    step = make(*arguments)
    step()
  except ImportError as error:
    pipe.send(f"{error.name} isn't installed")
    return
  pipe.send(None)
  while pipe.recv():
    start = time.perf_counter()
    step()
    pipe.send(time.perf_counter() - start)


def alternate(
  contenders: dict[str, tuple[Callable, tuple]], *, rounds: int
) -> dict[str, list[float]]:
  """Times contenders in turn, so that a busy machine slows all of them.

  Args:
    contenders: name -> (make, arguments); make(*arguments) gives a function
      without arguments that does one unit of work and waits for it. It must be
      picklable: every contender has a process of its own.
    rounds: how often everyone has a turn.

  Returns:
    Seconds of each turn. A contender whose package is missing is named
    in one printed sentence, and left out.
  """
  context = multiprocessing.get_context("spawn")
  os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # don't spin when idle
  started = {}
  for name, (make, arguments) in contenders.items():
    started[name], there = context.Pipe()
    context.Process(
      target=_serve, args=(there, make, arguments), daemon=True
    ).start()
  pipes, seconds = {}, {}
  for name, pipe in started.items():
    if missing := pipe.recv():
      print(f"{name} is left out: {missing}.")
      continue
    pipes[name], seconds[name] = pipe, []
  for _ in range(rounds):
    for name, pipe in pipes.items():
      pipe.send(True)
      seconds[name].append(pipe.recv())
  for pipe in pipes.values():
    pipe.send(None)
  return seconds


def ratio(ours: list[float], theirs: list[float]) -> tuple[float, float, float]:
  """Median of the turns' ratios, and their first and third quartile."""
  ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
  low, middle, high = statistics.quantiles(ratios, n=4)
  return middle, low, high


def parser(description: str) -> argparse.ArgumentParser:
  """A parser that knows --json."""
  result = argparse.ArgumentParser(
    description=description,
    formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  result.add_argument("--json", type=Path, metavar="FILE")
  return result


def line(row: dict) -> str:
  """A row in one line: names and values, three digits of what isn't whole."""
  return "  ".join(
    f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
    for key, value in row.items()
  )


def write(path: Path | None, rows: list[dict]) -> None:
  """Writes rows as JSON where a path was given."""
  if path:
    path.write_text(json.dumps(rows, indent=1) + "\n")
