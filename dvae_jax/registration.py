"""Lets a file outside the package add to its registries.

A method, likelihood, network, data set or metric of one's own is a row of a
dict, added by the experiment file that uses it. Every command that needs the
row runs that file when it is told to: --register=FILE.
"""

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path


def register(experiment: str | Path) -> None:
  """Runs an experiment file for what it adds to the registries.

  Args:
    experiment: path of a Python file.

  Raises:
    ValueError: there is no such file.
  """
  path = Path(experiment)
  spec = importlib.util.spec_from_file_location(path.stem, path)
  if spec is None or spec.loader is None or not path.is_file():
    raise ValueError(f"--register: {experiment} is no Python file")
  spec.loader.exec_module(importlib.util.module_from_spec(spec))


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
