"""Settings of two data sets, against counting by hand."""

import numpy as np
import pytest
from helpers import synthetic
from scipy import stats

from dvae_jax.studies import findings, transfer


def twice():
  """Six settings on two data sets, ranked the other way round on the second."""
  found = synthetic.lanes(scores=("mig",))
  for lane in found:
    lane["method"], lane["data"] = lane["run"], {"name": "discs"}
  other = synthetic.lanes(scores=("mig",), draw=6)
  for lane in other:
    lane["method"], lane["data"] = lane["run"], {"name": "bars"}
    lane["run"] = f"bars-{lane['run']}"
    lane["metrics"] = {n: -v for n, v in lane["metrics"].items()}
  return findings.table_of(found + other)


def test_transfer_is_of_settings_that_two_data_sets_share():
  table = twice()
  found = transfer.transfer(table, "mig", samples=50)
  assert set(found) == {("discs", "bars"), ("bars", "discs")}
  mean = {}
  for data, recipe in set(zip(table.data, table.recipe, strict=True)):
    mine = (table.data == data) & (table.recipe == recipe)
    own = mean.setdefault(str(data), {})
    own[recipe] = table.scores["mig"][mine].mean()
  discs, bars = mean["discs"], mean["bars"]
  best = max(discs, key=discs.get)
  own = found["discs", "bars"]
  assert own.settings == 6
  assert own.chosen.value == pytest.approx(bars[best])
  assert own.best.value == pytest.approx(max(bars.values()))
  assert own.at_random.value == pytest.approx(np.mean(list(bars.values())))
  names = sorted(discs)
  correlation = stats.spearmanr(
    [discs[n] for n in names], [bars[n] for n in names]
  ).statistic
  assert own.correlation.value == pytest.approx(correlation)
  assert correlation < 0
  assert own.correlation.low <= correlation + 1e-9
  assert own.correlation.high >= correlation - 1e-9


def test_one_data_set_transfers_to_nothing():
  table = findings.table_of(synthetic.lanes())
  assert transfer.transfer(table, "mig", samples=2) == {}


def test_a_setting_that_one_score_chooses_is_judged_by_the_other():
  lanes = synthetic.lanes(scores=("mig",))
  for lane in lanes:
    if lane["metrics"]:
      lane["metrics"]["d_lsbd"] = 1 - lane["metrics"]["mig"]  # low is better
      lane["metrics"]["sap"] = -lane["metrics"]["mig"]
  table = findings.table_of(lanes)
  names = ["mig", "d_lsbd", "sap"]
  found = transfer.between_scores(table, names, samples=20)
  assert len(found) == 6
  means = [own.value for own in findings.means(table, "mig").values()]
  agreed = found["mig", "d_lsbd"]
  assert agreed.correlation.value == pytest.approx(1)
  assert agreed.gain.value == pytest.approx(1)
  assert (
    agreed.chosen.value == agreed.best.value == pytest.approx(1 - max(means))
  )
  assert agreed.at_random.value == pytest.approx(1 - np.mean(means))
  against = found["mig", "sap"]
  assert against.correlation.value == pytest.approx(-1)
  assert against.chosen.value == pytest.approx(-max(means))
  assert against.gain.value == pytest.approx(
    (np.mean(means) - max(means)) / (np.mean(means) - min(means))
  )
