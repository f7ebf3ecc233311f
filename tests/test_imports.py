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
  "__init__": {"runs"},
  "densities": set(),
  "layers": set(),
  "progress": set(),
  "sweep": set(),
  "checkpoint": set(),
  "pairs": set(),
  "convert": set(),
  "data": {"progress"},
  "metrics": {"progress"},
  "figures": set(),
  "objectives": {"densities"},
  "networks": {"layers"},
  "models": {"densities", "networks", "objectives"},
  "training": {"data", "densities", "models", "pairs", "sweep"},
  "runs": {"checkpoint", "data", "models", "sweep", "training"},
  "config": {
    "data", "densities", "metrics", "models", "networks", "objectives",
  },
  "loop": {
    "checkpoint", "data", "models", "progress", "runs", "sweep", "training",
  },
  "evaluate": {
    "config", "data", "densities", "metrics", "models", "pictures",
    "progress", "runs",
  },
  "pictures": {"figures"},
  "gallery": {"figures", "metrics", "records"},
  "report": {"figures", "gallery", "records"},
  "records": set(),
  "study": {"figures", "metrics", "records"},
  "show": {"figures", "pictures", "runs"},
  "main": {
    "config", "data", "evaluate", "loop", "models", "progress", "report",
    "runs", "sweep",
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
