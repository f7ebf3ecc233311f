"""Figures of the latent space: how latents respond, and where codes are."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator

from dvae_jax.report.figures.seeds import legend
from dvae_jax.report.figures.style import (
  DPI,
  FAINT,
  HALF_WIDTH,
  INK,
  PAGE_WIDTH,
  PALETTE,
  SHADES,
  TITLE,
  Usage,
  add_axes,
  colour_bar,
  cut,
  framed,
  plain,
)

ROW, GAP = 0.9, 0.1  # inches of a row, and of them between two


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
  reach = np.nanpercentile(np.abs(codes), 99)
  names = [cut(factor_names[k], 18) for k in rest]
  if position:
    y, x = (factor_names[k] for k in position)
    names = [f"{x} →, {y} ↓", *names]
  maps = len(names) - len(rest)
  figure, axes, middles = _columns(
    latents, names, maps=maps, width=width, above=0.3 if split and rest else 0.1
  )
  if position:
    plane = mean_response(codes, factors, position)
    planes = plane[..., latents]
    image = _position_maps(axes[0], planes, middles, reach)
    colour_bar(figure, axes[0], image, "", down=0.33)
  for i, (ax, factor) in enumerate(zip(axes[maps:], rest, strict=True)):
    curves = mean_response(codes, factors, [*split, factor])
    curves = (curves if split else curves[None])[..., latents]
    lines = _curves(ax, curves, middles, reach, shape_names)
    _values(ax, middles, reach, named=i == 0)
  if split and rest:
    legend(figure, lines, columns=int(width / 0.9), loc="upper right")
  return figure


def _columns(latents, names, *, maps: int, width: float, above: float):
  """A figure with an axes for each factor, whose y are inches from below.

  Args:
    latents: of the rows.
    names: of the factors.
    maps: how many of them, the first ones, have no values on their left.
    width: inches, at most.
    above: inches above the axes.

  Returns:
    The figure, its axes, and the middle of each row in inches.
  """
  left, values = 0.42, 0.3  # inches
  columns = max(len(names), 1)
  width = min(width, HALF_WIDTH) if columns < 3 else width
  column = (width - left - values) / columns
  gap = min(0.1, 0.3 * column)
  wide = column - gap
  longest = max(map(len, names[maps:]), default=0)
  turned = column < 0.08 * longest
  below = max(0.42 + 0.2 * maps, 0.3 + 0.055 * longest * turned)
  high = ROW * len(latents)
  height = below + high + above
  figure = Figure(figsize=(width, height), dpi=DPI)
  for i, name in enumerate(names):
    x = left + i * column + values * (i >= maps)
    ax = plain(add_axes(figure, x, below, wide, high))
    ax.set_ylim(0, high)
    ax.spines.left.set_visible(False)
    label = ax.set_xlabel(name, fontsize=8.5 if i >= maps else 7.5)
    if turned and i >= maps:
      label.set(rotation=45, ha="right", rotation_mode="anchor")
  middles = high - ROW * (np.arange(len(latents)) + 0.5)
  for d, middle in zip(latents, middles, strict=True):
    x, y = (left - 0.08) / width, (below + middle) / height
    figure.text(x, y, f"z{d}", ha="right", va="center", size=9, color=INK)
  figure.supylabel("mean response", x=0.01, fontsize=8.5, color=INK)
  return figure, figure.axes, middles


def _position_maps(ax, planes, middles, reach):
  """The mean response over the image plane (H, W, rows), a map a row."""
  wide = ax.get_position().width * ax.get_figure().get_size_inches()[0]
  height, width = planes.shape[:2]
  scale = min((ROW - GAP) / height, wide / width)  # inches of a cell
  for plane, middle in zip(np.moveaxis(planes, -1, 0), middles, strict=True):
    y, x = 0.5 * scale * height, 0.5 * scale * width
    image = ax.imshow(
      plane, cmap="PuOr", vmin=-reach, vmax=reach, interpolation="none",
      extent=(wide / 2 - x, wide / 2 + x, middle - y, middle + y),
    )  # fmt: skip
  ax.set(xlim=(0, wide), ylim=(0, ROW * len(middles)), aspect="auto")
  ax.set_xticks([])
  ax.set_yticks([])
  ax.spines.bottom.set_visible(False)
  return image


def _curves(ax, curves, middles, reach, names) -> list[LineCollection]:
  """A line a shape in each row: (shapes, values, rows)."""
  places = np.arange(curves.shape[1])
  ax.hlines(middles, places[0], places[-1], color=FAINT, lw=0.6)
  for i, rows in enumerate(_inches(curves, reach)):
    lines = [
      np.column_stack([places, middle + row])
      for middle, row in zip(middles, rows.T, strict=True)
    ]
    label = names[i] if names else f"shape {i}"
    colour = PALETTE[i % len(PALETTE)]
    ax.add_collection(
      LineCollection(lines, colors=colour, linewidths=1.3, label=label)
    )
  margin = 0.02 * (places[-1] or 1)
  ax.set(xlim=(-margin, places[-1] + margin), ylim=(0, ROW * len(middles)))
  ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
  return ax.collections[1:]


def _inches(values, reach):
  """Responses as inches from the middle of a row; reach almost fills it."""
  return values * (ROW - GAP) / (2.2 * reach)


def _values(ax, middles, reach, *, named: bool) -> None:
  """Numbers on the left of each row, or none."""
  values = MaxNLocator(3).tick_values(-reach, reach) if named else np.zeros(0)
  values = values[np.abs(values) <= 1.1 * reach]
  ax.set_yticks(
    np.add.outer(middles, _inches(values, reach)).ravel(),
    [f"{value:g}" for value in values] * len(middles),
  )


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
  figure, ax = framed(width, width - 1.35, right=0.8, top=0.3 if title else 0.1)
  plain(ax, xlabel=names[0], ylabel=names[1], title=title)
  x, y = codes.T
  shades, low, high = _shades(values)
  points = ax.scatter(
    x, y, c=values, s=5, alpha=0.7, linewidths=0, clip_on=False,
    cmap=shades, vmin=low, vmax=high,
  )  # fmt: skip
  for radius in (1, 2) if prior else ():
    ax.add_patch(Circle((0, 0), radius, fill=False, ls=(0, (4, 3)), ec=FAINT))
  limits = limits or cloud_limits(codes, prior=prior)
  ax.set(xlim=limits, ylim=limits, aspect="equal")
  whole = np.asarray(values).dtype.kind in "iu"
  colour_bar(figure, ax, points, label, whole=whole)
  return figure


def _shades(values):
  """Colours of a factor's values, one each if they're few, and their limits."""
  values = np.asarray(values)
  if values.dtype.kind not in "iu" or not 1 <= np.ptp(values) < 12:
    return SHADES, None, None
  low, high = int(values.min()), int(values.max())
  return SHADES.resampled(high - low + 1), low - 0.5, high + 0.5


def cloud_history(
  figure: Figure, clouds, titles, *, dpi: float = DPI
) -> list[np.ndarray]:
  """Frames of one `posterior_cloud` whose points move.

  Axes, circles and colours stay: they are drawn once.

  Args:
    figure: the cloud with any of the titles; it is used up.
    clouds: (T, N, 2) its points.
    titles: T texts.
    dpi: pixels an inch.

  Returns:
    T frames (H, W, 3) uint8.
  """
  figure.set_dpi(dpi)
  ax = figure.axes[0]
  points, title = ax.collections[0], ax.set_title(titles[0], **TITLE)
  moving = [points, *ax.patches, title]
  for artist in moving:
    artist.set_animated(True)
  canvas = FigureCanvasAgg(figure)
  canvas.draw()
  still = canvas.copy_from_bbox(figure.bbox)
  frames = []
  for cloud, text in zip(clouds, titles, strict=True):
    canvas.restore_region(still)
    points.set_offsets(cloud)
    title.set_text(text)
    for artist in moving:
      ax.draw_artist(artist)
    frames.append(np.array(canvas.buffer_rgba())[..., :3])
  return frames


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
