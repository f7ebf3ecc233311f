"""The KL of each latent over training."""

import textwrap

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from dvae_jax.metrics.udr import INFORMATIVE_KL
from dvae_jax.report.figures.style import (
  FAINT,
  INK,
  LETTERS,
  PAGE_WIDTH,
  PALETTE,
  panels,
  plain,
  ranked,
)


def kl_over_training(steps, kl, titles, *, width=PAGE_WIDTH) -> Figure:
  """KL of each latent over training, one panel a lane.

  Args:
    steps: (T,).
    kl: (L, T, D) nats.
    titles: L titles.
    width: inches.
  """
  kl = np.asarray(kl, np.float64)
  figure, axes = panels(len(kl), columns=3, height=1.4, width=width)
  top = np.nanmax(kl, initial=INFORMATIVE_KL)
  rows, columns = axes[0].get_gridspec().get_geometry()
  for i, (ax, lane, title) in enumerate(zip(axes, kl, titles, strict=True)):
    # A letter is about half as wide as it is high.
    letters = int(2 * 72 / 9 * figure.get_size_inches()[0] / columns)
    lines = textwrap.wrap(title, letters, max_lines=2, placeholder=" ...")
    plain(ax, title="\n".join(lines))
    ax.tick_params(
      labelleft=i % columns == 0, labelbottom=i + columns >= len(kl)
    )
    named = []
    for rank, d in enumerate(ranked(lane[-1])):
      informative = lane[-1, d] > INFORMATIVE_KL
      colour = PALETTE[rank % 6] if informative else FAINT
      ax.plot(steps, lane[:, d], color=colour, lw=1.1)
      if lane[-1, d] > 0.04 * top and rank < 8:
        named.append((f"z{d}", lane[-1, d], LETTERS[rank % 6][0]))
    ax.set_ylim(0, 1.05 * top)
    inches = 0.6 * figure.get_size_inches()[1] / rows  # of the axes, about
    _name_ends(ax, steps[-1], named, gap=0.1 / inches * top)
  figure.supxlabel("step", fontsize=8.5, color=INK)
  figure.supylabel("KL, nats", fontsize=8.5, color=INK)
  return figure


def _name_ends(ax, step, named, *, gap: float) -> None:
  """Writes names at the ends of lines, the highest first, apart by a gap.

  Args:
    ax: where.
    step: the last one.
    named: of each line its name, last value and colour.
    gap: the least distance of two names, in units of the values.
  """
  if not named:
    return
  apart = gap * np.arange(len(named))
  values = np.array([value for _, value, _ in named])
  # The nearest places, in least squares, that fall by a gap at every name.
  places = isotonic_regression(values + apart, increasing=False).x - apart
  for (name, _, colour), place in zip(named, places, strict=True):
    ax.annotate(
      name,
      (step, place),
      (3, 0),
      textcoords="offset points",
      va="center",
      fontsize=6.5,
      color=colour,
    )
