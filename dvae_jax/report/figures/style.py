"""Colours, sizes and what every figure shares."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure

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
INACTIVE_KL = 0.01  # nats; Duan et al. 2020 (arXiv:1905.12614), section 4


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


def order_by_kl(kl) -> np.ndarray:
  """Latents from the largest KL to the smallest; NaN last. (D,) -> (D,)."""
  kl = np.asarray(kl, np.float64)
  return np.argsort(-np.where(np.isfinite(kl), kl, -np.inf), kind="stable")


def is_log(strengths) -> bool:
  """Whether positive numbers spread far enough for a logarithmic axis."""
  strengths = np.asarray(strengths, np.float64)
  return bool(strengths.min() > 0 and strengths.max() / strengths.min() > 5)


def strength_colours(strengths) -> tuple[list, ScalarMappable | None]:
  """One colour a lane: viridis over the swept number, or the palette.

  Args:
    strengths: (L,) the swept number of each lane, or None.

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
