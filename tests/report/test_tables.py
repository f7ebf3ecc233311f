"""The best lane, the headline and the table know which way is up."""

import numpy as np
import pytest
from helpers import fake_runs

from dvae_jax.report import records, tables


def record_of(folder, *, seeds=(0,), lanes=3, diverged=(), **scores):
  run = fake_runs.make_run(folder, lanes=lanes, seeds=seeds)
  fake_runs.write_run(run, codes=False, diverged=diverged)
  record = records.read(folder)
  if not scores:
    return record
  return record._replace(
    scores={name: np.array(values, float) for name, values in scores.items()}
  )


@pytest.mark.parametrize(
  ("name", "order"),
  [("mig", [1, 2, 0]), ("total_correlation", [0, 2, 1]), ("elbo", [1, 2, 0]),
   ("reconstruction", [0, 2, 1]), ("unknown", [0, 1, 2])],
)  # fmt: skip
def test_lanes_are_ranked_by_the_better_side(tmp_path, name, order):
  record = record_of(tmp_path, **{name: [0.1, 0.9, 0.5]})
  assert tables.best_lanes(record) == order


def test_diverged_lanes_come_last(tmp_path):
  record = record_of(tmp_path, diverged=(0,))
  assert tables.best_lanes(record) == [1, 2, 0]
  assert tables.best_lanes(record._replace(scores={})) == [1, 2, 0]


def test_headline_is_the_best_settings_mean_over_its_seeds(tmp_path):
  record = record_of(tmp_path, lanes=2, seeds=(0, 1), mig=[0.9, 0.1, 0.6, 0.5])
  assert tables.headline_facts(record) == [
    ("best mig ↑", "0.550 ± 0.050"),  # half of .6 - .5
    ("at", "beta 16"),
    ("over", "2 seeds, ± standard error"),
  ]


def test_headline_of_one_seed_claims_no_interval(tmp_path):
  record = record_of(tmp_path, lanes=2, total_correlation=[0.3, 0.2])
  assert tables.headline_facts(record) == [
    ("best total_correlation ↓", "0.200"),
    ("at", "beta 16"),
    ("over", "one seed"),
  ]


def test_one_setting_is_not_called_the_best(tmp_path):
  record = record_of(tmp_path, lanes=1, seeds=(0, 1), mig=[0.3, 0.5])
  assert tables.headline_facts(record) == [
    ("mig ↑", "0.400 ± 0.100"),
    ("over", "2 seeds, ± standard error"),
  ]
  assert tables.headline_facts(record._replace(scores={})) == []


def test_table_has_settings_scores_loss_terms_and_the_rest(tmp_path):
  found = tables.lanes(record_of(tmp_path, diverged=(1,)))
  titles = [column["title"] for column in found["columns"]]
  assert titles == [
    "lane", "seed", "beta", "mig ↑", "sap ↑", "dci ↑", "total_correlation ↓",
    "reconstruction ↓", "kl ↓", "elbo ↑", "active_units", "mi", "tc ↓", "dwkl",
    "dci.completeness ↑",
  ]  # fmt: skip
  groups = [column["group"] for column in found["columns"]]
  assert groups == [""] * 3 + ["scores"] * 4 + ["loss-terms"] * 7 + ["details"]
  first, second, third = found["rows"]
  column = titles.index("mig ↑")
  cells = [row[column] for row in (first, second, third)]
  assert [cell["text"] for cell in cells] == ["0.600", "–", "0.500"]
  assert [cell["value"] for cell in cells] == ["0.6", "", "0.5"]
  assert cells[0]["share"] == 1.0
  np.testing.assert_allclose(cells[2]["share"], 0.5 / 0.6)
  assert second[0]["warning"] == "diverged at step 600"


def test_the_last_words_are_a_row_a_setting(tmp_path):
  record = record_of(
    tmp_path, lanes=2, seeds=(0, 1), reconstruction=[9, 8, 5, 7],
    mig=[0.9, 0.1, 0.6, 0.5], dci=[0.1] * 4, sap=[np.nan] * 4,
  )  # fmt: skip
  # Means of two, and half of their difference; sap has no value at all.
  assert tables.summary_rows(record) == [
    ["setting", "seeds", "mig ↑", "dci ↑", "reconstruction ↓"],
    ["beta 1", "2", "0.500 ± 0.400", "0.100 ± 0.000", "8.500 ± 0.500"],
    ["beta 16", "2", "0.550 ± 0.050", "0.100 ± 0.000", "6.000 ± 1.000"],
  ]


def test_the_last_words_name_a_few_scores(tmp_path):
  names = ("mig", "sap", "dci", "irs", "modularity", "udr")
  record = record_of(tmp_path, lanes=1, **{n: [0.5] for n in names})
  (head, row) = tables.summary_rows(record)
  assert len(head) == 2 + tables.SUMMARISED
  assert row[:3] == ["all lanes", "1", "0.500"]


def test_the_best_so_far_is_of_lanes_that_have_a_score():
  def line(lane, value, diverged_at=-1):
    scores = {"total_correlation": value}
    return {"lane": lane, "metrics": scores, "diverged_at": diverged_at}

  lines = [line(0, 0.5), line(1, 0.25), line(2, 0.1, 7), line(3, None)]
  assert tables.best_in_words(lines) == "best total_correlation 0.25 (lane 1)"
  assert tables.best_in_words(lines[2:]) == ""
  assert tables.best_in_words([]) == ""
