"""How a surface of codes lies among the latents: its planes and normals."""

import numpy as np
from scipy.spatial import cKDTree


def axis_angle(directions) -> np.ndarray:
  """Degrees (...) between directions (..., D) and the nearest latent axis."""
  directions = np.asarray(directions, np.float64)
  nearest = np.abs(directions).max(-1) / np.linalg.norm(directions, axis=-1)
  return np.degrees(np.arccos(np.minimum(nearest, 1)))


def principal(codes) -> tuple[np.ndarray, np.ndarray]:
  """Principal axes of codes (N, D): the best plane is spanned by the first two.

  Returns:
    (D,) shares of the variance, the largest first, and the axes, (D, D) rows.
  """
  codes = np.asarray(codes, np.float64)
  _, spread, axes = np.linalg.svd(codes - codes.mean(0), full_matrices=False)
  return spread**2 / (spread**2).sum(), axes


def normals(codes) -> np.ndarray:
  """Unit normals of a surface in three latents, by central differences.

  Args:
    codes: (A, B, 3) of a grid of two factors.

  Returns:
    (A - 2, B - 2, 3), of the points that have neighbours on all sides; NaN
    where the surface has no area.
  """
  codes = np.asarray(codes, np.float64)
  if codes.ndim != 3 or codes.shape[2] != 3:
    raise ValueError(f"codes: shape {codes.shape} found, (A, B, 3) expected")
  along_a = codes[2:, 1:-1] - codes[:-2, 1:-1]
  along_b = codes[1:-1, 2:] - codes[1:-1, :-2]
  across = np.cross(along_a, along_b)
  area = np.linalg.norm(across, axis=-1, keepdims=True)
  return across / np.where(area > 0, area, np.nan)


def thickness(codes, *, neighbours: int = 20) -> float:
  """The share of the variance around a point that is outside its tangent plane.

  Local principal components (Fukunaga & Olsen 1971): about 0 where codes lie on
  a smooth surface, 1/3 of nothing but noise in three latents as the neighbours
  become many.

  Args:
    codes: (N, D).
    neighbours: nearest codes around each that are looked at, itself included.

  Returns:
    Its mean over the codes, in [0, 1), those aside whose neighbours are all
    alike; NaN where all are.
  """
  codes = np.asarray(codes, np.float64)
  near = codes[cKDTree(codes).query(codes, neighbours)[1]]
  spread = np.linalg.svd(near - near.mean(1, keepdims=True), compute_uv=False)
  outside, total = (spread[:, 2:] ** 2).sum(1), (spread**2).sum(1)
  apart = total > 0
  return (
    float((outside[apart] / total[apart]).mean()) if apart.any() else np.nan
  )
