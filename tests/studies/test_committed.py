"""The studies in results/ say what their own lanes and codes say."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

import dvae_jax
from benchmarks import results
from dvae_jax import studies
from dvae_jax.studies import findings

FOLDERS = sorted(
  path.parent
  for path in Path(__file__).parents[2].glob("results/*/lanes.jsonl")
)


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda path: path.name)
def folder(request):
  return request.param


@pytest.fixture(scope="module")
def study(folder):
  return dvae_jax.load_study(folder)


def test_there_are_studies():
  assert FOLDERS


def test_codes_have_the_scores_of_the_lanes(study):
  written = [lane["metrics"]["mig"] for lane in study.lanes]
  np.testing.assert_allclose(study.score("mig"), written, atol=0.005)
  alive = [mig for mig in written if mig]  # a collapsed lane has 0
  assert len(set(alive)) == len(alive) > 0.9 * len(written)


def test_tripods_tanh_saturates_as_the_readme_says():
  study = dvae_jax.load_study(results.ROOT / "results" / "modern")
  codes = study.codes["tripod"]["means"]
  ends = (abs(codes.astype(np.float64)) > 0.99).all(axis=(1, 2))
  text = (results.ROOT / "README.md").read_text()
  assert f"in {ends.sum()} of its {len(codes)} models every code is" in text


def test_the_page_follows_from_the_lanes(study, folder, tmp_path):
  studies.write(study, tmp_path)
  kept = {path.name for path in (folder / "report").iterdir()}
  assert {path.name for path in tmp_path.iterdir()} <= kept
  for path in tmp_path.iterdir():
    if path.suffix in (".csv", ".md", ".tex"):
      assert path.read_text() == (folder / "report" / path.name).read_text()


def test_readme_says_what_udr_chose():
  root = Path(__file__).parents[2]
  with (root / "results/laptop/report/choices.csv").open() as file:
    found = {row["criterion"]: row for row in csv.DictReader(file)}
  said = (root / "README.md").read_text()

  def interval(criterion, title):
    ends = ("", " low", " high")
    return [float(found[criterion][title + end]) for end in ends]

  words = {n: "{:.2f} ({:.2f} to {:.2f})".format(*interval(n, "mig ↑"))
           for n in ("udr", "best")}  # fmt: skip
  assert f"ranks first has MIG {words['udr']};" in said
  assert f"the best has {words['best']}, one at random" in said
  runs = [
    title for title in list(found["udr"])[7:] if f"{title} low" in found["udr"]
  ]
  for criterion in results.CRITERIA:
    above = [
      run
      for run in runs
      if interval(criterion, run)[1] > interval("at random", run)[2]
    ]
    assert f"`{criterion}` for {len(above)}" in said


def test_readme_says_how_the_second_training_ranked_the_settings():
  folder = results.ROOT / "results" / "laptop"
  orders = []
  for name in ("lanes.jsonl", "earlier.jsonl"):
    lines = [json.loads(x) for x in (folder / name).read_text().splitlines()]
    assert len(lines) == 360
    mig = {}
    for line in lines:
      key = line["run"], line["setting"]
      mig.setdefault(key, []).append(line["metrics"]["mig"])
    orders.append([np.mean(mig[key]) for key in sorted(mig)])
  found = spearmanr(*orders).statistic
  said = (results.ROOT / "README.md").read_text()
  assert f"rank correlation between the two is {found:.2f} (" in said


def test_the_results_page_and_the_readme_follow_from_the_studies():
  every = results.everything()
  assert results.PAGE.read_text() == results.page(results.tables(), every)
  assert results.README.read_text() == results.readme(every)


def test_a_method_stands_at_its_best_setting(study):
  table = findings.table_of(study.lanes)
  for row in results.rows(table):
    own = table.run == row.run
    means = {
      s: table.scores["mig"][own & (table.setting == s)].mean()
      for s in set(table.setting[own])
    }
    assert row.setting == max(means, key=means.get)
    assert row.scores["mig"].value == pytest.approx(max(means.values()))
