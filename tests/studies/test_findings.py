"""What a study says, against other people's code and counting by hand."""

import math

import numpy as np
import pytest
from helpers import synthetic
from scipy import stats

from dvae_jax.studies import findings


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


def test_diverged_lanes_are_left_out(table):
  assert len(table.run) == 2 * 3 * 6 - 1
  assert table.place.max() == 2
  assert len(set(table.group)) == 6


def test_bootstrap_samples_keep_settings_sizes(table):
  for rows in findings.resampled(table, samples=5):
    counts = np.bincount(table.group[rows])
    np.testing.assert_array_equal(counts, np.bincount(table.group))
    assert len(set(rows)) < len(rows)
  first = [next(findings.resampled(table, seed=s)) for s in (0, 0, 1)]
  assert (first[0] == first[1]).all()
  assert (first[0] != first[2]).any()


def test_intervals_over_seeds_are_those_of_a_difference_of_means():
  rng = np.random.default_rng(0)
  a, b = rng.normal(3.0, 1.0, 40), rng.normal(0.0, 2.0, 12)
  gap = lambda a, b: a.mean() - b.mean()
  found = findings.over_seeds(gap, a, b)
  assert found.value == gap(a, b)
  # A mean of n draws with replacement has the variance of its group over n.
  error = np.sqrt(a.var() / len(a) + b.var() / len(b))
  expected = stats.norm.interval(0.95, gap(a, b), error)
  # 2.5% quantiles of 1,000 samples: standard error 0.08 of their deviation.
  np.testing.assert_allclose(found[1:], expected, atol=0.25 * error)


def test_means_and_their_intervals(table):
  found = findings.means(table, "mig")
  for key, values in groups(table).items():
    value, low, high = found[key]
    assert value == pytest.approx(np.mean(values))
    error = np.std(values) / math.sqrt(len(values))
    assert value - low == pytest.approx(1.96 * error, rel=0.35)
    assert high - value == pytest.approx(1.96 * error, rel=0.35)


def test_variance_explained_is_that_of_an_analysis_of_variance(table):
  found = findings.variance(table, "mig", samples=50)
  values = table.scores["mig"]
  total = values.var() * len(values)
  within = {"method": 0.0, "strength": 0.0}
  for run in ("a", "b"):
    own = values[table.run == run]
    within["method"] += own.var() * len(own)
  for own in groups(table).values():
    within["strength"] += np.var(own) * len(own)
  assert found["method"].value == pytest.approx(1 - within["method"] / total)
  assert found["seed"].value == pytest.approx(within["strength"] / total)
  assert sum(part.value for part in found.values()) == pytest.approx(1)
  for part in found.values():
    assert part.low <= part.value <= part.high


def test_intervals_of_shares_hold_those_of_many_seeds():
  many = findings.table_of(synthetic.lanes(seeds=4000))
  truth = findings.variance(many, "mig", samples=2)
  held = []
  for draw in range(30):
    some = findings.table_of(synthetic.lanes(seeds=10, draw=draw))
    found = findings.variance(some, "mig", samples=100)
    held.append([found[n].low < truth[n].value < found[n].high for n in truth])
  assert np.mean(held) > 0.8


def test_variance_of_a_constant_score_is_none():
  assert math.isnan(findings.explained(np.ones(4), np.array(list("aabb"))))
  values = np.array([0.0, 0.0, 1.0, 1.0])
  assert findings.explained(values, np.array(list("aabb"))) == 1
  assert findings.explained(values, np.array(list("abab"))) == 0


def test_agreement_is_spearmans(table):
  names = ["mig", "sap", "reconstruction"]
  matrix, ends = findings.agreement(table, names, samples=50)
  own = stats.spearmanr(table.scores["mig"], table.scores["sap"]).statistic
  assert matrix[0, 1] == pytest.approx(own)
  other = stats.spearmanr(table.scores["mig"], table.scores["reconstruction"])
  assert matrix[0, 2] == pytest.approx(-other.statistic)  # low is better
  assert (ends[0] <= matrix + 1e-9).all()
  assert (matrix <= ends[1] + 1e-9).all()


def test_missing_values_leave_their_lanes_out():
  rng = np.random.default_rng(0)
  columns = rng.normal(size=(3, 40))
  columns[1, :3] = np.nan
  columns[2, :5] = np.nan
  found = findings.spearman(columns)
  own = stats.spearmanr(columns[0, 3:], columns[1, 3:]).statistic
  assert found[0, 1] == found[1, 0] == pytest.approx(own)
  assert np.isnan(found[0, 2])
  assert found[0, 0] == pytest.approx(1)


def test_chance_of_best_favours_the_best(table):
  found = findings.chance_of_best(table, "mig", samples=200)
  assert sum(found.values()) == pytest.approx(1)
  means = {key: np.mean(values) for key, values in groups(table).items()}
  assert next(iter(found)) == max(means, key=means.get)
  low = findings.chance_of_best(table, "reconstruction", samples=200)
  sums = {k: np.mean(v) for k, v in groups(table, "reconstruction").items()}
  assert next(iter(low)) == min(sums, key=sums.get)


def test_two_sizes_of_a_data_set_are_two():
  found = synthetic.lanes(seeds=2)
  for i, lane in enumerate(found):
    lane["data"] = {"name": "dsprites", "num_images": 10 ** (3 + i % 2)}
  names = set(findings.table_of(found).data)
  assert names == {"dsprites, 1,000 images", "dsprites, 10,000 images"}


def test_choices_take_the_better_side(table):
  found = findings.choices(table, "mig", samples=20)
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
  number = int(findings.seeds_needed(a, b))
  tests = stats.ttest_ind(
    rng.normal(0, 1, (2000, number)), rng.normal(0.8, 1, (2000, number)), axis=1
  )
  assert np.mean(tests.pvalue < 0.05) == pytest.approx(0.8, abs=0.06)
  assert findings.seeds_needed(a, a) == math.inf
