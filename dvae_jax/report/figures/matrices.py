"""Heat maps: a number in each cell that has room for it."""

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import rankdata

from dvae_jax.report.figures.style import (
  BELOW_WIDTH,
  BESIDE_WIDTH,
  HALF_WIDTH,
  INK,
  PAGE_WIDTH,
  Usage,
  colour_bar,
  cut,
  framed,
  on_cell,
)


def factor_matrix(
  information, factor_names, use: Usage, *, width=PAGE_WIDTH
) -> Figure:
  """Heat map of I(z_d; v_k) / H(v_k), latents sorted by use.

  Args:
    information: (K, D) normalised mutual information in [0, 1].
    factor_names: K names.
    use: of the D latents.
    width: inches, at most; numbers are left out where cells have no room.
  """
  order = use.order()
  shown = np.asarray(information)[:, order]
  rows, columns = shown.shape
  names = [cut(name) for name in factor_names]
  left = 0.12 + 0.065 * max(map(len, names))
  wanted = left + 0.25 * columns + 0.8
  if wanted > BESIDE_WIDTH:
    wanted = max(wanted, BELOW_WIDTH)
  width = min(width, max(HALF_WIDTH, wanted))
  figure, ax = framed(width, 0.3 * rows, left=left, right=0.8)
  roomy = width - left - 0.8 > 0.19 * columns
  image = ax.imshow(
    shown, cmap="viridis", vmin=0, vmax=1, aspect="auto", interpolation="none"
  )
  ax.set_xticks(range(columns), [f"z{d}" for d in order])
  ax.set_yticks(range(rows), names)
  ax.spines[:].set_visible(False)
  ax.tick_params(length=0, labelsize=8, labelcolor=INK)
  ax.set_xlabel(f"latent, by {use.name}", fontsize=8.5, color=INK)
  if roomy:
    _write_cells(ax, image, 2)
  colour_bar(figure, ax, image, "normalised MI")
  return figure


def agreement(
  matrix,
  names,
  *,
  label: str = "rank correlation",
  axes=("", ""),
  width=PAGE_WIDTH,
) -> Figure:
  """Heat map of what metrics have to do with each other, such as correlations.

  Locatello et al. 2019 (arXiv:1811.12359), figure 2.

  Args:
    matrix: (M, M) in [-1, 1]; what lies outside has the colour of the end.
    names: M metrics.
    label: what the numbers are.
    axes: what columns and rows are, where they differ.
    width: inches, at most; where cells have little room numbers have one digit,
      and where they have none there are no numbers.
  """
  matrix = np.asarray(matrix, np.float64)
  names = [cut(name) for name in names]
  words = 0.12 + 0.065 * max(map(len, names))  # inches of the names
  left = words + 0.25 * bool(axes[1])
  bottom = 0.72 * words + 0.1 + 0.25 * bool(axes[0])
  down = 0.0  # of the colour bar: on the right while that leaves room
  if (width - left - 0.8) / len(names) < 0.26:
    down = bottom + 0.05
    bottom += 0.5
  right = 0.1 if down else 0.8
  cell = min((width - left - right) / len(names), 0.42)
  digits = 2 if cell > 0.26 else 1 if cell > 0.15 else 0
  side = cell * len(names)
  figure, ax = framed(
    left + side + right, side, left=left, bottom=bottom, right=right
  )
  image = ax.imshow(matrix, cmap="PuOr", vmin=-1, vmax=1, interpolation="none")
  ax.set_xticks(
    range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor"
  )
  ax.set_yticks(range(len(names)), names)
  ax.set_xlabel(axes[0], fontsize=8.5, color=INK)
  ax.set_ylabel(axes[1], fontsize=8.5, color=INK)
  ax.spines[:].set_visible(False)
  ax.tick_params(length=0, labelsize=8, labelcolor=INK)
  if digits:
    _write_cells(ax, image, digits)
  colour_bar(figure, ax, image, label, down=down)
  return figure


def _write_cells(ax, image, digits: int) -> None:
  """Writes each finite number of a heat map into its cell."""
  numbers = np.ma.filled(image.get_array(), np.nan)
  colours = image.to_rgba(numbers)
  for (row, column), value in np.ndenumerate(numbers):
    if not np.isfinite(value):
      continue
    ax.text(
      column, row, _short(round(value, digits), digits),
      ha="center", va="center", size=6.5,
      color=on_cell(colours[row, column, :3]),
    )  # fmt: skip


def _short(value: float, digits: int) -> str:
  """A number as a cell has room for it: ".53", "-1", "-1.4"."""
  if abs(value) > 1:
    return f"{value:.1f}"
  text = f"{value + 0.0:.{digits}f}"  # no -0.00
  return text.partition(".")[0] if abs(value) == 1 else text.replace("0.", ".")


def rank_correlations(scores: dict[str, np.ndarray]) -> np.ndarray:
  """Spearman's correlation between scores of the same lanes.

  Lanes where either score is missing are left out of a pair.

  Args:
    scores: M names -> (L,), NaN where missing.

  Returns:
    (M, M); NaN where fewer than three lanes are left or a score is constant.
  """
  columns = list(scores.values())
  matrix = np.full((len(columns), len(columns)), np.nan)
  for i, a in enumerate(columns):
    for j, b in enumerate(columns):
      both = np.isfinite(a) & np.isfinite(b)
      x, y = rankdata(a[both]), rankdata(b[both])
      if both.sum() > 2 and np.ptp(x) > 0 and np.ptp(y) > 0:
        matrix[i, j] = np.corrcoef(x, y)[0, 1]
  return matrix
