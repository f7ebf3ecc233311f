"""What a strength does is said of a run where chance wouldn't do it."""

import numpy as np
from helpers import synthetic

from dvae_jax.studies import findings, ranks, strengths


def test_a_trend_that_may_be_chance_is_neither_up_nor_down():
  lanes = synthetic.lanes(("down", "unsure"), settings=4)[1:]
  rng = np.random.default_rng(3)
  for lane in lanes:
    beta, noise = lane["hparams"]["beta"], float(rng.normal())
    slope = {"down": -10.0, "unsure": -0.1}[lane["run"]]
    lane["metrics"]["tc"] = slope * beta + noise
    lane["metrics"]["total_correlation"] = -slope * beta - noise
  table = findings.table_of(lanes)
  unsure = table.rows(table.run == "unsure")
  found, ends = ranks.correlations(unsure, [unsure.place, unsure.scores["tc"]])
  assert found[0, 1] < 0 < ends[1, 0, 1]
  text = strengths.draws(table).text
  assert "that of draws falls in 1 and rises in 0," in text
  assert "that of means falls in 0 and rises in 1 (" in text


def test_a_study_without_total_correlations_has_no_such_section():
  assert strengths.draws(findings.table_of(synthetic.lanes())) is None


def test_runs_of_one_setting_are_left_out():
  lanes = synthetic.lanes(("a",)) + synthetic.lanes(("b",), settings=1)
  found = strengths.strengths(findings.table_of(lanes), "mig")
  assert set(found.tables["strengths"]["run"]) == {"a"}
  assert found.text.startswith("In 0 of 1 runs")
