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
  parts = [found[name].value for name in ("method", "strength", "seed")]
  assert sum(parts) == pytest.approx(1)
  for part in found.values():
    assert part.low <= part.value <= part.high


def test_what_a_seed_shares_is_told_from_its_luck_in_one_setting():
  rng = np.random.default_rng(0)
  seeds = rng.normal(size=20)
  lanes = synthetic.lanes(seeds=20)[1:]
  for lane in lanes:
    lane["metrics"]["mig"] = seeds[lane["seed"]] + 0.1 * rng.normal()
    lane["metrics"]["sap"] = rng.normal()
  table = findings.table_of(lanes)
  found = findings.variance(table, "mig", samples=50)
  assert found["shared"].value > 0.98 * found["seed"].value
  alone = findings.variance(table, "sap", samples=50)
  # By chance it has the share of its 19 among all degrees of freedom.
  assert alone["shared"].value == pytest.approx(19 / 118, rel=0.5)


def test_data_sets_have_a_share_of_their_own():
  table = findings.table_of(synthetic.several_data_sets())
  found = findings.variance(table, "mig", samples=50)
  own = findings.explained(table.scores["mig"], table.data)
  assert found["data"].value == pytest.approx(own)
  parts = [part.value for name, part in found.items() if name != "shared"]
  assert sum(parts) == pytest.approx(1)


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


def test_two_sizes_of_a_data_set_are_two():
  found = synthetic.lanes(seeds=2)
  for i, lane in enumerate(found):
    lane["data"] = {"name": "dsprites", "num_images": 10 ** (3 + i % 2)}
  names = set(findings.table_of(found).data)
  assert names == {"dsprites, 1,000 images", "dsprites, 10,000 images"}
