"""benchmarks.selection on studies whose best lanes are known."""

import numpy as np
import pytest

from benchmarks.selection import RANDOM, Choices, judge, sampled, summarise


def study(rating=(1.0, 3.0, 2.0, 0.0), **criteria):
  return Choices(
    np.array(["a", "a", "b", "b"]),
    np.array(rating),
    {name: np.array(values, float) for name, values in criteria.items()},
  )


def test_a_choice_is_judged_by_its_rating():
  found = judge(
    study(right=(0, 9, 1, 2), wrong=(0, 1, 9, 2), tied=(9, 9, 0, 0)),
    np.arange(4),
  )
  assert found["right"] == (1.0, 0.0)
  assert found["wrong"] == (0.0, 1.0)
  # Lanes 0 and 1 alike: half of the time the best, 3 - (1 + 3) / 2 away.
  assert found["tied"] == (0.5, 1.0)
  assert found[RANDOM] == (0.25, 1.5)


def test_lanes_without_the_criterion_are_never_chosen():
  found = judge(study(some=(np.nan, np.nan, 1, 2), none=[np.nan] * 4), range(4))
  assert found["some"] == (0.0, 3.0)
  assert np.isnan(found["none"]).all()


def test_the_best_is_that_of_the_lanes_drawn():
  assert judge(study(any=(1, 2, 3, 4)), np.array([2, 3]))["any"] == (0.0, 2.0)


def test_settings_are_drawn_with_all_their_seeds():
  rng = np.random.default_rng(0)
  drawn = {tuple(sampled(study(), rng)) for _ in range(100)}
  assert drawn == {(0, 1, 0, 1), (0, 1, 2, 3), (2, 3, 0, 1), (2, 3, 2, 3)}


def test_studies_are_averaged_and_sorted_by_regret():
  right, wrong = (0, 9, 1, 2), (9, 1, 1, 2)
  rows = summarise(
    [study(a=right, b=wrong), study(a=wrong)], np.random.default_rng(0)
  )
  found = {row["criterion"]: row for row in rows}
  assert (found["a"]["hits"], found["a"]["regret"]) == (0.5, 1.0)
  assert (found["b"]["hits"], found["b"]["regret"]) == (0.0, 2.0)
  assert (found["a"]["studies"], found["b"]["studies"]) == (2, 1)
  assert [row["criterion"] for row in rows] == ["a", RANDOM, "b"]
  low, high = found["a"]["regret_interval"]
  assert low == pytest.approx(0.0)
  assert 1.0 < high <= 2.0
