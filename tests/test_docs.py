"""The documentation: a section a method and score, and a site without holes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dvae_jax.methods import OBJECTIVES
from dvae_jax.metrics import METRICS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


def sections(page):
  return re.split(r"^## ", (DOCS / page).read_text(), flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_method_has_its_formula_and_its_trouble(name):
  own = [s for s in sections("methods.md") if f'objective = "{name}"' in s]
  assert len(own) == 1
  assert "$$" in own[0]
  assert "**Known trouble.**" in own[0]


@pytest.mark.parametrize("name", METRICS)
def test_every_score_has_its_formula_and_its_mistakes(name):
  own = [s for s in sections("scores.md") if s.startswith(f"`{name}`\n")]
  assert len(own) == 1
  assert "$$" in own[0]
  assert "**Known mistakes.**" in own[0]
  better = "Higher" if METRICS[name].better == "high" else "Lower"
  assert re.search(rf"{better}\s+is\s+better", own[0])


@pytest.mark.parametrize(
  "page", sorted(DOCS.glob("*.md")), ids=lambda path: path.name
)
def test_links_of_the_files_lead_somewhere(page):
  for target in LINK.findall(page.read_text()):
    assert (page.parent / target).exists(), target


def test_the_site_is_built_without_a_warning(tmp_path):
  pytest.importorskip("mkdocs")
  pytest.importorskip("mkdocstrings")
  result = subprocess.run(
    [sys.executable, "-m", "mkdocs", "build", "--strict", f"-d{tmp_path}"],
    capture_output=True,
    text=True,
    cwd=ROOT,
    env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
  )
  assert result.returncode == 0, result.stderr
  api = (tmp_path / "api" / "index.html").read_text()
  assert "Trains all lanes to the last step" in api
  gallery = (tmp_path / "gallery" / "index.html").read_text()
  claims = (DOCS / "claims.md").read_text()
  assert gallery.count("<img") == claims.count("![") > 0
  # Formulas are drawn without a request to anybody.
  for page in tmp_path.glob("*/index.html"):
    text = page.read_text()
    assert not re.search(r'<(script|link)[^>]*(src|href)="https?:', text), page
    assert 'class="arithmatex"' not in text
  scores = (tmp_path / "scores" / "index.html").read_text()
  assert scores.count("<math") >= len(METRICS)
  # What isn't on the site is in the repository.
  assert "../../colab" not in (tmp_path / "index.html").read_text()
