"""Figures that are tables of images: reconstructions, traversals, samples."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dvae_jax.report.figures.images import opacity, shown, tile
from dvae_jax.report.figures.style import CAPTION, DPI, PAGE_WIDTH, Usage

SIZE = 7.5  # points of captions
LETTER = 0.062  # inches that one of their letters takes
EDGE = 0.05  # inches on the right and below
IMAGE_WIDTH = 0.44  # inches of a sample, at least


def _gap(width: int) -> int:
  """Pixels between images of this width: what looks the same at any size."""
  return max(1, width // 24)


def _table(images, *, alpha=1.0) -> np.ndarray:
  return tile(images, gap=_gap(images.shape[3]), alpha=alpha)


class _Box(NamedTuple):
  """Where a table is on its figure, and its pixel, in inches from below."""

  x: float
  y: float
  width: float
  height: float
  pixel: float


def _tables(
  tables, *, columns: int = 1, width: float, left=EDGE, top=EDGE, gutter=0
) -> tuple[Figure, Axes, list[_Box]]:
  """A figure of tables of images, whose axes are its inches.

  Args:
    tables: (H, W, 4) from `tile`, all of one size.
    columns: how many stand side by side.
    width: inches of the figure.
    left: inches for captions on the left.
    top: inches for captions on top of each table.
    gutter: pixels of a table between tables side by side.

  Returns:
    The figure, its axes, and where each table is.
  """
  high, wide = tables[0].shape[:2]
  pixel = (width - left - EDGE) / (columns * (wide + gutter) - gutter)
  row = high * pixel + top
  height = -(-len(tables) // columns) * row + EDGE
  figure = Figure(figsize=(width, height), dpi=DPI)
  figure.suppressComposite = True  # every table keeps its own pixels
  figure.patch.set_alpha(0)
  ax = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
  ax.set_axis_off()
  boxes = []
  for i, table in enumerate(tables):
    x = left + i % columns * (wide + gutter) * pixel
    y = height - (i // columns + 1) * row
    box = _Box(x, y, wide * pixel, high * pixel, pixel)
    ax.imshow(
      table, interpolation="none", aspect="auto",
      extent=(x, x + box.width, y, y + box.height),
    )  # fmt: skip
    boxes.append(box)
  return figure, ax, boxes


def _captions(ax: Axes, box: _Box, images, *, rows=(), columns=()) -> None:
  """Writes labels at the middles of a table's rows and columns.

  Args:
    ax: from `_tables`.
    box: of the table.
    images: (R, S, H, W, C) that it shows.
    rows: R texts, or none.
    columns: S texts, or none.
  """
  height, width = images.shape[2:4]
  gap = _gap(width)
  for i, text in enumerate(rows):
    down = (i * (height + gap) + height / 2) * box.pixel
    y = box.y + box.height - down
    _caption(ax, box.x - EDGE, y, text, ha="right", va="center")
  for i, text in enumerate(columns):
    across = (i * (width + gap) + width / 2) * box.pixel
    _caption(ax, box.x + across, box.y + box.height + EDGE, text)


def _caption(ax: Axes, x, y, text: str, *, ha="center", va="bottom") -> None:
  ax.text(x, y, text, ha=ha, va=va, size=SIZE, color=CAPTION)


def reconstructions(
  images,
  decoded,
  errors,
  *,
  groups=("best", "median", "worst"),
  width=PAGE_WIDTH,
) -> Figure:
  """Originals above their reconstructions, in groups by error.

  Args:
    images: (G, P, H, W, C).
    decoded: (G, P, H, W, C).
    errors: (G, P) nats per image.
    groups: G names.
    width: inches; groups stand side by side where it is the page's.
  """
  images, decoded = shown(images), shown(decoded)
  pairs = np.stack([images, decoded], axis=1)
  columns = len(pairs) if width == PAGE_WIDTH else 1
  figure, ax, boxes = _tables(
    [_table(pair) for pair in pairs],
    columns=columns,
    width=width,
    left=0.6,
    top=0.25,
    gutter=max(images.shape[3] // 3, 4),
  )
  found = zip(boxes, groups, np.asarray(errors), strict=True)
  for i, (box, name, error) in enumerate(found):
    title = f"{name}: {np.mean(error):.1f} nats"
    _caption(ax, box.x + box.width / 2, box.y + box.height + EDGE, title)
    rows = () if i % columns else ("image", "decoded")
    _captions(ax, box, pairs[0], rows=rows)
  return figure


def traversals(frames, use: Usage, values, *, width=PAGE_WIDTH) -> Figure:
  """One row a latent, sorted by use; inactive latents are dimmed.

  Higgins et al. 2017 (beta-VAE), figure 1; sorted as Burgess et al. 2018.

  Args:
    frames: (D, S, H, W, C): latent d set to its s-th value.
    use: of the D latents.
    values: (D, S) what each latent is set to, or (S,) for all of them.
    width: inches, at most.
  """
  frames = shown(frames)
  values = np.broadcast_to(values, frames.shape[:2])
  order = use.order()
  head = f"{use.name}, {use.unit}" if use.unit else use.name
  rows = [f"z{d}   {_number(use.amount[d], 2)}" for d in order]
  own = bool((values != values[0]).any())  # every latent has its own range
  if own:
    rows = [
      f"{row}\n{low:.2g} to {high:.2g}"
      for row, (low, high) in zip(rows, values[order][:, [0, -1]], strict=True)
    ]
  lines = [line for row in rows for line in row.split("\n")]
  left = 0.1 + LETTER * max(map(len, [head, *lines]))
  width = min(width, left + 0.62 * frames.shape[1])
  table = _table(frames[order], alpha=opacity(use)[:, None])
  figure, ax, (box,) = _tables([table], width=width, left=left, top=0.25)
  above = box.y + box.height + EDGE
  columns = [] if own else _few(values[0], box.width / frames.shape[1])
  _captions(ax, box, frames, rows=rows, columns=columns)
  _caption(ax, box.x - EDGE, above, head, ha="right")
  if own:
    _caption(ax, box.x, above, "lowest", ha="left")
    _caption(ax, box.x + box.width, above, "highest", ha="right")
  return figure


def _number(value: float, digits: int) -> str:
  """With so many digits after the point, unless it's too large for them."""
  return f"{value:.{digits}f}" if abs(value) < 1e5 else f"{value:.2g}"


