"""dSprites, drawn on the device (Matthey et al. 2017, dsprites-dataset).

Every sprite is a closed outline. A pixel is white when its centre lies inside,
and positions move by 32/31 pixel, so in units of 1/31 pixel all pixel centres
lie on one integer lattice relative to the sprite's own centre. The table made
here holds, for each sprite and lattice row, where the row enters and leaves the
outline. Drawing an image is then a gather of 64 rows and integer comparisons:
exact, and the same on every platform.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset

NAMES = ("shape", "scale", "orientation", "posX", "posY")
SIZES = (3, 6, 40, 32, 32)
VALUES = (
  ("square", "ellipse", "heart"),
  tuple(round(0.5 + 0.1 * i, 1) for i in range(6)),
  tuple(float(v) for v in np.linspace(0.0, 2.0 * np.pi, 40)),
  tuple(float(v) for v in np.linspace(0.0, 1.0, 32)),
  tuple(float(v) for v in np.linspace(0.0, 1.0, 32)),
)
RESOLUTIONS = (64, 32, 16, 8)

# Effective sizes at scale 1, in pixels, found by comparison with real images.
_SQUARE = 9.598
_ELLIPSE = (12.766, 7.2133)
_HEART_WIDTH, _HEART_HEIGHT, _HEART_SHIFT = 16 * 0.59957, 0.66229, -1.43574

_TURNS = 39  # linspace(0, 2 pi, 40): orientation 39 repeats orientation 0
_ROWS = 844  # lattice rows that hold any sprite, and an empty one at each end
_MIDDLE = 421.5  # lattice coordinate of the sprite's centre
_CORNER = -59  # lattice coordinate of pixel 0 at position 0


def _outlines(points: int = 2048) -> list[np.ndarray]:
  """Outlines (M, 2) of square, ellipse and heart at scale 1, in pixels."""
  corners = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
  t = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
  cos = np.cos(t)
  ellipse = np.stack([_ELLIPSE[0] * cos, _ELLIPSE[1] * np.sin(t)], -1)
  height = 13 * cos - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
  heart = np.stack(
    [_HEART_WIDTH * np.sin(t) ** 3, _HEART_SHIFT - _HEART_HEIGHT * height], -1
  )
  return [_SQUARE * corners, ellipse, heart]


def _spans(outlines: np.ndarray) -> np.ndarray:
  """Scan-converts closed outlines.

  Args:
    outlines: (S, M, 2) lattice coordinates x, y of S outlines.

  Returns:
    (S, _ROWS, 4) int16: row y holds the lattice points with
    spans[0] <= x < spans[1] or spans[2] <= x < spans[3].
  """
  x, y = outlines[..., 0].ravel(), outlines[..., 1].ravel()
  x_next, y_next = np.roll(outlines, -1, axis=1).reshape(-1, 2).T
  sprite = np.repeat(np.arange(len(outlines)), outlines.shape[1])
  first = np.ceil(np.minimum(y, y_next)).astype(int)
  crossings = np.ceil(np.maximum(y, y_next)).astype(int) - first
  edge = np.repeat(np.arange(len(x)), crossings)
  start = np.repeat(np.cumsum(crossings) - crossings, crossings)
  row = first[edge] + np.arange(len(edge)) - start
  slope = (x_next[edge] - x[edge]) / (y_next[edge] - y[edge])
  crossed = x[edge] + slope * (row - y[edge])
  line = sprite[edge] * _ROWS + row
  order = np.lexsort((crossed, line))
  line, crossed = line[order], crossed[order]
  nth = np.arange(len(line)) - np.searchsorted(line, line)
  spans = np.zeros((len(outlines) * _ROWS, 4), np.int16)
  spans[line, nth] = np.ceil(crossed)
  return spans.reshape(len(outlines), _ROWS, 4)


def span_table() -> np.ndarray:
  """Spans of all sprites: (3 * 6 * 39, 844, 4) int16, 4.7 MB."""
  angle = 2.0 * np.pi * np.arange(_TURNS) / _TURNS
  cos, sin = np.cos(angle), np.sin(angle)
  turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], -2)
  scale = 0.5 + 0.1 * np.arange(6)
  tables = []
  for outline in _outlines():
    sprites = np.einsum("s,tji,mi->stmj", scale, turn, outline)
    lattice = 31.0 * sprites.reshape(-1, *outline.shape) + _MIDDLE
    tables.append(_spans(lattice))
  return np.concatenate(tables)


def draw(
  table: jax.Array, factors: list[jax.Array], resolution: int
) -> jax.Array:
  """Draws sprites.

  Args:
    table: `span_table()`.
    factors: shape, scale, orientation, posX, posY, each (B,) integers.
    resolution: side in pixels; below 64 each pixel is the mean of the pixels of
      the 64-pixel image that it covers.

  Returns:
    (B, resolution, resolution) float32 in [0, 1].
  """
  shape, scale, orientation, x, y = factors
  sprite = (shape * SIZES[1] + scale) * _TURNS + orientation % _TURNS
  row = 31 * jnp.arange(64)[None, :] - 32 * y[:, None] + _CORNER
  row = jnp.clip(row, 0, _ROWS - 1)
  spans = table[sprite[:, None], row].astype(jnp.int32)
  # Pixel c is lattice point 31 c - 32 x + _CORNER: ends become pixels.
  ends = (spans + (32 * x - _CORNER + 30)[:, None, None]) // 31
  side = 64 // resolution
  left = side * jnp.arange(resolution)[None, None, :]
  # Ends are taken apart while they are few: pixels are never stored four times.
  before = lambda end: jnp.clip(ends[:, :, end, None] - left, 0, side)
  width = before(1) - before(0) + before(3) - before(2)
  width = width.reshape(-1, resolution, side, resolution).sum(2)
  return width.astype(jnp.float32) / side**2


def render(table, indices, *, sizes, strides, resolution) -> jax.Array:
  """Images (B, resolution, resolution, 1) of a thinned grid of dSprites."""
  factors = grids.native(grids.unravel(indices, sizes), strides)
  return draw(table, factors, resolution)[..., None]


def load(config) -> Dataset:
  """dSprites of `config.resolution` and `config.stride`, for any index."""
  resolution = grids.check_resolution(config.resolution, RESOLUTIONS)
  sizes, strides = grids.thin(NAMES, SIZES, config.stride)
  return Dataset(
    name="dsprites",
    source="rendered",
    image_shape=(resolution, resolution, 1),
    num_images=int(np.prod(sizes)),
    factor_names=NAMES,
    factor_sizes=sizes,
    arrays=jnp.asarray(span_table()),
    render=partial(render, sizes=sizes, strides=strides, resolution=resolution),
    factor_values=grids.thin_values(VALUES, strides),
    notes={"resolution": resolution, "stride": list(strides)},
  )
