"""What long work says and shows: lines on stderr, bars with the time left."""

from rich.console import Console
from rich.progress import (
  BarColumn,
  MofNCompleteColumn,
  Progress,
  TextColumn,
  TimeElapsedColumn,
  TimeRemainingColumn,
)

CONSOLE = Console(stderr=True)


def say(message: str) -> None:
  """Prints a line on stderr, above a bar that is being shown."""
  CONSOLE.print(message, markup=False, highlight=False, soft_wrap=True)


def progress_bar() -> Progress:
  """A bar with the steps made, the time passed and the time left."""
  return Progress(
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TextColumn("left"),
    TimeRemainingColumn(),
    console=CONSOLE,
    disable=not CONSOLE.is_terminal,
  )
