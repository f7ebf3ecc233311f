"""Draws: no row twice, no image in both parts, as often as it takes."""

import numpy as np
import pytest

from dvae_jax.metrics import METRICS, score
from dvae_jax.metrics.sampling import (
  ERROR,
  LEAST,
  MOST,
  draw_rows,
  number,
  part,
  repeat,
  split,
  train_rows,
)

COUNTS = {"num_train": 10_000, "num_test": 5_000}


def rng():
  return np.random.default_rng(0)


@pytest.mark.parametrize("rows", [3, 768, 11_520, 15_000, 40_000])
def test_no_row_is_in_both_parts_of_a_split(rows):
  numbers = np.arange(rows)[:, None]
  found = split(numbers, numbers, **COUNTS, rng=rng())
  both = np.concatenate([found.x, found.x_test])[:, 0]
  assert len(set(both)) == len(both) == min(rows, 15_000)
  assert len(found.x) == train_rows(min(rows, 15_000), 10_000, 5_000)
  np.testing.assert_array_equal(found.x, found.y)


def test_as_many_rows_are_fitted_on_as_the_test_can_spare():
  # A third for the test, or 1,000 rows where that is less.
  assert train_rows(768, 10_000, 5_000) == 512
  assert train_rows(6000, 10_000, 5_000) == 5000
  assert train_rows(11_520, 10_000, 5_000) == 10_000
  assert train_rows(15_000, 10_000, 5_000) == 10_000


def test_groups_of_a_small_table_have_no_image_in_common():
  train, test = part(900, **COUNTS, rng=rng())
  assert sorted([*train, *test]) == list(range(900))
  assert len(test) == 300
  rows = np.arange(15_000)
  for side in part(15_000, **COUNTS, rng=rng()):
    np.testing.assert_array_equal(rows[side], rows)


def test_rows_are_drawn_once_at_most():
  assert len(set(draw_rows(500, 100, rng()))) == 100
  np.testing.assert_array_equal(draw_rows(80, 100, rng()), np.arange(80))


def test_draws_are_repeated_until_their_mean_is_sharp():
  # Draws a distance of 0.016 on either side of 0.5 in turn: the error of n of
  # them is 0.016 / sqrt(n - 1) for even n, and 0.0048 for the first time at 12.
  for sd, expected in ((0.0, LEAST), (0.016, 12), (1.0, MOST)):
    drawn = []

    def once(sd=sd, drawn=drawn):
      drawn.append(0.5 + sd * (-1) ** len(drawn))
      return {"mig": drawn[-1], "other": 2 * drawn[-1]}

    values, draws = repeat(once)
    assert draws == len(drawn) == expected
    np.testing.assert_allclose(values["mig"], np.mean(drawn))
    np.testing.assert_allclose(values["other"], 2 * np.mean(drawn))
    np.testing.assert_allclose(
      values["mig_spread"], np.std(drawn, ddof=1) / np.sqrt(draws)
    )
    assert values["mig_spread"] <= ERROR or draws == MOST


STOCHASTIC = (
  "mig", "sap", "beta_vae", "factor_vae", "modularity", "explicitness", "irs",
  "mutual_info_score", "dci_fast", "infomec",
)  # fmt: skip


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_metric_that_draws_reports_its_spread_and_how_it_drew(name):
  generator = rng()
  factors = np.stack([generator.integers(s, size=12_000) for s in (3, 4)], 1)
  codes = factors + 0.5 * generator.normal(size=factors.shape)
  small = score(name, codes[:400], factors[:400], rng=rng())
  assert 0 <= small[f"{name}_spread"] < 0.05
  assert any(
    words in small["variant"]
    for words in ("without a common image", "all 400 rows")
  )
  if name in ("mig", "modularity", "irs", "mutual_info_score"):
    assert small[f"{name}_spread"] == 0  # nothing is left to draw
    large = score(name, codes, factors, rng=rng())
    assert 0 < large[f"{name}_spread"] <= ERROR
    assert large["variant"].startswith("dlib, mean of ")


@pytest.mark.parametrize("name", ["beta_vae", "factor_vae", "explicitness"])
def test_noise_of_few_images_is_not_scored_on_the_images_learnt_from(name):
  # Parts that share images share their noise, and noise then scores.
  generator = rng()
  factors = np.stack([generator.integers(s, size=300) for s in (3, 4, 5)], 1)
  codes = generator.normal(size=(300, 6))
  assert METRICS[name].better == "high"
  chance = 0.5 if name == "explicitness" else 1 / 3
  found = score(name, codes, factors, rng=rng())[name]
  assert abs(found - chance) < 0.15


@pytest.mark.parametrize(
  "column",
  [
    np.array([3, 1, 1, 7, 3]),
    np.array([-5, -5, -4, -3], np.int8),
    np.array([True, False, True]),
    np.array([0, 2**63 + 1, 2**63 + 1], np.uint64),
    np.array([-(2**62), 2**62, 0, 0]),
    np.array([2**40, 2**40 + 2, 2**40 + 2]),
    np.zeros(3, int),
  ],
)
def test_numbers_are_those_of_unique(column):
  expected = np.unique(column, return_inverse=True, return_counts=True)[1:]
  for found, wanted in zip(number(column), expected, strict=True):
    np.testing.assert_array_equal(found, wanted)
