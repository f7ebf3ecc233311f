"""Figures of the latent space: what each latent encodes, and where."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from dvae_jax.report.figures.style import (
  HALF_WIDTH,
  INK,
  ON_CELL,
  PAGE_WIDTH,
  PALETTE,
  SHADES,
  Usage,
  new_figure,
  plain,
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
  roomy = width > 1.4 + 0.2 * columns
  width = min(width, max(HALF_WIDTH, 1.4 + 0.28 * columns))
  figure = new_figure(0.5 + 0.3 * rows, width=width)
  ax = figure.add_subplot()
  image = ax.imshow(shown, cmap="viridis", vmin=0, vmax=1, aspect="auto")
  ax.set_xticks(range(columns), [f"z{d}" for d in order])
  ax.set_yticks(range(rows), factor_names)
  ax.tick_params(length=0, labelsize=8, labelcolor=INK)
  for (k, d), value in np.ndenumerate(shown):
    colour = ON_CELL if value > 0.55 else "white"
    text = f"{value:.2f}".removeprefix("0") if roomy else ""
    ax.text(d, k, text, ha="center", va="center", color=colour, size=7)
  bar = figure.colorbar(image, ax=ax, fraction=0.04, pad=0.02)
  bar.ax.tick_params(labelsize=7)
  bar.set_label("normalised MI", fontsize=8)
  return figure


def mean_response(codes, factors, axes) -> np.ndarray:
  """Averages codes over all images that agree in some factors.

  Args:
    codes: (N, D).
    factors: (N, K) integers.
    axes: A columns of factors.

  Returns:
    (n_1, ..., n_A, D), n_a the number of values that factor a takes; NaN where
    no image has that combination.
  """
  codes, factors = np.asarray(codes, np.float64), np.asarray(factors)
  columns = [np.unique(factors[:, a], return_inverse=True)[1] for a in axes]
  sizes = [int(column.max()) + 1 for column in columns]
  index = np.ravel_multi_index(columns, sizes)
  cells = int(np.prod(sizes))
  count = np.bincount(index, minlength=cells)
  total = np.stack(
    [np.bincount(index, column, minlength=cells) for column in codes.T], -1
  )
  with np.errstate(invalid="ignore"):
    return (total / count[:, None]).reshape(*sizes, codes.shape[1])


def _roles(factor_names, factors):
  """Which factors are the position, the one that splits curves, the rest."""
  names = {name.lower(): i for i, name in enumerate(factor_names)}
  varying = [i for i, column in enumerate(factors.T) if np.ptp(column) > 0]
  position = [names[n] for n in ("posy", "posx") if names.get(n) in varying]
  split = [names[n] for n in ("shape",) if names.get(n) in varying]
  if len(position) != 2:
    position = []
  rest = [i for i in varying if i not in position + split]
  return position, split, rest


def unit_selectivity(
  codes,
  factors,
  factor_names,
  use: Usage,
  *,
  shape_names=None,
  width=PAGE_WIDTH,
) -> Figure:
  """Mean response of each active latent to each factor.

  Higgins et al. 2016 (arXiv:1606.05579), figure 3: the mean over the position
  plane as a heat map, curves over scale, rotation and any other factor with one
  line a shape. Position is posX and posY where those factors exist.

  Args:
    codes: (N, D), such as posterior means.
    factors: (N, K) integers.
    factor_names: K names.
    use: of the D latents, one of them active; inactive ones are left out.
    shape_names: names of the shape factor's values.
    width: inches.
  """
  codes, factors = np.asarray(codes), np.asarray(factors)
  position, split, rest = _roles(factor_names, factors)
  latents = [d for d in use.order() if use.active()[d]]
  columns = len(rest) + bool(position)
  figure = new_figure(0.3 + 0.95 * len(latents), width=width)
  axes = figure.subplots(len(latents), max(columns, 1), squeeze=False)
  reach = np.nanpercentile(np.abs(codes), 99)
  if position:
    plane = mean_response(codes, factors, position)
    for row, d in enumerate(latents):
      _position_map(axes[row, 0], plane[..., d], reach, factor_names, position)
  for column, factor in enumerate(rest, start=bool(position)):
    curves = mean_response(codes, factors, [*split, factor])
    curves = curves if split else curves[None]
    for row, d in enumerate(latents):
      _curves(axes[row, column], curves[..., d], reach, shape_names)
      axes[row, column].tick_params(
        labelleft=column == bool(position), labelbottom=d == latents[-1]
      )
    name = axes[-1, column].set_xlabel(factor_names[factor], fontsize=8.5)
    if width < 0.9 * columns:
      name.set(rotation=45, ha="right", rotation_mode="anchor")
  for row, d in enumerate(latents):
    name = axes[row, 0].set_ylabel(f"z{d}", fontsize=9, color=INK)
    name.set(rotation=0, ha="right")
  if split and rest:
    handles = axes[0, -1].get_lines()[1:]
    figure.legend(
      handles=handles,
      loc="outside upper right",
      ncols=min(len(handles), int(width / 0.9)),
      fontsize=7.5,
      frameon=False,
    )
  return figure


def _position_map(ax, plane, reach, names, position) -> None:
  """The mean response over the image plane, on a diverging scale."""
  ax.imshow(plane, cmap="PuOr", vmin=-reach, vmax=reach, aspect="equal")
  ax.set_xticks([])
  ax.set_yticks([])
  ax.set_xlabel(f"{names[position[1]]} →, {names[position[0]]} ↓", fontsize=7.5)


def _curves(ax, curves, reach, names) -> None:
  """One line a shape: (shapes, values)."""
  plain(ax)
  ax.axhline(0, color=INK, alpha=0.2, lw=0.8)
  for i, curve in enumerate(curves):
    label = names[i] if names else f"shape {i}"
    ax.plot(curve, color=PALETTE[i % len(PALETTE)], lw=1.3, label=label)
  ax.set_ylim(-1.1 * reach, 1.1 * reach)
  ax.margins(x=0.02)


def posterior_cloud(
  codes,
  values,
  *,
  label: str,
  names=("z0", "z1"),
  title: str = "",
  limits: tuple[float, float] | None = None,
  prior: bool = True,
  width=HALF_WIDTH,
) -> Figure:
  """Codes in a plane, coloured by a factor, and the standard normal prior.

  The prior's circles hold 1 and 2 of its standard deviations.

  Args:
    codes: (N, 2), such as posterior means.
    values: (N,) the factor that colours the points.
    label: its name.
    names: the plane's two axes.
    title: such as the training step.
    limits: where both axes begin and end; None takes it from the codes.
    prior: whether there is one, so that its circles are drawn.
    width: inches.
  """
  codes = np.asarray(codes)
  figure = new_figure(3.5 * width / HALF_WIDTH, width=width)
  ax = plain(
    figure.add_subplot(), xlabel=names[0], ylabel=names[1], title=title
  )
  points = ax.scatter(
    *codes.T, c=values, s=5, cmap=SHADES, alpha=0.7, linewidths=0, clip_on=False
  )
  for radius in (1, 2) if prior else ():
    ax.add_patch(
      Circle((0, 0), radius, fill=False, ls=(0, (4, 3)), ec="#777777")
    )
  limits = limits or cloud_limits(codes, prior=prior)
  ax.set(xlim=limits, ylim=limits, aspect="equal")
  _colour_bar(figure, points, ax, label)
  return figure


def cloud_limits(codes, *, prior: bool = True) -> tuple[float, float]:
  """Where the axes of clouds begin and end, so that all codes are inside.

  Args:
    codes: (..., 2).
    prior: whether its circles have to be inside too, in the middle.
  """
  low, high = float(np.nanmin(codes)), float(np.nanmax(codes))
  if prior:
    reach = max(3.6, 1.05 * max(-low, high))
    return -reach, reach
  margin = 0.05 * (high - low) or 1.0
  return low - margin, high + margin


def _colour_bar(figure, points, ax, label) -> None:
  bar = figure.colorbar(points, ax=ax, fraction=0.04, pad=0.03)
  bar.ax.tick_params(labelsize=7)
  bar.set_label(label, fontsize=8)
  bar.solids.set_alpha(1)
