"""Processes that measure, and new ones where one has died."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from dvae_jax import stopping

Died = BrokenProcessPool  # raised by every job of a pool with a dead process
DIED = "a process that measured it was killed, as where memory ends"


class Processes(Executor):
  """A pool of processes; a job that comes after a death gets a new pool.

  Args:
    number: of processes.
  """

  def __init__(self, number: int):
    self._max_workers = number
    self._turn = threading.Lock()
    self._pool = self._begun()

  def submit(self, function: Callable, /, *given, **named) -> Future:
    """As of any executor; the jobs of a pool that broke raise `Died`."""
    with self._turn:
      try:
        return self._pool.submit(function, *given, **named)
      except Died:
        self._pool = self._begun()
        return self._pool.submit(function, *given, **named)

  def shutdown(self, wait: bool = True, *, cancel_futures: bool = False):
    """Ends the processes."""
    self._pool.shutdown(wait, cancel_futures=cancel_futures)

  def _begun(self) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
      self._max_workers, get_context("spawn"), stopping.leave_with_parent
    )
