"""Colours, sizes, the order of latents: what every figure shares."""

from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure

from dvae_jax.metrics.udr import INFORMATIVE_KL

PAGE_WIDTH = 7.2  # inches: the text width of an A4 or letter page
HALF_WIDTH = 4.2  # of small figures; the report puts them beside wide ones
NARROW_WIDTH = 3.6  # of every chart on a phone
PANEL_WIDTH = 1.7  # a panel has at least
DPI = 144

# Okabe & Ito 2008, without the yellow, which is too pale for lines on white.
PALETTE = (
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#000000",
)
INK = "#222222"  # and black: the colour of the page's text, in a page
ON_CELL = "#111111"  # on a pale colour, whatever the page's theme
# Captions of image grids, whose background is transparent: this grey has a
# contrast of at least 4 with white and with the report's dark background.
CAPTION = "#7a7a7a"
# Of lines and points: the ends of viridis are too dark for the report's dark
# background, and too pale for white.
SHADES = ListedColormap(list(colormaps["viridis"](np.linspace(0.3, 0.85, 256))))
INACTIVE_SHARE = 0.01  # of the largest spread: a latent with less is inactive


def new_figure(height: float, *, width: float = PAGE_WIDTH) -> Figure:
  """A figure of this many inches that lays itself out."""
  return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def plain(ax: Axes, *, xlabel: str = "", ylabel: str = "", title: str = ""):
  """Thin axes with small labels, without a box."""
  ax.spines[["top", "right"]].set_visible(False)
  ax.spines[["bottom", "left"]].set_color("#999999")
  ax.tick_params(labelsize=7.5, color="#999999", labelcolor=INK)
  ax.ticklabel_format(useOffset=False)
  ax.set_xlabel(xlabel, fontsize=8.5, color=INK)
  ax.set_ylabel(ylabel, fontsize=8.5, color=INK)
  ax.set_title(title, fontsize=9, color=INK, loc="left")
  return ax


def panels(
  count: int,
  *,
  columns: int = 3,
  height: float = 2.0,
  width: float = PAGE_WIDTH,
):
  """A figure of `count` equal panels in rows of at most `columns`.

  Args:
    count: how many.
    columns: as many, or four if they fill the rows, where the width has room.
    height: inches of a row; three quarters of it where the figure is narrow.
    width: inches of the figure; one panel takes HALF_WIDTH at most.

  Returns:
    The figure and the list of its axes.
  """
  columns = min(4 if count in (4, 8) else columns, count)
  columns = max(1, min(columns, int(width / PANEL_WIDTH)))
  rows = max(1, -(-count // columns))
  height *= 1 if width == PAGE_WIDTH else 0.75
  width = width if count > 1 else min(width, HALF_WIDTH)
  figure = new_figure(height * rows, width=width)
  axes = figure.subplots(rows, columns, squeeze=False).ravel()
  for ax in axes[count:]:
    ax.remove()
  return figure, list(axes[:count])


class Usage(NamedTuple):
  """How much a model uses each of its latents: pictures are sorted by it.

  Attributes:
    amount: (D,).
    name: "KL", or "spread" where the model has no KL.
    unit: "nats", or "" for the standard deviation of a latent's codes.
    least: a latent with no more than this is inactive.
  """

  amount: np.ndarray
  name: str
  unit: str
  least: float

  def order(self) -> np.ndarray:
    """Latents from the most to the least used; NaN last. (D,)."""
    return ranked(self.amount)

  def active(self) -> np.ndarray:
    """Whether each latent is used at all, (D,)."""
    return self.amount > self.least

  def text(self, latent: int) -> str:
    """ "2.31 nats", "inactive", or "spread 0.4"."""
    if not self.active()[latent]:
      return "inactive"
    if self.unit:
      return f"{self.amount[latent]:.2f} {self.unit}"
    return f"{self.name} {self.amount[latent]:.2g}"


def usage(kl, spread=None) -> Usage:
  """What tells how much the latents are used: the KL where there is one.

  Args:
    kl: (D,) nats, or None.
    spread: (D,) standard deviations of the latents' codes; read without a KL.
  """
  if kl is not None:
    return Usage(np.asarray(kl, np.float64), "KL", "nats", INFORMATIVE_KL)
  spread = np.asarray(spread, np.float64)
  least = INACTIVE_SHARE * np.nanmax(spread, initial=0.0)
  return Usage(spread, "spread", "", float(least))


def ranked(amount) -> np.ndarray:
  """Latents from the largest amount to the smallest; NaN last. (D,)."""
  amount = np.asarray(amount, np.float64)
  return np.argsort(
    -np.where(np.isfinite(amount), amount, -np.inf), kind="stable"
  )


def is_log(strengths) -> bool:
  """Whether positive numbers spread far enough for a logarithmic axis."""
  strengths = np.asarray(strengths, np.float64)
  return bool(strengths.min() > 0 and strengths.max() / strengths.min() > 5)


def strength_colours(strengths) -> tuple[list, ScalarMappable | None]:
  """One colour a lane: viridis over the swept number, or the palette.

  Args:
    strengths: (L,) the swept number of each lane.

  Returns:
    L colours of SHADES or the palette, and what a colour bar needs: None
    where there is no scale.
  """
  strengths = np.asarray(strengths, np.float64)
  if len(np.unique(strengths)) < 2 or not np.all(np.isfinite(strengths)):
    return [PALETTE[i % len(PALETTE)] for i in range(len(strengths))], None
  norm = (LogNorm if is_log(strengths) else Normalize)(
    strengths.min(), strengths.max()
  )
  return [SHADES(float(norm(s))) for s in strengths], ScalarMappable(
    norm, SHADES
  )
