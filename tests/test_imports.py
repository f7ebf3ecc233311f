"""Imports go one way: see ARCHITECTURE.md."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dvae_jax"
ROOMS = sorted(
  path.stem if path.is_file() else path.name
  for path in PACKAGE.iterdir()
  if path.suffix == ".py" or (path / "__init__.py").exists()
)

# What each may import of the package, itself aside.
ALLOWED = {
  "__init__": {"registration"},
  "impossibility": set(),
  "progress": set(),
  "trackers": {"progress"},
  "hub": {"report", "rundir"},
  "push": {"hub", "registration", "session"},
  "registration": set(),
  "stopping": {"progress"},
  "processes": {"progress", "stopping"},
  "memory": set(),
  "atomic": set(),
  "lock": set(),
  "rundir": {"atomic", "lock"},
  "arrays": {"memory", "rundir"},
  "results": {"rundir"},
  "networks": set(),
  "metrics": {"arrays", "progress", "registration", "results", "rundir"},
  "data": {
    "arrays", "config", "lock", "memory", "progress", "registration", "rundir",
  },
  "methods": {"data", "networks"},
  "train": {
    "arrays", "data", "methods", "processes", "progress", "rundir", "stopping",
    "trackers",
  },
  "config": {"registration"},
  "schema": set(),
  "checks": {
    "config", "data", "memory", "methods", "metrics", "networks", "schema",
    "train",
  },
  "session": {"data", "processes", "rundir", "stopping"},
  "runs": {
    "checks", "data", "hub", "methods", "networks", "report", "rundir",
    "schema", "train",
  },
  "report": {
    "arrays", "data", "metrics", "progress", "registration", "results",
    "rundir",
  },
  "measuring": {"metrics", "progress"},
  "downstream": {"methods", "metrics", "runs"},
  "encoding": {"checks", "data", "measuring", "methods", "metrics", "runs"},
  "codes": {"arrays", "encoding", "measuring", "processes", "rundir", "runs"},
  "evaluate": {
    "checks", "codes", "encoding", "measuring", "metrics", "processes",
    "progress", "registration", "report", "results", "rundir", "runs",
    "session",
  },
  "studies": {
    "arrays", "checks", "data", "evaluate", "metrics", "progress",
    "registration", "report", "results", "rundir", "runs", "schema", "session",
    "stopping", "train",
  },
  "study": {"progress", "registration", "report", "session", "studies"},
  "show": {"registration", "report", "runs", "session"},
  "rotate": {"metrics", "registration", "rundir"},
  "main": {
    "checks", "config", "data", "evaluate", "processes", "progress",
    "registration", "report", "results", "runs", "session", "trackers", "train",
  },
}  # fmt: skip


def imported(path):
  """Rooms of the package that a file imports."""
  rooms = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
      names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
      continue
    for name in names:
      package, _, rest = name.partition(".")
      if package == "dvae_jax" and rest.split(".")[0] in ROOMS:
        rooms.add(rest.split(".")[0])
  return rooms


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room):
  file = PACKAGE / f"{room}.py"
  files = [file] if file.exists() else (PACKAGE / room).rglob("*.py")
  for path in files:
    breach = imported(path) - ALLOWED[room] - {room}
    assert not breach, f"{path.name} must not import {sorted(breach)}"


def test_nothing_imports_main():
  assert not any("main" in rooms for rooms in ALLOWED.values())
