"""The five-petal curves of a study of covariance in variational autoencoders.

Two parameters a in [0.5, 2] and b in [0, 2] make one white curve on black,
R(theta) = b cos(5 theta) + a: a known sheet of images with two coordinates.
The study is M-Lin-DM/VAE-zeroshot-learning, on GitHub.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset

NAMES = ("a", "b")
RESOLUTIONS = (256, 128, 64, 32)
_LOW, _HIGH = np.array([0.5, 0.0]), np.array([2.0, 2.0])
_HALF_WIDTH = 4.0  # the picture spans [-4, 4] x [-4, 4]
_POINTS = 500
# Between two points: R^2 + R'^2 <= 104.2 for all a and b; and some rounding.
_LONGEST_SEGMENT = 10.22 * 2.0 * np.pi / (_POINTS - 1)
_BINS = 16
_GRID = 64
# Of 5,000 uniform samples of this seed 490 lie in the hole, as in the study.
_SEED = 128
_SAMPLES, _HELD_OUT, _PUNCTURED_HELD_OUT = 5000, 501, 211
_HOLE, _HOLE_RADIUS = np.array([1.25, 1.0]), 0.3
_TRANSECTS = (
  ((1.25, 0.0), (1.25, 2.0)),
  ((0.5, 1.0), (2.0, 1.0)),
  ((0.5, 2.0), (2.0, 0.0)),
)


class Sheet(NamedTuple):
  """Parameters (N, 2) and what a variant says of them."""

  parameters: np.ndarray
  names: tuple[str, ...] = NAMES
  values: tuple[tuple, ...] = ()
  held_out: np.ndarray | None = None
  weights: np.ndarray | None = None
  line: float = 2.0


def draw(
  parameters: jax.Array, *, resolution: int, line: float = 2.0
) -> jax.Array:
  """Draws curves as polylines of 500 points, anti-aliased.

  Args:
    parameters: (B, 2) a and b.
    resolution: side in pixels.
    line: width of the line in 256ths of the side.

  Returns:
    (B, resolution, resolution, 1) float32 in [0, 1]: the share of a pixel's
    width that the nearest piece of the line covers.
  """
  width = line * resolution / 256
  draw_one = partial(_draw_one, resolution=resolution, width=width)
  return jax.vmap(draw_one)(parameters)[..., None]


def _draw_one(parameters, *, resolution: int, width: float) -> jax.Array:
  theta = jnp.linspace(0.0, 2.0 * jnp.pi, _POINTS)
  radius = parameters[1] * jnp.cos(5.0 * theta) + parameters[0]
  scale = resolution / (2.0 * _HALF_WIDTH)
  column = (_HALF_WIDTH + radius * jnp.cos(theta)) * scale
  row = (_HALF_WIDTH - radius * jnp.sin(theta)) * scale
  points = jnp.stack([row, column], -1)
  start, end = points[:-1, None], points[1:, None]
  # The window of a segment holds all pixels that it can touch.
  reach = (width + 1.0 + _LONGEST_SEGMENT * scale) / 2.0
  side = int(2.0 * reach) + 1
  window = jnp.stack(jnp.mgrid[:side, :side], -1).reshape(1, -1, 2)
  corner = jnp.ceil((start + end) / 2.0 - reach - 0.5).astype(jnp.int32)
  pixels = corner + window
  distance = _distance(pixels + 0.5, start, end)
  outside = ((pixels < 0) | (pixels >= resolution)).any(-1)
  flat = pixels[..., 0] * resolution + pixels[..., 1]
  flat = jnp.where(outside, resolution**2, flat)
  nearest = jnp.full(resolution**2, jnp.float32(resolution))
  nearest = nearest.at[flat].min(distance, mode="drop")
  outer = jnp.minimum(nearest + 0.5, width / 2.0)
  inner = jnp.maximum(nearest - 0.5, -width / 2.0)
  covered = jnp.clip(outer - inner, 0.0, 1.0)
  return covered.reshape(resolution, resolution)


def _distance(at, start, end) -> jax.Array:
  """Distances of points from segments; (..., 2) arrays that broadcast."""
  along = end - start
  length2 = jnp.maximum((along**2).sum(-1), 1e-12)
  share = jnp.clip(((at - start) * along).sum(-1) / length2, 0.0, 1.0)
  off = at - start - share[..., None] * along
  return jnp.sqrt((off**2).sum(-1))


def samples(seed: int = _SEED) -> np.ndarray:
  """(5000, 2) uniform parameters."""
  rng = np.random.default_rng(seed)
  return rng.uniform(_LOW, _HIGH, (_SAMPLES, 2))


def in_hole(parameters: np.ndarray) -> np.ndarray:
  """(N,) booleans: within 0.3 of (1.25, 1)."""
  return np.linalg.norm(parameters - _HOLE, axis=-1) <= _HOLE_RADIUS


def _full() -> Sheet:
  """5,000 samples; the last 501 are held out."""
  parameters = samples()
  held_out = np.arange(_SAMPLES - _HELD_OUT, _SAMPLES)
  return Sheet(parameters, held_out=held_out)


def _punctured() -> Sheet:
  """The same samples; the hole and the last 211 outside it are held out."""
  parameters = samples()
  hole = in_hole(parameters)
  last = np.flatnonzero(~hole)[-_PUNCTURED_HELD_OUT:]
  held_out = np.union1d(np.flatnonzero(hole), last)
  return Sheet(parameters, held_out=held_out)


def _weights() -> Sheet:
  """The full samples, weighted from 1 at the smallest b to 0 at the largest."""
  sheet = _full()
  b = sheet.parameters[:, 1]
  weights = 1.0 - (b - b.min()) / (b.max() - b.min())
  return sheet._replace(weights=weights.astype(np.float32))


def _transects() -> Sheet:
  """15 points along each of three lines, drawn twice as wide."""
  share = np.linspace(0.0, 1.0, 15)[None, :, None]
  start, end = np.array(_TRANSECTS).transpose(1, 0, 2)[:, :, None]
  parameters = (start + share * (end - start)).reshape(-1, 2)
  values = (("a fixed", "b fixed", "diagonal"), tuple(range(15)))
  return Sheet(parameters, ("transect", "point"), values, line=4.0)


def _grid() -> Sheet:
  """64 x 64 values of a and b, b varying fastest."""
  a, b = np.linspace(_LOW, _HIGH, _GRID).T
  parameters = np.stack(np.meshgrid(a, b, indexing="ij"), -1).reshape(-1, 2)
  return Sheet(parameters, NAMES, (tuple(a.tolist()), tuple(b.tolist())))


def _punctured_grid() -> Sheet:
  """The grid, with the hole held out."""
  sheet = _grid()
  return sheet._replace(held_out=np.flatnonzero(in_hole(sheet.parameters)))


VARIANTS = {
  "full": _full,
  "punctured": _punctured,
  "weights": _weights,
  "transects": _transects,
  "grid": _grid,
  "punctured_grid": _punctured_grid,
}


def _thin(sheet: Sheet, strides: tuple[int, ...]) -> Sheet:
  sizes = tuple(len(v) for v in sheet.values)
  every = tuple(slice(None, None, s) for s in strides)
  kept = np.arange(len(sheet.parameters)).reshape(sizes)[every].ravel()
  held_out = sheet.held_out
  if held_out is not None:
    held_out = np.flatnonzero(np.isin(kept, held_out))
  return sheet._replace(
    parameters=sheet.parameters[kept],
    values=grids.thin_values(sheet.values, strides),
    held_out=held_out,
  )


def _bins(parameters: np.ndarray) -> np.ndarray:
  """(N, 2) integers: which of 16 equal parts of its range each is in."""
  share = (parameters - _LOW) / (_HIGH - _LOW)
  return np.minimum((share * _BINS).astype(np.int32), _BINS - 1)


def _render(parameters, indices, *, resolution, line) -> jax.Array:
  return draw(parameters[indices], resolution=resolution, line=line)


def load(config) -> Dataset:
  """One of `VARIANTS`, "full" for "", named by `config.variant`."""
  variant = config.variant or "full"
  resolution = grids.check_resolution(config.resolution, RESOLUTIONS)
  sheet = VARIANTS[variant]()
  notes = {"variant": variant, "resolution": resolution}
  if sheet.values:
    sizes = tuple(len(v) for v in sheet.values)
    sizes, strides = grids.thin(sheet.names, sizes, config.stride)
    sheet = _thin(sheet, strides)
    notes["stride"] = list(strides)
  elif tuple(config.stride):
    raise ValueError(
      f"data.stride is {tuple(config.stride)}; allowed for petals that are no"
      " grid: ()"
    )
  else:
    sizes = ()
  return Dataset(
    name="petals",
    source="rendered",
    image_shape=(resolution, resolution, 1),
    num_images=len(sheet.parameters),
    factor_names=sheet.names,
    factor_sizes=sizes,
    arrays=jnp.asarray(sheet.parameters, jnp.float32),
    render=partial(_render, resolution=resolution, line=sheet.line),
    held_out=sheet.held_out,
    factors=None if sizes else _bins(sheet.parameters),
    weights=sheet.weights,
    factor_values=sheet.values,
    notes=notes,
  )
