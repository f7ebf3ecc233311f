"""The page of a study: every number follows from lanes.csv."""

import csv
import time

import numpy as np
import pytest
from helpers import synthetic

from dvae_jax.report import formats
from dvae_jax.studies import page
from dvae_jax.studies.results import Results

ABOUT = {"runs": {"a": {}, "b": {}}, "command": "<made up>", "versions": {}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  out = tmp_path_factory.mktemp("page")
  page.write(Results(synthetic.lanes(), {}, ABOUT), out)
  return out


def read(path):
  with path.open() as file:
    return list(csv.DictReader(file))


def number(text):
  return float(text.partition(" ")[0])


def test_tables_are_recomputed_from_the_lanes(folder):
  lanes = [row for row in read(folder / "lanes.csv") if row["mig"]]
  by = {}
  for row in lanes:
    by.setdefault((row["run"], row["setting"]), []).append(float(row["mig"]))
  for row in read(folder / "settings.csv"):
    own = by[row["run"], row["setting"]]
    assert number(row["mig ↑"]) == pytest.approx(np.mean(own), abs=0.005)
    assert int(row["seeds"]) == len(own)
  values = np.concatenate(list(by.values()))
  (mig,) = [r for r in read(folder / "variance.csv") if r["score"] == "mig"]
  rest = sum(len(own) * np.var(own) for own in by.values())
  wanted = rest / (len(values) * values.var())
  assert number(mig["seed"]) == pytest.approx(wanted, abs=0.005)
  for row in read(folder / "distributions.csv"):
    own = [v for (run, _), vs in by.items() if run == row["run"] for v in vs]
    assert float(row["median"]) == pytest.approx(np.median(own), abs=5e-4)
    assert int(row["lanes"]) == len(own)


def test_sentences_name_the_best(folder):
  text = (folder / "study.md").read_text()
  lanes = [row for row in read(folder / "lanes.csv") if row["mig"]]
  keys = {(row["run"], row["setting"]) for row in lanes}
  mean = lambda key: np.mean(
    [float(r["mig"]) for r in lanes if (r["run"], r["setting"]) == key]
  )
  best = max(keys, key=mean)
  assert f"of {best[0]} at {best[1]};" in text
  assert f"best mean mig is {mean(best):.2f} (" in text
  html = (folder / "study.html").read_text()
  assert "&lt;made up&gt;" in html
  assert "1 models" in " ".join(html.split())
  assert html.count("<svg") == html.count('role="img"') == 5
  assert "#222222" not in html  # its text has the page's colour


def test_transfer_has_a_row_a_pair_of_data_sets(tmp_path):
  lanes = []
  for name in ("discs", "bars"):
    for lane in synthetic.lanes():
      data = {"data": {"name": name}, "method": lane["run"]}
      lanes.append(lane | data | {"run": f"{name}-{lane['run']}"})
  page.write(Results(lanes, {}, ABOUT), tmp_path)
  rows = read(tmp_path / "transfer.csv")
  assert [(r["here"], r["there"]) for r in rows] == [
    ("discs", "bars"),
    ("bars", "discs"),
  ]
  for row in rows:  # the same lanes twice
    assert number(row["rank correlation"]) == 1
    assert row["of the best there"] == row["mig ↑ there of the best here"]


def test_latex_is_escaped(folder):
  text = (folder / "settings.tex").read_text()
  assert r"mig $\uparrow$" in text
  assert text.count(r"\\") == 7
  assert formats.to_latex([["a_b"], ["c"]]).splitlines()[2] == r"a\_b \\"


def test_an_unknown_score_is_refused(tmp_path):
  with pytest.raises(ValueError, match=r"--by: 'x' found, one of \['mig'"):
    page.write(Results(synthetic.lanes(), {}, ABOUT), tmp_path, by="x")


@pytest.mark.slow
def test_a_large_study_takes_a_minute(tmp_path):
  names = [f"data{d}-method{m}" for d in range(7) for m in range(6)]
  scores = ("mig", "sap", "dci", "beta_vae", "factor_vae", "modularity")
  lanes = synthetic.lanes(names, 6, 50, scores=scores)
  assert len(lanes) == 12_600
  start = time.process_time()
  page.write(Results(lanes, {}, ABOUT), tmp_path)
  assert time.process_time() - start < 60
