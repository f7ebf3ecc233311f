"""Every notebook runs from top to end, and holds no outputs in git."""

import ast
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "colab").glob("*.ipynb"))
IDS = [path.stem for path in NOTEBOOKS]
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)


def code_cells(path):
  notebook = nbformat.read(path, 4)
  return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.slow  # minutes: they train
@pytest.mark.parametrize("path", NOTEBOOKS, ids=IDS)
def test_runs_from_top_to_end(path, tmp_path, monkeypatch):
  # `!python` in a cell is this Python; the package is the one tested.

  monkeypatch.setenv(
    "PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}"
  )
  monkeypatch.setenv("PYTHONPATH", str(ROOT))
  notebook = nbformat.read(path, 4)
  NotebookClient(
    notebook,
    timeout=1800,
    kernel_name="python3",
    resources={"metadata": {"path": str(tmp_path)}},
  ).execute()
  cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
  texts = [out.get("text", "") for cell in cells for out in cell.outputs]
  for words in ("error:", "Traceback", "os.fork", "Warning", "\x1b"):
    assert not [text for text in texts if words in text]
  # A bar is one output that is renewed, one for each of a run's three parts,
  # and one for reading a folder of images.
  bars = [
    sum("<progress" in out.get("data", {}).get("text/html", "") for out in outs)
    for outs in (cell.outputs for cell in cells)
  ]
  assert 1 <= max(bars) <= 4


@each
def test_holds_no_outputs(path):
  for cell in code_cells(path):
    assert cell.outputs == []
    assert cell.execution_count is None


@each
def test_defines_no_functions_and_no_classes(path):
  for cell in code_cells(path):
    if cell.source.startswith("%%writefile"):
      continue
    tree = ast.parse(TransformerManager().transform_cell(cell.source))
    for node in ast.walk(tree):
      assert not isinstance(node, ast.FunctionDef | ast.ClassDef)


@each
def test_points_at_no_place_that_may_not_exist(path):
  text = path.read_text()
  assert "github.com" not in text
  for target in re.findall(r"\]\((\.\./[^)#]+)", text):
    assert (path.parent / target).exists(), target


@each
@pytest.mark.parametrize(
  ("has_gpu", "has_tpu", "extras"),
  [
    (False, False, "[notebook]"),
    (True, False, "[notebook,cuda12]"),
    (False, True, "[notebook,tpu]"),
  ],
)
def test_first_cell_installs_for_the_runtime(
  path, monkeypatch, has_gpu, has_tpu, extras
):
  monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
  monkeypatch.setattr("shutil.which", lambda name: "/" if has_gpu else None)
  monkeypatch.setattr("os.path.exists", lambda name: has_tpu)
  monkeypatch.delenv("TPU_NAME", raising=False)
  monkeypatch.setenv("DVAE_JAX_SOURCE", "git+file:///clone")
  typed = []
  shell = SimpleNamespace(
    run_line_magic=lambda name, line: typed.append((name, line))
  )
  source = TransformerManager().transform_cell(code_cells(path)[0].source)
  names = {"get_ipython": lambda: shell}
  exec(source, names)
  ((magic, line),) = typed
  assert magic == "pip"
  # IPython fills the names in when the magic runs.
  assert line == 'install -q "dvae_jax[{extras}] @ {SOURCE}"'
  assert f"[{names['extras']}]" == extras
  assert names["SOURCE"] == "git+file:///clone"


@each
def test_first_cell_says_what_it_needs_to_install(path, monkeypatch):
  monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
  monkeypatch.delenv("DVAE_JAX_SOURCE", raising=False)
  source = TransformerManager().transform_cell(code_cells(path)[0].source)
  with pytest.raises(SystemExit, match="DVAE_JAX_SOURCE: none found"):
    exec(source, {})
