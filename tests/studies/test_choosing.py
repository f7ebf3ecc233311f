"""Choices of lanes and settings, and the seeds that tell them apart."""

import math

import numpy as np
import pytest
from helpers import synthetic
from scipy import stats

from dvae_jax.studies import choosing, findings


@pytest.fixture(scope="module")
def table():
  return findings.table_of(synthetic.lanes())


def groups(table, score="mig"):
  found = {}
  for run, setting, value in zip(
    table.run, table.setting, table.scores[score], strict=True
  ):
    found.setdefault((run, setting), []).append(value)
  return found


def test_chance_of_best_favours_the_best(table):
  found = choosing.chance_of_best(table, "mig", samples=200)
  assert sum(found.values()) == pytest.approx(1)
  means = {key: np.mean(values) for key, values in groups(table).items()}
  assert next(iter(found)) == max(means, key=means.get)
  low = choosing.chance_of_best(table, "reconstruction", samples=200)
  sums = {k: np.mean(v) for k, v in groups(table, "reconstruction").items()}
  assert next(iter(low)) == min(sums, key=sums.get)


def test_choices_take_the_better_side(table):
  found = choosing.choices(table, "mig", samples=20)
  mig = table.scores["mig"]
  assert found["best"][0].value == mig.max()
  assert found["at random"][0].value == pytest.approx(mig.mean())
  lane = table.scores["reconstruction"].argmin()
  assert found["reconstruction"][0].value == mig[lane]
  assert found["elbo"][0].value == mig[table.scores["elbo"].argmax()]
  assert "sap" not in found  # it needs labels


def test_seeds_needed_have_the_power_they_promise():
  rng = np.random.default_rng(0)
  a, b = rng.normal(0, 1, 4000), rng.normal(0.8, 1, 4000)
  number = int(choosing.seeds_needed(a, b))
  tests = stats.ttest_ind(
    rng.normal(0, 1, (2000, number)), rng.normal(0.8, 1, (2000, number)), axis=1
  )
  assert np.mean(tests.pvalue < 0.05) == pytest.approx(0.8, abs=0.06)
  assert choosing.seeds_needed(a, a) == math.inf
