"""The aggregate posterior of one latent, q(z_j) = 1/N sum_n q(z_j | x_n).

In one dimension it is a function on a line, so it lies on a grid of z_j: no
sample of z and no subset of the images is needed.

The grid. A posterior is added where it is more than nothing: within REACH
standard deviations, DENSITY or more grid points to each. Posteriors of one
latent are sorted into octaves of their standard deviation; an octave has its
own spacing, and the coarser densities are carried to the finer grids by Fourier
interpolation, which is exact for them to 1e-8 (a Gaussian sampled twice per
standard deviation is band-limited to that). Stretches of z_j where no
posterior lies are cut out first, so the cost follows the posteriors, not the
range of the codes.
"""

from typing import NamedTuple

import numpy as np

REACH = 6.5  # the mass beyond it is 8e-11
DENSITY = 2  # grid points per standard deviation of the narrowest posterior
HALF = int(2 * REACH * DENSITY)  # grid points of a window, on either side
WIDTHS = 4  # of windows in an octave: the narrower the posterior, the shorter
ROWS = 2**13  # posteriors added at once
CELLS = 256  # grid points that their means may lie apart
TABLE = 2**23  # numbers of a table of those, 32 MiB
MAX_POINTS = 2**21  # of one density that is read between points
LOGVAR = 700  # beyond it a variance is 0 or infinite
SMOOTH = 3  # times that the grid is doubled before it is read between points
POINTS = 6  # that are read for it


class Axis(NamedTuple):
  """Where the posteriors of one latent lie on its grid.

  Attributes:
    position: (N,) means, the empty stretches before them cut out.
    sd: (N,) standard deviations, the narrowest ones widened to `floor`.
    octave: (N,) integers; octave c has sd in floor * [2**c, 2**(c + 1)).
    floor: the smallest standard deviation that the grid resolves.
    num_points: number of points of the coarsest octave's grid.
    left: (N,) where what a posterior covers begins, in order.
    right: (N,) where what it and those before cover ends.
    shift: (N,) what is cut out before it.
  """

  position: np.ndarray
  sd: np.ndarray
  octave: np.ndarray
  floor: float
  num_points: int
  left: np.ndarray
  right: np.ndarray
  shift: np.ndarray


def lay_axis(mean: np.ndarray, sd: np.ndarray, max_points: int) -> Axis:
  """Lays out the grid of one latent's q(z_j) (Chen et al. 2018).

  Args:
    mean: (N,) posterior means.
    sd: (N,) posterior standard deviations, positive.
    max_points: largest size of the finest grid.

  Returns:
    Axis.
  """
  floor = max(sd.min(), 1e-13 * np.abs(mean).max())
  length = np.ptp(mean) + 4 * REACH * sd.max()  # at most
  if DENSITY * length > floor * max_points:
    left, right, shift = _covered(mean, 2 * REACH * sd)
    floor = max(floor, DENSITY * (right[-1] - shift[-1]) / max_points)
  while True:
    wide = np.maximum(sd, floor)
    octave = np.floor(np.log2(wide / floor)).astype(np.int64)
    step = floor / DENSITY * 2.0**octave
    left, right, shift = _covered(mean, (HALF + 1) * step)
    num_points = int(np.ceil((right[-1] - shift[-1]) / step.max())) + 1
    if num_points * 2 ** octave.max() <= max_points:
      position = place(mean, left, right, shift)
      covered = left, right, shift
      return Axis(position, wide, octave, float(floor), num_points, *covered)
    floor *= 2


def _covered(mean, reach) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """What means +- reach cover: `Axis.left`, `right` and `shift`.

  The first covered point is shifted to 0.
  """
  order = np.argsort(mean - reach, kind="stable")
  left = (mean - reach)[order]
  right = np.maximum.accumulate((mean + reach)[order])
  gaps = np.maximum(0.0, left[1:] - right[:-1])
  return left, right, left[0] + np.concatenate([[0.0], np.cumsum(gaps)])


def place(
  z: np.ndarray, left: np.ndarray, right: np.ndarray, shift: np.ndarray
) -> np.ndarray:
  """Moves points (M,) to where they lie without the empty stretches.

  Points of such a stretch move to its left end, where next to nothing lies.
  `left`, `right` and `shift` are an Axis', of Chen et al. 2018's q(z_j).
  """
  before = np.maximum(np.searchsorted(left, z, "right") - 1, 0)
  return np.minimum(z, right[before]) - shift[before]


def densities(axis: Axis, values: np.ndarray, num_values: int) -> np.ndarray:
  """p(v) q(z | v) on the finest grid (Chen et al. 2018), of many values v.

  Args:
    axis: Axis of one latent.
    values: (N, K) integers: the rows of the table that image n is added to.
    num_values: V, number of rows.

  Returns:
    (V, points of the finest grid), per grid step.
  """
  density = np.zeros((num_values, axis.num_points))
  order = np.argsort(axis.position, kind="stable")
  width = np.floor(WIDTHS * np.log2(axis.sd / axis.floor)).astype(np.int64)
  width = width[order]
  for octave in range(int(axis.octave.max()), -1, -1):
    step = axis.floor / DENSITY * 2.0**octave
    for part in range(WIDTHS * octave, WIDTHS * (octave + 1)):
      rows = order[width == part]
      _add_all(density, axis.position[rows] / step, axis.sd[rows] / step,
               values[rows])  # fmt: skip
    if octave:
      density = _refine(density)
  np.maximum(density, 0.0, out=density)  # interpolation leaves -1e-20
  return density / len(values)


