"""Lets a file outside the package add to its registries.

A method, likelihood, network, data set or metric of one's own is a row of a
dict, added by the experiment file that uses it. Every command that needs the
row runs that file when it is told to: --register=FILE.
"""

import argparse
import contextlib
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType


def register(experiment: str | Path) -> None:
  """Runs an experiment file for what it adds to the registries.

  Args:
    experiment: path of a Python file.

  Raises:
    ValueError: there is no such file, or it raises; names the line.
  """
  execute("--register", experiment)


def find(path: str | Path) -> Path:
  """The file, or the one in experiments/ of that name, such as "vae_mnist"."""
  given, here = Path(path), Path(__file__).parent
  if given.suffix or given.exists() or len(given.parts) != 1:
    return given
  # In a wheel, and in a checkout.
  for folder in (here / "experiments", here.parent / "experiments"):
    if (file := folder / f"{given}.py").is_file():
      return file
  return given


def execute(flag: str, path: str | Path) -> ModuleType:
  """Runs a Python file.

  Args:
    flag: that named it, for the sentence.
    path: the file, or the name of one in experiments/.

  Returns:
    The module.

  Raises:
    ValueError: there is no such file, or it raises; names the line.
  """
  with running(flag, path):
    path = find(path)
    found = path.is_file()
  name = f"dvae_jax_file_{Path(path).stem}"
  loader = importlib.machinery.SourceFileLoader(name, str(path))
  spec = importlib.util.spec_from_file_location(name, path, loader=loader)
  if not found or spec is None:
    raise ValueError(f"{flag}: {shown(path) or None} is no Python file")
  module = importlib.util.module_from_spec(spec)
  sys.modules[name] = module  # where dataclasses look for it
  with running(flag, path):
    loader.exec_module(module)
  return module


@contextlib.contextmanager
def running(flag: str, path: str | Path) -> Iterator[None]:
  """Turns whatever a person's file raises in the body into one sentence.

  Raises:
    ValueError: the flag, the file, its line, and what was raised.
  """
  try:
    yield
  except Exception as error:
    if isinstance(error, SyntaxError):
      file, line = error.filename or str(path), error.lineno
    else:
      frames = traceback.extract_tb(error.__traceback__)
      own = [f.lineno for f in frames if f.filename == str(path)]
      file, line = str(path), own[-1] if own else None
    place = f"{shown(file)}, line {line}" if line else shown(file)
    raise ValueError(f"{flag}: {place}: {in_words(error)}") from error


def in_words(error: BaseException) -> str:
  """An exception as part of a sentence: its kind, and its first line."""
  text = getattr(error, "strerror", None) or getattr(error, "msg", None)
  words = str(text or error).strip().partition("\n")[0][:160]
  if type(error) is ValueError and words:
    return words
  return f"{type(error).__name__}: {words}" if words else type(error).__name__


def shown(path: str | Path) -> str:
  """A path for a sentence, cut where it is long."""
  text = str(path)
  return text if len(text) <= 160 else f"{text[:60]}...{text[-97:]}"


def register_first(arguments: Sequence[str]) -> list[str]:
  """Registers what --register=FILE names, before other arguments are read.

  Args:
    arguments: of a command, without its name.

  Returns:
    The other arguments.

  Raises:
    ValueError: as `register`.
  """
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
  parser.add_argument("--register", action="append", default=[])
  found, others = parser.parse_known_args(arguments)
  for experiment in found.register:
    register(experiment)
  return others
