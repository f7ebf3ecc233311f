"""The mutual information gap of Chen et al. 2018, without sampling.

In one dimension the aggregate posterior q(z_j) = 1/N sum_n q(z_j | x_n) is a
function on a line, so every entropy is a sum over a grid of z_j: no sample of z
and no subset of the images is needed.

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
from scipy.special import rel_entr

from dvae_jax.metrics.information import entropy

REACH = 6.5  # the mass beyond it is 8e-11
DENSITY = 2  # grid points per standard deviation of the narrowest posterior
HALF = int(2 * REACH * DENSITY)  # grid points of a window, on either side
MAX_POINTS = 2**24  # of one latent's densities, over all factor values: 128 MiB
ROWS = 2**14  # posteriors added at once


class Axis(NamedTuple):
  """Where the posteriors of one latent lie on its grid.

  Attributes:
    position: (N,) means, the empty stretches before them cut out.
    sd: (N,) standard deviations, the narrowest ones widened to `floor`.
    octave: (N,) integers; octave c has sd in floor * [2**c, 2**(c + 1)).
    floor: the smallest standard deviation that the grid resolves.
    num_points: number of points of the coarsest octave's grid.
  """

  position: np.ndarray
  sd: np.ndarray
  octave: np.ndarray
  floor: float
  num_points: int


def mig_exact(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  logvars: np.ndarray,
  factor_names: tuple[str, ...] = (),
) -> dict[str, float | str]:
  """Mutual information gap of the aggregate posterior of all N images.

  Chen et al. 2018 (arXiv:1802.04942), equations 5 to 7: the mean over factors
  of [I(z_j; v_k) - I(z_j'; v_k)] / H(v_k) for the two latents j, j' that tell
  most of factor k. Deterministic. Quadrature and truncation change an
  information by less than 1e-5 nats. Where the posteriors of a latent are so
  narrow and so scattered that their grid would pass MAX_POINTS, or narrower
  than the rounding of their means, the narrowest are widened; that can only
  lower an information (data processing), and `widened` says for what share of
  the posteriors.

  Args:
    codes: (N, D) posterior means.
    factors: (N, K) integers.
    rng: not used.
    logvars: (N, D) log variances of the posteriors, in [-700, 700].
    factor_names: K names. With "shape" among them the result has the published
      dSprites value too, which leaves that factor out.

  Returns:
    `mig_exact`, `mig_exact_without_shape` where it is defined, `widened`, and
    `variant`. With one latent its whole information counts as the gap.
  """
  del rng
  gaps, widened = factor_gaps(codes, factors, logvars)
  result: dict[str, float | str] = {
    "mig_exact": float(gaps.mean()),
    "widened": widened,
    "variant": "chen2018, every posterior, quadrature",
  }
  others = [k for k, name in enumerate(factor_names) if name != "shape"]
  if factor_names and 0 < len(others) < len(factor_names):
    result["mig_exact_without_shape"] = float(gaps[others].mean())
  return result


def factor_gaps(
  codes: np.ndarray, factors: np.ndarray, logvars: np.ndarray
) -> tuple[np.ndarray, float]:
  """Gaps (K,) of Chen et al. 2018, eq. 6, and the widened share."""
  sizes = factors.max(0) + 1
  first = np.concatenate([[0], np.cumsum(sizes)])
  information, widened = [], 0.0
  for mean, logvar in zip(codes.T, logvars.T, strict=True):
    sd = np.exp(0.5 * logvar)
    axis = lay_axis(mean, sd, max(4096, MAX_POINTS // int(sizes.sum())))
    widened += (sd < axis.floor).mean() / codes.shape[1]
    joint = _densities(axis, factors + first[:-1], int(sizes.sum()))
    information.append(
      [_information(rows) for rows in np.split(joint, first[1:-1])]
    )
  # H(v_k) is added here: _information leaves it out.
  table = np.array(information) + entropy(factors)  # (D, K)
  best = np.sort(np.concatenate([table, np.zeros_like(table[:1])]), axis=0)
  return (best[-1] - best[-2]) / entropy(factors), float(widened)


def lay_axis(mean: np.ndarray, sd: np.ndarray, max_points: int) -> Axis:
  """Lays out the grid of one latent's q(z_j) (Chen et al. 2018).

  Args:
    mean: (N,) posterior means.
    sd: (N,) posterior standard deviations, positive.
    max_points: largest size of the finest grid.

  Returns:
    Axis.
  """
  _, length = _close_gaps(mean, 2 * REACH * sd)
  rounding = 1e-13 * np.abs(mean).max()
  floor = max(sd.min(), DENSITY * length / max_points, rounding)
  while True:
    wide = np.maximum(sd, floor)
    octave = np.floor(np.log2(wide / floor)).astype(np.int64)
    step = floor / DENSITY * 2.0**octave
    position, length = _close_gaps(mean, (HALF + 1) * step)
    num_points = int(np.ceil(length / step.max())) + 1
    if num_points * 2 ** octave.max() <= max_points:
      return Axis(position, wide, octave, float(floor), num_points)
    floor *= 2


def _close_gaps(mean, reach) -> tuple[np.ndarray, float]:
  """Shifts means left over stretches outside every mean +- reach.

  The first covered point comes to 0. Returns (N,) and the covered length.
  """
  order = np.argsort(mean - reach)
  left = (mean - reach)[order]
  right = np.maximum.accumulate((mean + reach)[order])
  gaps = np.maximum(0.0, left[1:] - right[:-1])
  shift = left[0] + np.concatenate([[0.0], np.cumsum(gaps)])
  position = np.empty_like(mean)
  position[order] = mean[order] - shift
  return position, right[-1] - shift[-1]


def _densities(axis: Axis, values: np.ndarray, num_values: int) -> np.ndarray:
  """p(v) q(z | v) on the finest grid, for the values of all factors.

  Args:
    axis: Axis of one latent.
    values: (N, K) integers: the rows of the table that image n is added to.
    num_values: V, number of rows.

  Returns:
    (V, points of the finest grid), per grid step.
  """
  density = np.zeros((num_values, axis.num_points))
  for octave in range(int(axis.octave.max()), -1, -1):
    step = axis.floor / DENSITY * 2.0**octave
    rows = np.flatnonzero(axis.octave == octave)
    for start in range(0, len(rows), ROWS):
      n = rows[start : start + ROWS]
      _add(density, axis.position[n] / step, axis.sd[n] / step, values[n])
    if octave:
      density = _refine(density)
  np.maximum(density, 0.0, out=density)  # interpolation leaves -1e-20
  return density / len(values)


def _add(density, position, sd, values) -> None:
  """Adds Gaussians (position, sd in grid steps) to rows `values` in place."""
  offsets = np.arange(-HALF, HALF + 1)
  nearest = np.rint(position).astype(np.int64)
  distance = (offsets - (position - nearest)[:, None]) / sd[:, None]
  weights = np.exp(-0.5 * distance**2) / (np.sqrt(2 * np.pi) * sd[:, None])
  cells = nearest[:, None] + offsets
  flat, weights = density.reshape(-1), weights.reshape(-1)
  for column in values.T:
    index = cells + column[:, None] * density.shape[1]
    np.add.at(flat, index.reshape(-1), weights)


def _refine(density: np.ndarray) -> np.ndarray:
  """Interpolates each row to twice as many points, half as far apart."""
  size = density.shape[1]
  fine = np.empty((len(density), 2 * size))
  for row, out in zip(density, fine, strict=True):
    # Per step: half of the mass of a coarse step belongs to a fine one.
    out[:] = np.fft.irfft(np.fft.rfft(row), 2 * size)
  return fine


def _information(joint: np.ndarray) -> float:
  """I(z; v) - H(v) from p(v) q(z | v), (V, points) per grid step."""
  return float(rel_entr(joint, joint.sum(0)).sum())