def _few(values, room: float) -> list[str]:
  """Labels of values: from the middle as many as have room, in inches."""
  labels = [_number(value, 1) for value in values]
  every = int(np.ceil(LETTER * (max(map(len, labels)) + 0.5) / room))
  middle = len(labels) // 2
  return [
    "" if (i - middle) % every else label for i, label in enumerate(labels)
  ]


def samples(images, *, columns: int = 16, width=PAGE_WIDTH) -> Figure:
  """Images (B, H, W, C), such as decoded draws, in rows.

  Args:
    images: what is shown, but for the rest that doesn't fill a row.
    columns: as many in a row, where there is room.
    width: inches.
  """
  images = shown(images)
  columns = min(columns, len(images), int(width / IMAGE_WIDTH))
  whole = len(images) // columns * columns
  table = images[:whole].reshape(-1, columns, *images.shape[1:])
  return _tables([_table(table)], width=width)[0]


def interpolations(frames, *, width=PAGE_WIDTH) -> Figure:
  """Rows of decodings on the straight line between two codes.

  Args:
    frames: (P, S, H, W, C); the first and last of a row are the end points.
    width: inches.
  """
  frames = shown(frames)
  figure, ax, (box,) = _tables([_table(frames)], width=width, top=0.25)
  labels = [""] * frames.shape[1]
  labels[0], labels[-1] = "from", "to"
  _captions(ax, box, frames, columns=labels)
  return figure