def log_marginals(
  means: np.ndarray, logvars: np.ndarray, z: np.ndarray
) -> np.ndarray:
  """log prod_j q(z_j) (Chen et al. 2018, eq. 2) where posteriors lie.

  An error of 1e-8 of a density's height is 1e-3 nats at most of a draw five
  standard deviations out, and under 1e-5 in a mean over draws. Posteriors
  narrower than 1e-6 of what a latent's posteriors cover are widened to that.

  Args:
    means: (N, D) of the posteriors.
    logvars: (N, D).
    z: (M, D) draws from them.

  Returns:
    (M,) nats; NaN where a mean or log variance isn't finite.
  """
  if not (np.isfinite(means).all() and np.isfinite(logvars).all()):
    return np.full(len(z), np.nan)
  columns = map(np.ascontiguousarray, (means.T, logvars.T))
  total = np.zeros(len(z))
  for mean, logvar, points in zip(*columns, z.T, strict=True):
    order = np.argsort(mean)
    logvar = np.clip(logvar[order], -LOGVAR, LOGVAR).astype(float)
    mean, sd = mean[order].astype(float), np.exp(0.5 * logvar)
    axis = lay_axis(mean, sd, MAX_POINTS)
    density = densities(axis, np.zeros((len(mean), 1), np.int32), 1)
    for _ in range(SMOOTH):
      density = _refine(density)
    step = axis.floor / DENSITY / 2**SMOOTH
    at = place(points, axis.left, axis.right, axis.shift) / step
    found = _between(density[0], at) / step
    total += np.log(np.maximum(found, np.finfo(float).tiny))
  return total


def _between(values: np.ndarray, at: np.ndarray) -> np.ndarray:
  """Lagrange's interpolation between the POINTS values around each place."""
  first = np.floor(at).astype(np.int64) - POINTS // 2 + 1
  first = np.clip(first, 0, len(values) - POINTS)
  t = at - first
  found = np.zeros(len(at))
  for i in range(POINTS):
    others = [j for j in range(POINTS) if j != i]
    weight = np.prod([(t - j) / (i - j) for j in others], axis=0)
    found += weight * values[first + i]
  return found


def _add_all(density, position, sd, values) -> None:
  """Adds Gaussians (position, sd in grid steps) to rows `values` in place.

  Positions are sorted; those that are added at once lie close together.
  """
  if not len(position):
    return
  half = min(HALF, int(np.ceil(REACH * sd.max())))
  apart = min(CELLS, max(1, TABLE // (len(density) * (2 * half + 1))))
  start = 0
  while start < len(position):
    far = np.searchsorted(position, position[start] + apart)
    n = slice(start, min(start + ROWS, far))
    _add(density, position[n], sd[n], values[n], half)
    start = n.stop


def _add(density, position, sd, values, half: int) -> None:
  """Adds some of them, in windows of `half` points on either side.

  Those of one cell and row are summed first, as a sparse matrix product, whose
  loops are faster than scattered additions.
  """
  from scipy.sparse import csc_array

  offsets = np.arange(-half, half + 1, dtype=np.float32)
  nearest = np.rint(position).astype(np.int64)
  scale = (np.sqrt(0.5) / sd).astype(np.float32)[:, None]
  weights = offsets - (position - nearest).astype(np.float32)[:, None]
  weights *= scale
  np.square(weights, out=weights)
  np.exp(np.negative(weights, out=weights), out=weights)
  cells = (nearest - nearest[0]).astype(np.int32)
  rows = cells[:, None] * len(density) + values
  height = scale / np.float32(np.sqrt(np.pi))
  heights = np.broadcast_to(height, values.shape).reshape(-1)
  ends = np.arange(0, rows.size + 1, values.shape[1], dtype=np.int32)
  shape = ((cells[-1] + 1) * len(density), len(position))
  table = csc_array((heights, rows.reshape(-1), ends), shape) @ weights
  table = table.reshape(-1, len(density), len(offsets))
  for cell, block in enumerate(table, nearest[0] - half):
    density[:, cell : cell + len(offsets)] += block


def _refine(density: np.ndarray) -> np.ndarray:
  """Interpolates each row to twice as many points, half as far apart."""
  size = density.shape[1]
  fine = np.empty((len(density), 2 * size))
  for row, out in zip(density, fine, strict=True):
    # Per step: half of the mass of a coarse step belongs to a fine one.
    out[:] = np.fft.irfft(np.fft.rfft(row), 2 * size)
  return fine
