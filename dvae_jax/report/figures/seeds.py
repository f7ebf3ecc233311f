"""Seeds told apart: a kind of dash or of point for each."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dvae_jax.report.figures.style import INK

DASHES = ("-", (0, (4, 1.6)), (0, (1, 1.2)), (0, (6, 1.4, 1, 1.4)))
POINTS = ("o", "s", "^", "D", "v", "P", "X", "*")


def by_seed(seeds, looks, number: int) -> list:
  """Of each lane the look of its seed, (L,).

  One seed, more than there are looks, or None: the first look for all.

  Args:
    seeds: (L,) or None.
    looks: DASHES or POINTS.
    number: L.
  """
  found = list(dict.fromkeys([] if seeds is None else seeds))
  if not 1 < len(found) <= len(looks):
    return [looks[0]] * number
  return [looks[found.index(seed)] for seed in seeds]


def scatter(ax: Axes, x, y, *, colours, seeds, **options) -> None:
  """Points of lanes (L,), a kind for each seed; as `Axes.scatter`."""
  looks = np.array(by_seed(seeds, POINTS, len(x)))
  colours = np.array(colours)
  for look in dict.fromkeys(looks):
    own = looks == look
    ax.scatter(x[own], y[own], c=colours[own], marker=look, lw=0, **options)


def handles(seeds, looks) -> list[Line2D]:
  """What a legend says of seeds; [] where they aren't told apart."""
  seeds = [] if seeds is None else list(seeds)
  found = dict(zip(seeds, by_seed(seeds, looks, len(seeds)), strict=True))
  if len(set(found.values())) < 2:
    return []
  lines = looks is DASHES
  return [
    Line2D(
      [],
      [],
      color=INK,
      lw=1.1,
      ls=look if lines else "none",
      marker="none" if lines else look,
      markersize=4,
      label=f"seed {seed}",
    )
    for seed, look in found.items()
  ]


def legend(
  figure: Figure, entries, *, columns: int, loc: Any = "outside upper right"
) -> None:
  """A legend of the whole figure, above its axes; none without entries."""
  if entries:
    figure.legend(
      handles=entries,
      loc=loc,
      ncols=min(columns, len(entries)),
      fontsize=7.5,
      frameon=False,
    )
