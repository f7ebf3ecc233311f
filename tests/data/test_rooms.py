"""Imports inside data go one way."""

import ast
from pathlib import Path

import pytest

import dvae_jax.data

DATA = Path(dvae_jax.data.__file__).parent
BASE = {"grids", "dataset"}
# What the modules of a room may import of data, their own room aside.
ALLOWED = {
  "grids": set(),
  "dataset": {"grids"},
  "formats": BASE,
  "sampling": BASE,
  "entries": BASE | {"formats"},
  "rendered": BASE | {"formats", "sampling"},
  "official": BASE | {"formats", "entries", "rendered"},
  "catalog": {"entries", "official", "rendered"},
  "sources": BASE | {"entries", "official", "sampling", "catalog"},
  "__init__": {"catalog", "dataset", "entries", "sources"},
  "__main__": BASE | {"catalog", "entries", "sources"},
}
# Slow, or of an extra: imported where they are needed.
LAZY = {"grain", "h5py", "sklearn", "tensorflow", "tensorflow_datasets"}


def imported(path, body=ast.walk):
  """Dotted names that a file imports."""
  for node in body(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_module_is_in_a_room():
  rooms = {p.stem for p in DATA.iterdir() if p.suffix == ".py" or p.is_dir()}
  assert rooms - {"__pycache__"} == set(ALLOWED)


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_go_one_way(room):
  file = DATA / f"{room}.py"
  paths = [file] if file.exists() else list((DATA / room).glob("*.py"))
  for path in paths:
    prefix = "dvae_jax.data."
    inside = [n for n in imported(path) if n.startswith(prefix)]
    used = {name.removeprefix(prefix).split(".")[0] for name in inside}
    breach = used - ALLOWED[room] - {room}
    assert not breach, f"{path.name} must not import {sorted(breach)}"


def test_slow_modules_are_imported_where_they_are_needed():
  for path in DATA.rglob("*.py"):
    if path.name == "streaming.py":  # imported where it is needed itself
      continue
    top = imported(path, body=ast.iter_child_nodes)
    eager = LAZY & {name.split(".")[0] for name in top}
    assert not eager, f"{path.name} imports {sorted(eager)} at once"
