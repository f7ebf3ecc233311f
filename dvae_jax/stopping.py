"""Ctrl-C and a scheduler's SIGTERM: what is under way is finished and kept.

The first signal is answered where the work is whole: training ends after its
compiled call and a checkpoint. A second one, or ten seconds, ends the process
wherever it is. Every file is written whole or not at all, so that loses time
and nothing else.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

from dvae_jax.progress import warn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE = 9.5  # seconds from the first signal until the process is gone
AGAIN = "type the same command to go on"


class Stopped(BaseException):
  """A signal said so; `except Exception` lets it through.

  Attributes:
    signum: of the signal.
  """

  def __init__(self, signum: int):
    super().__init__(signum)
    self.signum = signum


class _State:
  """Of the process, as signals are."""

  received = 0  # the first signal, 0 for none
  deferred = 0  # bodies of `deferring` that are being run


def requested() -> int:
  """The signal that asked to stop, or 0."""
  return _State.received


def share(agreed: Callable[[int], list[int]]) -> int:
  """As `requested`, after all processes of a run have told each other.

  Args:
    agreed: `processes.agreed`.
  """
  asked = max(agreed(requested()))
  if asked and not requested():
    _State.received = asked
  return asked


@contextlib.contextmanager
def deferring() -> Iterator[None]:
  """In the body nothing is raised: it asks `requested` itself."""
  _State.deferred += 1
  try:
    yield
  finally:
    _State.deferred -= 1


@contextlib.contextmanager
def listening() -> Iterator[None]:
  """Answers signals during the body; once it's left, nothing has changed.

  Raises:
    Stopped: a signal came while nothing deferred it.
  """
  if threading.current_thread() is not threading.main_thread():
    yield
    return
  _State.received = 0
  before = {number: signal.getsignal(number) for number in SIGNALS}
  ours, theirs = socket.socketpair()
  theirs.setblocking(False)
  # Python's own handlers wait for a compilation to end; this thread doesn't.
  watch = threading.Thread(target=_watch, args=(ours,), daemon=True)
  watch.start()
  wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
  for number in SIGNALS:
    signal.signal(number, _answer)
  try:
    yield
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)
    signal.set_wakeup_fd(wakeup)
    theirs.close()
    watch.join()
    ours.close()


def leave(signum: int, where: str = "") -> None:
  """Ends the process as a shell and a scheduler expect: 128 + the signal.

  Args:
    signum: what asked for it.
    where: words about how far the work is.
  """
  warn(f"Stopped{where}; {AGAIN}")
  for file in (sys.stdout, sys.stderr):
    with contextlib.suppress(OSError, ValueError):
      file.flush()
  os._exit(128 + signum)  # threads and processes that measure are dropped


def leave_with_parent() -> None:
  """Makes this process, of a pool, end with the one that started it.

  Ctrl-C is the parent's to answer.
  """
  from multiprocessing import parent_process

  signal.signal(signal.SIGINT, signal.SIG_IGN)
  parent = parent_process()
  if parent is None:
    return

  def wait():
    parent.join()
    os._exit(1)

  threading.Thread(target=wait, daemon=True).start()


def _answer(signum: int, _) -> None:
  if _State.deferred:
    _State.received = _State.received or signum
    return
  raise Stopped(signum)


def _watch(signals: socket.socket) -> None:
  """Ends the process at a second signal, or when the grace is over."""
  first, deadline = 0, float("inf")
  while True:
    left = deadline - time.monotonic()
    signals.settimeout(max(0.0, left) if first else None)
    try:
      found = signals.recv(1)
    except (TimeoutError, BlockingIOError):
      _end(first, f"after {GRACE:g} seconds")
      return
    except OSError:
      return
    if not found:  # closed: the work is done
      return
    if found[0] not in SIGNALS:
      continue
    if first:
      _end(found[0], "at once")
    first, deadline = found[0], time.monotonic() + GRACE
    os.write(2, b"\nStopping where the work is whole; again: at once.\n")


def _end(signum: int, how: str) -> None:
  os.write(2, f"\nStopped {how}; {AGAIN}\n".encode())
  os._exit(128 + signum)
