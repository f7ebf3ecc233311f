"""Means over seeds, drawn where they belong."""

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.studies import charts
from dvae_jax.studies.findings import over_seeds


def test_means_and_their_intervals_stand_where_they_belong():
  groups = {0.5: np.array([1.0, 2.0, 6.0]), 10.0: np.array([4.0])}
  ax = Figure().subplots()
  charts.draw_means(ax, groups, colour="k", label="a")
  *seeds, means = ax.lines
  np.testing.assert_array_equal(means.get_xydata(), [[0, 3], [1, 4]])
  np.testing.assert_array_equal(seeds[0].get_ydata(), [1, 2, 6])
  assert [t.get_text() for t in ax.get_xticklabels()] == ["0.5", "10"]
  bars = ax.collections[0].get_segments()
  found = over_seeds(np.mean, groups[0.5])
  np.testing.assert_allclose(bars[0][:, 1], [found.low, found.high])
  np.testing.assert_allclose(bars[1], [[1, 4], [1, 4]])


def test_places_may_be_given():
  ax = Figure().subplots()
  charts.draw_means(
    ax, {"few": [1.0], "many": [2.0]}, places=[3, 9], colour="k"
  )
  np.testing.assert_array_equal(ax.lines[-1].get_xdata(), [3, 9])
