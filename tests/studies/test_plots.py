"""How figures of a study take the width they have."""

import numpy as np

from dvae_jax.studies import plots
from dvae_jax.studies.findings import Interval

NAMES = ["tripod at information 0.1, hessian 1", "b"]
FOUND = [Interval(0.5, 0.2, 0.6), Interval(-0.1, -0.3, 0.2)]


def columns(figure):
  return {ax.get_subplotspec().colspan.start for ax in figure.axes}


def test_panels_are_below_each_other_where_it_is_narrow():
  shown = {name: {"": FOUND} for name in ("a", "b", "c", "d")}
  assert columns(plots.dots(NAMES, shown, width=7.2)) == {0, 1, 2, 3}
  narrow = plots.dots(NAMES, shown, width=3.6)
  assert columns(narrow) == {0, 1}
  labels = [t.get_text() for t in narrow.axes[0].get_yticklabels()]
  assert labels == ["tripod at information\n0.1, hessian 1", "b"]
  points = {"a": (np.zeros(2), np.ones(2)), "b": (np.zeros(2), np.ones(2))}
  for width, places in ((7.2, {0, 1}), (3.6, {0})):
    figure = plots.clouds(points, FOUND, ("x", "y", "z"), width=width)
    assert columns(figure) == places


def test_an_interval_needs_not_hold_its_number():
  outside = [Interval(0.9, 0.2, 0.6), Interval(np.nan, np.nan, np.nan)]
  figure = plots.dots(NAMES, {"mig": {"": outside}}, width=3.6)
  (bars,) = figure.axes[0].collections
  np.testing.assert_array_equal(bars.get_segments()[0][:, 0], [0.2, 0.6])


def test_swept_numbers_are_the_ticks_and_their_names_the_label():
  own = plots.Panel(
    ["information 0.1, hessian 1", "information 0.1, hessian 2"],
    np.array([0, 1]),
    {"": np.array([0.1, 0.2])},
    {"": FOUND},
  )
  figure = plots.against_strength({"tripod": own}, "mig", width=3.6)
  (ax,) = figure.axes
  assert ax.get_xlabel() == "information, hessian"
  ticks = [t.get_text() for t in ax.get_xticklabels()]
  assert ticks == ["0.1\n1", "0.1\n2"]


def test_pairs_that_are_equal_are_never_told_apart():
  figure = plots.staircase(np.array([3.0, np.inf, 2.0]), 10, width=7.2)
  np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), [2, 3])
  assert figure.axes[0].get_ylabel() == "pairs told apart, of 3"
