"""What long work says and shows, and where: a terminal, a notebook, a file.

A terminal gets a live bar, a notebook one output that is renewed in place, and
whatever else reads gets a line now and then without any control code. `--quiet`
leaves nothing but warnings.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

from rich.console import Console
from rich.progress import (
  BarColumn,
  MofNCompleteColumn,
  Progress,
  ProgressColumn,
  TaskProgressColumn,
  TextColumn,
  TimeRemainingColumn,
)
from rich.text import Text

WIDE = 99  # columns from which a bar has room for the steps themselves
SECONDS_PER_LINE = 20.0  # between two lines of what isn't a terminal
SECONDS_PER_DISPLAY = 0.3  # between two states of a notebook's bar


def is_terminal() -> bool:
  """Whether bars can be drawn on standard error.

  A notebook gives the commands of its cells a terminal, too, but prints every
  state of a bar below the last one.
  """
  if os.environ.get("TERM") == "dumb" or "JPY_PARENT_PID" in os.environ:
    return False
  try:
    return sys.stderr.isatty()
  except (AttributeError, ValueError):  # none, or closed
    return False


class _Stderr(Console):
  """Standard error as it is when something is printed."""

  @property
  def is_terminal(self) -> bool:
    return is_terminal()


CONSOLE = _Stderr(stderr=True, force_jupyter=False)


def be_quiet(quiet: bool) -> None:
  """Whether nothing but warnings is said from now on, and no bar is shown."""
  CONSOLE.quiet = quiet


def is_quiet() -> bool:
  """As `be_quiet` said."""
  return CONSOLE.quiet


def _notebook():
  """The shell of a notebook's kernel, or None."""
  ipython = sys.modules.get("IPython")
  shell = ipython.get_ipython() if ipython else None
  return shell if getattr(shell, "kernel", None) is not None else None


def say(message: str) -> None:
  """Prints a line on stderr, above a bar that is being shown."""
  if is_quiet():
    return
  if _notebook() is not None:  # where stderr is red
    print(message, flush=True)
  else:
    CONSOLE.print(message, markup=False, highlight=False, soft_wrap=True)


def warn(message: str) -> None:
  """As `say`, even where everything else is quiet."""
  quiet = is_quiet()
  be_quiet(False)
  say(message)
  be_quiet(quiet)


@dataclass
class Task:
  """A line of a bar that isn't on a terminal."""

  description: str
  total: float | None
  completed: float = 0
  note: str = ""
  first: float = 0  # of `completed`, once the first call, which compiles, is
  began: float = 0  # over; and when that was

  def move(self, completed: float) -> None:
    """Takes note of what is done, and of when it began to go on."""
    if not self.began and completed > self.completed:
      self.first, self.began = completed, time.monotonic()
    self.completed = completed

  def left(self) -> str:
    """ "1:20 left" at the pace so far; "" as long as there's none."""
    done = self.completed - self.first
    total = self.total or 0
    if not self.began or done <= 0 or self.completed >= total:
      return ""
    passed = time.monotonic() - self.began
    return f"{clock(passed / done * (total - self.completed))} left"

  def words(self) -> str:
    """ "Training 8 lanes: 1,200 of 6,000, 1:20 left, loss 34.1"."""
    count = f"{self.completed:,.0f}"
    if self.total is not None:
      count += f" of {self.total:,.0f}"
    parts = filter(None, [count, self.left(), self.note])
    return f"{self.description}: {', '.join(parts)}"


def clock(seconds: float) -> str:
  """ "1:20", "2:03:20"."""
  minutes, left = divmod(round(seconds), 60)
  hours, minutes = divmod(minutes, 60)
  return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


class Bar:
  """Tasks under way, with the methods of rich's Progress that are used here.

  Args:
    show: called with all tasks and the one that has just changed.
  """

  def __init__(self, show: Callable[[list[Task], Task], object]):
    self.show = show
    self.tasks: dict[int, Task] = {}
    self.lock = threading.RLock()
    self.added = 0

  def __enter__(self) -> "Bar":
    return self

  def __exit__(self, *_) -> None:
    pass

  def add_task(
    self, description: str, total: float | None, completed: float = 0
  ) -> int:
    """Begins a task and returns its number."""
    with self.lock:
      self.added += 1
      self.tasks[self.added] = Task(description, total, completed)
      return self.added

  def update(self, number: int, *, advance: float = 0, **changes: Any) -> None:
    """Changes a task's fields, or moves it on."""
    with self.lock:
      task = self.tasks[number]
      task.move(changes.pop("completed", task.completed) + advance)
      for name, value in changes.items():
        setattr(task, name, value)
      self.show(list(self.tasks.values()), task)

  def advance(self, number: int, advance: float = 1) -> None:
    """Moves a task on."""
    self.update(number, advance=advance)

  def remove_task(self, number: int) -> None:
    """Ends a task."""
    with self.lock:
      task = self.tasks.pop(number)
      self.show(list(self.tasks.values()), task)


class Lines:
  """Says a line about what has changed, now and then."""

  def __init__(self):
    self.last = time.monotonic()

  def __call__(self, _, changed: Task) -> None:
    """Says how far a task is, if nothing was said for a while."""
    now = time.monotonic()
    if now - self.last >= SECONDS_PER_LINE:
      self.last = now
      say(changed.words())


class Cell:
  """One output of a notebook's cell, renewed in place."""

  def __init__(self):
    self.handle: Any = None
    self.last = 0.0

  def __call__(self, tasks: list[Task], changed: Task) -> None:
    """Shows all tasks; states that nobody could see are left out."""
    now = time.monotonic()
    whole = changed.total is not None and changed.completed >= changed.total
    if not tasks or (now - self.last < SECONDS_PER_DISPLAY and not whole):
      return
    self.last = now
    from IPython.display import display

    shown = {
      "text/plain": "\n".join(task.words() for task in tasks),
      "text/html": "".join(map(_html, tasks)),
    }
    if self.handle is None:
      self.handle = display(shown, raw=True, display_id=True)
    else:
      self.handle.update(shown, raw=True)


def _html(task: Task) -> str:
  total = "" if task.total is None else f' max="{task.total:g}"'
  return (
    f'<div><progress value="{task.completed:g}"{total}></progress>'
    f" {escape(task.words())}</div>"
  )


class _Note(ProgressColumn):
  """What a task says of itself: its numbers so far."""

  def render(self, task) -> Text:
    return Text(task.fields.get("note", ""), overflow="ellipsis", no_wrap=True)


def progress_bar() -> Any:
  """A bar with the steps made, the time left, and a note of each task.

  Returns:
    rich's Progress, or a `Bar`, which has the methods of it that are used.
  """
  if is_quiet():
    return Bar(lambda tasks, changed: None)
  if _notebook() is not None:
    return Bar(Cell())
  if not is_terminal():
    return Bar(Lines())
  width = CONSOLE.width
  return Progress(
    TextColumn("{task.description}"),
    BarColumn(max(6, min(40, width - 74))),
    MofNCompleteColumn() if width > WIDE else TaskProgressColumn(),
    TimeRemainingColumn(compact=True),
    TextColumn("left"),
    _Note(),
    console=CONSOLE,
  )


@contextmanager
def counting(description: str) -> Iterator[Callable[[], object]]:
  """A bar of work whose end isn't known; yields what moves it on."""
  with progress_bar() as bar:
    task = bar.add_task(description, total=None)
    yield lambda: bar.advance(task)
    bar.remove_task(task)
