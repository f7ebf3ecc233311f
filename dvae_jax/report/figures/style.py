"""Colours, sizes, the order of latents: what every figure shares."""

from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure

from dvae_jax.metrics.udr import INFORMATIVE_KL

PAGE_WIDTH = 7.2  # inches: the text width of an A4 or letter page
HALF_WIDTH = 4.2  # of small figures; the report puts them beside wide ones
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
INK = "#222222"
# Captions of image grids, whose background is transparent: this grey has a
# contrast of at least 4 with white and with the report's dark background.
CAPTION = "#7a7a7a"
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


def panels(count: int, *, columns: int = 3, height: float = 2.0):
  """A figure of `count` equal panels in rows of `columns`.

  Returns:
    The figure and the list of its axes.
  """
  columns = max(1, min(4 if count in (4, 8) else columns, count))
  rows = max(1, -(-count // columns))
  figure = new_figure(
    height * rows, width=PAGE_WIDTH if count > 1 else HALF_WIDTH
  )
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
    L colours, and what a colour bar needs: None where there is no scale.
  """
  viridis: Colormap = colormaps["viridis"]
  strengths = np.asarray(strengths, np.float64)
  if len(np.unique(strengths)) < 2 or not np.all(np.isfinite(strengths)):
    return [PALETTE[i % len(PALETTE)] for i in range(len(strengths))], None
  norm = (LogNorm if is_log(strengths) else Normalize)(
    strengths.min(), strengths.max()
  )
  # The last fifth of viridis is too pale for lines on white.
  shades = [viridis(0.85 * float(norm(s))) for s in strengths]
  cut = viridis.resampled(256)(np.linspace(0, 0.85, 256))
  cmap = ListedColormap(list(cut))
  return shades, ScalarMappable(norm, cmap)
