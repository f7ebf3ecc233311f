"""The page of a study; its numbers are recomputed in test_recomputed."""

import re
import subprocess
import sys

import pytest
from helpers import synthetic

from dvae_jax.report import formats
from dvae_jax.studies import page
from dvae_jax.studies.results import Results

ABOUT = {"runs": {"a": {}, "b": {}}, "command": "<made up>", "versions": {}}
FIGURES = 9  # of a study of one data set, without downstream scores
LARGE = """
import resource, sys, time
sys.path[:0] = ["tests"]
from helpers import synthetic
from dvae_jax.studies import page
from dvae_jax.studies.results import Results
names = ("dci", "beta_vae", "factor_vae", "modularity")
lanes = synthetic.several_data_sets(7, "abcdef", 6, 50, more=names)
assert len(lanes) == 12_600
start = time.process_time()
about = {"runs": {}, "command": "", "versions": {}}
page.write(Results(lanes, {}, about), sys.argv[1])
print(time.process_time() - start)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  out = tmp_path_factory.mktemp("page")
  page.write(Results(synthetic.lanes(), {}, ABOUT), out)
  return out


def test_the_page_is_one_file_in_the_readers_theme(folder):
  html = (folder / "study.html").read_text()
  assert "&lt;made up&gt;" in html
  assert html.count("<svg") == html.count('role="img"') == 2 * FIGURES
  assert "#222222" not in html  # its text has the page's colour
  assert not re.search(r"(src|href)=\"(?!#|data:)", html)
  figures = [path.stem for path in folder.glob("*.svg")]
  assert len(figures) == FIGURES
  for name in figures:
    assert f'<h2 id="{name}">' in html
    assert f'href="#{name}"' in html


def test_charts_of_phones_are_as_wide_as_a_phone(folder):
  html = (folder / "study.html").read_text()
  charts = html.split('<div class="narrow">')[1:]
  assert len(charts) == FIGURES
  for chart in charts:
    chart = chart.partition("</svg>")[0]
    width = float(re.search(r'width="(\d+)"', chart)[1])
    assert width <= 390 - 2 * 16
    unit = float(re.search(r'viewBox="0 0 ([\d.]+) ', chart)[1]) / width
    sizes = [float(n) for n in re.findall(r"font-size: ([\d.]+)px", chart)]
    assert min(sizes) / unit >= 8


def test_every_table_is_a_file_and_on_the_page(folder):
  html = (folder / "study.html").read_text()
  tables = {path.stem for path in folder.glob("*.csv")} - {"lanes"}
  assert tables == set(re.findall(r"\((\w+)\.csv\)</summary>", html))
  for name in tables:
    rows = (folder / f"{name}.csv").read_text().count("\n") - 1
    assert f"Table, {rows} rows ({name}.csv)" in html


def test_what_a_study_lacks_is_left_out_or_said(tmp_path):
  lanes = synthetic.lanes(("a",), settings=1, seeds=2, scores=("mig",))
  page.write(Results(lanes[1:], {}, ABOUT), tmp_path)
  text = (tmp_path / "study.md").read_text()
  for sentence in (
    "Too few scores to compare.",
    "No run has several settings.",
    "No two runs share a data set and have two seeds each.",
    "There are no two scores that every model has, or no two settings.",
    "All runs share their data, or no two data sets share a setting.",
  ):
    assert sentence in text
  assert "Are draws" not in text
  assert "few labels?" not in text


def test_latex_is_escaped(folder):
  text = (folder / "settings.tex").read_text()
  assert r"mig $\uparrow$" in text
  assert text.count(r"\\") == 7
  assert formats.to_latex([["a_b"], ["c"]]).splitlines()[2] == r"a\_b \\"


def test_an_unknown_score_is_refused(tmp_path):
  with pytest.raises(ValueError, match=r"--by: 'x' found, one of \['mig'"):
    page.write(Results(synthetic.lanes(), {}, ABOUT), tmp_path, by="x")


@pytest.mark.slow
def test_a_large_study_takes_a_minute_and_two_gibibytes(tmp_path):
  command = [sys.executable, "-c", LARGE, str(tmp_path)]
  output = subprocess.run(command, check=True, capture_output=True, text=True)
  seconds, gibibytes = map(float, output.stdout.split())
  assert seconds < 60
  assert gibibytes < 2
  assert len(list(tmp_path.glob("*.svg"))) == 12
