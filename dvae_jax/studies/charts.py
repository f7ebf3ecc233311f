"""What figures of several seeds share."""

import numpy as np
from matplotlib.axes import Axes

from dvae_jax.studies.findings import over_seeds


def draw_means(
  ax: Axes, groups, *, places=None, colour: str, label: str = "", style="o-"
) -> None:
  """Draws the mean of each group of lanes, its 95% interval, and every lane.

  Args:
    ax: where.
    groups: number or name -> (M,) values of its seeds.
    places: (G,) where on the x-axis; None is side by side, under their names.
    colour: of all of it.
    label: for the legend.
    style: Matplotlib's format of the means.
  """
  if places is None:
    places = range(len(groups))
    names = [f"{k:g}" if isinstance(k, float) else str(k) for k in groups]
    ax.set_xticks(places, names)
  for place, own in zip(places, groups.values(), strict=True):
    ax.plot([place] * len(own), own, ".", color=colour, alpha=0.3, ms=3)
  means = [over_seeds(np.mean, own) for own in groups.values()]
  ends = np.transpose([(m.value - m.low, m.high - m.value) for m in means])
  values = [m.value for m in means]
  ax.errorbar(
    places, values, ends, fmt=style, color=colour, ms=3, lw=1, label=label
  )
