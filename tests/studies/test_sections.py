"""Tables of sections, for people and for programs."""

import math

from dvae_jax.studies import sections
from dvae_jax.studies.findings import Interval

COLUMNS = {
  "run": ["a", "b"],
  "seeds": [3, 12],
  "median": [0.123456789, math.nan],
  "mig": [Interval(0.5, 0.25, 0.75), sections.NONE],
  "gain": [Interval(0.5, math.nan, math.nan), Interval(1.0, 1.0, 1.0)],
}


def test_people_read_an_interval_in_one_cell():
  assert sections.in_words(COLUMNS) == [
    ["run", "seeds", "median", "mig", "gain"],
    ["a", "3", "0.12", "0.50 (0.25 to 0.75)", "0.50"],
    ["b", "12", "", "", "1.00 (1.00 to 1.00)"],
  ]


def test_programs_read_it_in_three():
  head, *rows = sections.in_numbers(COLUMNS)
  assert head == [
    "run", "seeds", "median", "mig", "mig low", "mig high", "gain", "gain low",
    "gain high",
  ]  # fmt: skip
  assert rows == [
    ["a", "3", "0.123457", "0.5", "0.25", "0.75", "0.5", "", ""],
    ["b", "12", "", "", "", "", "1", "1", "1"],
  ]


def test_words_are_listed():
  assert sections.listed(["a"]) == "a"
  assert sections.listed(["a", "b", "c"]) == "a, b and c"
