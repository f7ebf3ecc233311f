"""Colours, sizes, the order of latents: what every figure shares."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import (
  LinearSegmentedColormap,
  LogNorm,
  Normalize,
  to_rgb,
)
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dvae_jax.metrics.udr import INFORMATIVE_KL

PAGE_WIDTH = 7.2  # inches: the text width of an A4 or letter page
NARROW_WIDTH = 3.6  # of every figure on a phone
HALF_WIDTH = NARROW_WIDTH  # of small figures
# The report puts what is no wider than the first beside PAGE_WIDTH, and below
# it what is as wide as the second; between them nothing stands well.
BESIDE_WIDTH, BELOW_WIDTH = 4.2, 5.3
PANEL_WIDTH = 1.7  # a panel has at least
DPI = 144

# Okabe & Ito 2008, without the yellow; vermillion, orange and sky blue are as
# much darker as gives each a contrast of 3 with white and with a dark page.
PALETTE = (
  "#0072B2",
  "#B84A00",
  "#009E73",
  "#CC79A7",
  "#C88600",
  "#3F9BDB",
  "#000000",
)
# The same for letters, which need a contrast of 4.5: on white, on a dark page.
LETTERS = (
  ("#0072B2", "#4D9ADE"),
  ("#B84A00", "#EB7020"),
  ("#00805A", "#00A87B"),
  ("#A95886", "#CE7BA9"),
  ("#9C6300", "#CA8800"),
  ("#0079AA", "#3F9BDB"),
  ("#000000", "#000000"),
)
INK = "#222222"  # and black: the colour of the page's text, in a page
TITLE: dict[str, Any] = {"fontsize": 9, "color": INK, "loc": "left"}
FAINT = "#888888"  # of axes and of what is in the background
ON_CELL = "#010101"  # on a pale colour, whatever the page's theme
# Captions of image grids, whose background is transparent: this grey has a
# contrast of at least 4 with white and with black.
CAPTION = "#7a7a7a"
# What a colour of letters (in small ones) is in a light and in a dark page.
THEMED = {pair[0].lower(): pair for pair in LETTERS[:6]} | {
  CAPTION: ("#5c6268", "#a3aab1")
}
# Of lines and points: from blue over purple to orange, the more the lighter,
# each with a contrast of 3 with white and with the report's dark background.
SHADES = LinearSegmentedColormap.from_list(
  "shades", ["#0072B2", "#7F62B0", "#B5589B", "#D8635F", "#DE7A10"]
)
INACTIVE_SHARE = 0.01  # of the largest spread: a latent with less is inactive


def new_figure(height: float, *, width: float = PAGE_WIDTH) -> Figure:
  """A figure of this many inches that lays itself out."""
  return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def framed(
  width: float, height: float, *, left=0.55, bottom=0.45, right=0.1, top=0.1
) -> tuple[Figure, Axes]:
  """A figure of one axes whose margins are known: no layout has to find them.

  Args:
    width: inches of the figure.
    height: inches of the axes.
    left: inches beside the axes, as the others are.
    bottom: and so on.
    right: 0.8 have room for `colour_bar`.
    top: 0.3 have room for a title.
  """
  whole = height + bottom + top
  figure = Figure(figsize=(width, whole), dpi=DPI)
  return figure, add_axes(figure, left, bottom, width - left - right, height)


def add_axes(figure: Figure, x, y, width, height) -> Axes:
  """Axes at a place in inches from the lower left corner."""
  inches = np.array([x, y, width, height])
  x, y, width, height = inches / np.tile(figure.get_size_inches(), 2)
  return figure.add_axes((x, y, width, height))


def colour_bar(
  figure: Figure,
  ax: Axes,
  image,
  label: str,
  *,
  down: float = 0,
  whole: bool = False,
) -> None:
  """A bar on the right of a `framed` axes, or below it.

  Matplotlib's own costs as much as the rest of such a figure.

  Args:
    figure: with the axes.
    ax: the axes.
    image: whatever has the colours.
    label: what the colours are.
    down: inches below the axes; 0 for the right.
    whole: whether numbers are whole.
  """
  place = ax.get_position().bounds * np.tile(figure.get_size_inches(), 2)
  x, y, wide, high = place
  low, most = image.get_clim()
  if low == most:
    low, most = low - 0.5, most + 0.5
  colours = image.to_rgba(np.linspace(low, most, 256))[None]
  if down:
    bar = add_axes(figure, x + 0.1 * wide, y - down, 0.8 * wide, 0.08)
    extent, length = (low, most, 0, 1), 0.8 * wide
    axis: Axis = bar.xaxis
    bar.yaxis.set_visible(False)
  else:
    bar = add_axes(figure, x + wide + 0.1, y, 0.1, high)
    extent, length = (0, 1, low, most), high
    axis = bar.yaxis
    bar.xaxis.set_visible(False)
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    colours = colours.swapaxes(0, 1)[::-1]
  bar.imshow(colours, extent=extent, aspect="auto", interpolation="none")
  bar.spines[:].set_visible(False)
  few = MaxNLocator(4 if length > 1 else 3, steps=[1, 2, 5, 10], integer=whole)
  axis.set_major_locator(few)
  axis.set_tick_params(labelsize=7, length=2, color=FAINT, labelcolor=INK)
  axis.set_label_text(label, fontsize=8, color=INK)


def plain(ax: Axes, *, xlabel: str = "", ylabel: str = "", title: str = ""):
  """Thin axes with small labels, without a box."""
  ax.spines[["top", "right"]].set_visible(False)
  ax.spines[["bottom", "left"]].set_color(FAINT)
  ax.tick_params(labelsize=7.5, color=FAINT, labelcolor=INK)
  ax.ticklabel_format(useOffset=False)
  ax.locator_params(nbins=5)
  ax.set_xlabel(xlabel, fontsize=8.5, color=INK)
  ax.set_ylabel(ylabel, fontsize=8.5, color=INK)
  ax.set_title(title, **TITLE)
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


def cut(name: str, most: int = 24) -> str:
  """A name of so many letters at most: whoever has the data names its parts."""
  return name if len(name) <= most else name[: most - 1] + "…"


def on_cell(colour) -> str:
  """White or ON_CELL, whichever reads better on a colour.

  By the contrast of relative luminances (WCAG 2.2): white is 1.05 over the
  colour's plus 0.05, and equals that of black where the luminance is 0.18.
  """
  srgb = np.array(to_rgb(colour))
  linear = np.where(
    srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
  )
  return ON_CELL if linear @ [0.2126, 0.7152, 0.0722] > 0.18 else "white"


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
