"""How code is cut: short functions, small modules, words for what is public."""

import ast
import io
import re
import statistics
import tokenize
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dvae_jax"
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FUNCTION, MEDIAN_FUNCTION, LONGEST_MODULE = 45, 10, 350
# A paper with its year, an identifier, a peer's code, or where the words stand.
SOURCE = re.compile(
  r"(19|20)\d\d|arXiv|doi|https?://|disentanglement_lib|scikit-learn|Keras"
  r"|convert\.|[Aa]s `"
)


def functions(path):
  """Every function of a file, with its lines, the docstring's aside."""
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.FunctionDef):
      lines = node.end_lineno - node.lineno + 1
      if ast.get_docstring(node):
        lines -= node.body[0].end_lineno - node.body[0].lineno + 1
      yield node, lines


def public(path):
  """Public functions of a file's top level."""
  body = ast.parse(path.read_text()).body
  return [
    node
    for node in body
    if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
  ]


def relative(path):
  return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_functions_and_modules_are_short(path):
  long = {f.name: n for f, n in functions(path) if n > LONGEST_FUNCTION}
  assert not long
  assert len(path.read_text().splitlines()) <= LONGEST_MODULE


def test_half_of_the_functions_are_shorter_than_ten_lines():
  lengths = [n for path in MODULES for _, n in functions(path)]
  assert statistics.median(lengths) < MEDIAN_FUNCTION


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_public_functions_say_what_they_do(path):
  assert not [f.name for f in public(path) if not ast.get_docstring(f)]


# What is no formula, but plumbing around them.
PLUMBING = {
  "methods": {"build", "models", "convert", "objective"},
  "metrics": {"__init__", "__main__", "files", "checks", "sampling"},
}


@pytest.mark.parametrize("room", PLUMBING)
def test_formulas_name_their_source(room):
  nameless = [
    f"{path.stem}.{function.name}"
    for path in sorted((PACKAGE / room).glob("*.py"))
    if path.stem not in PLUMBING[room]
    for function in public(path)
    if not SOURCE.search(ast.get_docstring(function) or "")
  ]
  assert not nameless


def code_lines(path):
  """How many lines hold code: no blank, comment or docstring."""
  text, held = path.read_text(), set()
  empty = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT}
  for token in tokenize.generate_tokens(io.StringIO(text).readline):
    if token.string.strip() and token.type not in empty:
      held |= set(range(token.start[0], token.end[0] + 1))
  documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
  for node in ast.walk(ast.parse(text)):
    if isinstance(node, documented) and ast.get_docstring(node):
      words = node.body[0]
      held -= set(range(words.lineno, words.end_lineno + 1))
  return len(held)


def test_strangers_files_are_as_long_as_architecture_says():
  root = PACKAGE.parent
  text = (root / "ARCHITECTURE.md").read_text()
  written = {n: int(k) for n, k in re.findall(r"\| `(\w+)` \| (\d+) \|", text)}
  files = (root / "tests" / "strangers").glob("*.py")
  counted = {path.stem: code_lines(path) for path in files}
  assert len(written) == 7
  assert written.items() <= counted.items()
