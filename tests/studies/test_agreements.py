"""What may be chance is not counted as agreement."""

import re

import numpy as np
from helpers import synthetic

from dvae_jax.studies import agreements, findings, transfer


def test_a_gain_that_may_be_chance_is_not_beyond_it():
  lanes = synthetic.lanes(("a",), scores=("mig",))[1:]
  rng = np.random.default_rng(1)
  for lane in lanes:
    lane["metrics"] |= {n: float(rng.normal()) for n in ("sap", "modularity")}
  table = findings.table_of(lanes)
  found = transfer.between_scores(table, ["mig", "sap", "modularity"])
  gains = [own.gain for own in found.values()]
  sure = sum(gain.low > 0 for gain in gains)
  assert sure < sum(gain.value > 0 for gain in gains)
  text = agreements.scores(table, "mig").text
  assert re.search(rf"over 6 pairs, beyond chance in {sure} of them", text)


def test_scores_that_few_models_have_are_not_compared():
  lanes = synthetic.lanes(scores=("mig", "sap"))
  for lane in lanes[1:8]:
    lane["metrics"]["mcc"] = 0.5
  table = findings.table_of(lanes)
  assert agreements.agreement(table).tables["agreement"]["score"] == ["sap"]
  assert {
    name
    for title in ("chosen by", "judged by")
    for name in agreements.scores(table, "mig").tables["scores"][title]
  } == {"mig", "sap"}
