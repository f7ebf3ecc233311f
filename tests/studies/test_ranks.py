"""Rank correlations, against SciPy's."""

import numpy as np
import pytest
from helpers import synthetic
from scipy import stats

from dvae_jax.studies import findings, ranks


@pytest.fixture(scope="module")
def table():
  return findings.table_of(synthetic.lanes())


def test_agreement_is_spearmans(table):
  names = ["mig", "sap", "reconstruction"]
  matrix, ends = ranks.agreement(table, names, samples=50)
  own = stats.spearmanr(table.scores["mig"], table.scores["sap"]).statistic
  assert matrix[0, 1] == pytest.approx(own)
  other = stats.spearmanr(table.scores["mig"], table.scores["reconstruction"])
  assert matrix[0, 2] == pytest.approx(-other.statistic)  # low is better
  assert (ends[0] <= matrix + 1e-9).all()
  assert (matrix <= ends[1] + 1e-9).all()


def test_samples_are_ranked_as_each_alone():
  rng = np.random.default_rng(0)
  columns = rng.normal(size=(3, 40)).round(1)  # some are equal
  rows = rng.integers(5, 25, (7, 30))
  found = ranks.spearman_of_samples(columns, rows)
  for sample, own in zip(rows, found, strict=True):
    wanted = stats.spearmanr(columns[:, sample], axis=1).statistic
    np.testing.assert_allclose(own, wanted, rtol=1e-12)
  columns[1, 7] = np.nan
  found = ranks.spearman_of_samples(columns, rows)
  for sample, own in zip(rows, found, strict=True):
    np.testing.assert_allclose(own, ranks.spearman(columns[:, sample]))


def test_missing_values_leave_their_lanes_out():
  rng = np.random.default_rng(0)
  columns = rng.normal(size=(3, 40))
  columns[1, :3] = np.nan
  columns[2, :5] = np.nan
  found = ranks.spearman(columns)
  own = stats.spearmanr(columns[0, 3:], columns[1, 3:]).statistic
  assert found[0, 1] == found[1, 0] == pytest.approx(own)
  assert np.isnan(found[0, 2])
  assert found[0, 0] == pytest.approx(1)
