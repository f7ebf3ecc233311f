"""Several runs read together."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import fake_runs
from scipy.stats import sem, spearmanr

from dvae_jax.metrics.files import read_models
from dvae_jax.metrics.udr import rank
from dvae_jax.report import study


def make(
  folder, name, *, lanes=3, seeds=(0,), diverged=(), kind="gaussian", codes=True
):
  run = fake_runs.make_run(folder / name, lanes=lanes, seeds=seeds, kind=kind)
  fake_runs.write_run(run, diverged=diverged, codes=codes)
  return run.workdir


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs")
  return [
    make(folder, "a", lanes=2, seeds=(0, 1)),
    make(folder, "b", lanes=3, diverged=(1,)),
  ]


@pytest.fixture(scope="module")
def found(folders):
  return study.collect(folders)


def test_lanes_of_all_runs_are_in_one_table(found):
  assert found.lanes == [f"a/{i}" for i in range(4)] + [
    f"b/{i}" for i in range(3)
  ]
  assert found.settings[:3] == ["a beta 1", "a beta 1", "a beta 16"]
  np.testing.assert_allclose(found.scores["mig"][:4], [0.6, 0.55, 0.5, 0.45])


def test_diverged_lanes_have_no_score(found):
  for values in found.scores.values():
    assert np.isnan(values[5])


def test_means_have_standard_errors_over_seeds(found):
  mean, error, number = study.summarise(found)["a beta 1"]["mig"]
  np.testing.assert_allclose([mean, error], [0.575, sem([0.6, 0.55])])
  assert number == 2
  mean, error, number = study.summarise(found)["b beta 16"]["mig"]
  assert (mean, number) == (0.5, 1)
  assert np.isnan(error)


def test_selection_rates_what_each_criterion_chooses(found):
  rows = {row[0]: row[1:] for row in study.select(found, "mig")}
  # The fake runs' reconstruction is 40 + 3 lane: the least is lane 0's.
  assert rows["reconstruction"][:2] == ("a/0", 0.6)
  valid = np.isfinite(found.scores["mig"])
  expected = spearmanr(
    -found.scores["reconstruction"][valid], found.scores["mig"][valid]
  ).statistic
  np.testing.assert_allclose(rows["reconstruction"][2], expected)
  assert {"mig", "sap", "dci", "kl", "tc", "udr"} <= rows.keys()


def test_selection_knows_which_way_is_up(found):
  rows = {row[0]: row[1:] for row in study.select(found, "mig")}
  # The fakes' total correlation is .2 + .1 lane, their mig .6 - .05 lane: both
  # are best in lane 0, and turned the same way they agree.
  assert rows["total_correlation"] == ("a/0", 0.6, pytest.approx(1))
  assert rows["elbo"][0] == "a/0"
  assert not {"mi", "active_units", "dwkl"} & rows.keys()
  rows = study.select(found, "total_correlation")
  assert rows[0][2] == min(row[2] for row in rows) == 0.2
  assert dict((row[0], row[3]) for row in rows)["mig"] == pytest.approx(1)


@pytest.mark.parametrize(
  ("by", "rows"),
  [("mig", [("mig", "a/1", 0.5, 1), ("total_correlation", "a/2", 0.3, -0.5),
            ("elbo", "a/0", 0.1, -0.5)]),
   ("total_correlation", [("total_correlation", "a/2", 0.1, 1),
                          ("elbo", "a/0", 0.2, -0.5),
                          ("mig", "a/1", 0.3, -0.5)])],
)  # fmt: skip
def test_best_choice_comes_first(by, rows):
  scores = {
    "mig": np.array([0.1, 0.5, 0.3]),
    "total_correlation": np.array([0.2, 0.3, 0.1]),  # low is better
    "elbo": np.array([-3.0, -5.0, -9.0]),
    "active_units": np.array([3.0, 2.0, 1.0]),  # nobody says what is better
  }
  lanes = ["a/0", "a/1", "a/2"]
  # Ranks of worth: mig 1 3 2, total correlation 2 1 3, elbo 3 2 1.
  found = study.select(study.Study(lanes, ["a"] * 3, scores, []), by)
  assert found == [(*row[:3], pytest.approx(row[3])) for row in rows]


def test_udr_is_the_one_of_the_metrics_command(tmp_path, folders):
  found = study.collect(folders)
  models, _ = read_models(folders)
  values, _ = rank(models)
  assert [f"{Path(m.run).name}/{m.lane}" for m in models] == [
    name
    for name in found.lanes
    if name != "b/1"  # diverged
  ]
  np.testing.assert_array_equal(found.scores["udr"][[0, 1, 2, 3, 4, 6]], values)
  # Every beta has two seeds, over both runs; lane 1 of b diverged.
  np.testing.assert_array_equal(
    np.isnan(found.scores["udr"]), np.arange(7) == 5
  )
  for changes in ({"codes": False}, {"kind": "quantised"}):
    other = make(tmp_path, str(len(changes)) + str(changes), **changes)
    found = study.collect([folders[0], other])
    assert "udr" not in found.scores
    assert found.notes[0].startswith("Without udr: ")


def test_folders_of_one_name_are_other_settings(tmp_path):
  folders = [make(tmp_path / part, "same", lanes=1) for part in "xy"]
  found = study.collect([*folders, folders[0]])
  assert found.lanes == [f"{folder}/0" for folder in folders]
  assert len(set(found.settings)) == 2


def test_seeds_are_claimed_where_there_are_some(tmp_path, folders):
  one = study.collect([make(tmp_path, "one", lanes=2)])
  assert "seeds" not in study.markdown(one, "mig").partition("##")[0]
  text = study.markdown(study.collect(folders), "mig")
  assert "Means and standard errors over seeds." in text


def test_unknown_score_is_named(found):
  with pytest.raises(ValueError, match="--by: 'migg' found, one of"):
    study.select(found, "migg")


def test_run_without_results_is_named(tmp_path):
  folder = make(tmp_path, "young")
  (folder / "results.jsonl").unlink()
  with pytest.raises(ValueError, match="young: no results yet"):
    study.write([folder], tmp_path / "out")
  assert not (tmp_path / "out").exists()


def test_command_writes_tables_and_pictures(folders, tmp_path):
  done = subprocess.run(
    [
      *(sys.executable, "-m", "dvae_jax.study", "report", *map(str, folders)),
      *(f"--out={tmp_path}/out", "--by=sap"),
    ],
    capture_output=True,
    text=True,
    cwd=Path(__file__).parents[2],
    env=os.environ,
    check=True,
  )
  names = {path.name for path in (tmp_path / "out").iterdir()}
  assert names == {
    "agreement.png", "lanes.csv", "study.md", "violins_dci.completeness.png",
    "violins_dci.png", "violins_mig.png", "violins_sap.png",
  }  # fmt: skip
  text = (tmp_path / "out" / "study.md").read_text()
  assert "| a beta 1 | 2 | 0.575 ± 0.025 |" in text
  assert "rated by sap" in text
  assert done.stdout.strip() == text.strip()
  with open(tmp_path / "out" / "lanes.csv") as file:
    rows = list(csv.DictReader(file))
  assert [row["lane"] for row in rows][-1] == "b/2"
  assert float(rows[0]["mig"]) == 0.6
