"""Ways through the latent space: codes in, codes out, NumPy alone."""

import numpy as np


def one_at_a_time(codes, values) -> np.ndarray:
  """Codes of which one latent at a time takes each of its values.

  Args:
    codes: (B, D).
    values: (D, V) of each latent, or (V,) for all of them.

  Returns:
    (B, D, V, D): in [:, d] latent d takes values[d], the others stay.
  """
  latents = codes.shape[1]
  values = np.broadcast_to(values, (latents, np.shape(values)[-1]))
  z = np.tile(codes[:, None, None], (1, latents, values.shape[1], 1))
  for latent in range(latents):
    z[:, latent, :, latent] = values[latent]
  return z


def lines(start, end, number: int) -> np.ndarray:
  """Points of the straight lines between codes: (P, D) twice -> (P, S, D)."""
  share = np.linspace(0, 1, number, dtype=start.dtype)[:, None]
  return start[:, None] * (1 - share) + end[:, None] * share


def along(codes, number: int) -> np.ndarray:
  """Points at equal distances on the broken line through codes in their order.

  Through the codes of a factor's values it follows the factor's curve, where
  `lines` cuts across it.

  Args:
    codes: (P, D), two or more, not all alike.
    number: of points, the first and the last code among them.

  Returns:
    (number, D).
  """
  way = np.r_[0.0, np.cumsum(_pieces(codes))]
  at = np.linspace(0, way[-1], number)
  return np.stack([np.interp(at, way, column) for column in codes.T], -1)


def detour(codes) -> float:
  """Length of the broken line through codes (P, D) over that of the straight
  one between its ends: 1 where a factor's curve is straight."""
  return float(_pieces(codes).sum() / np.linalg.norm(codes[-1] - codes[0]))


def _pieces(codes) -> np.ndarray:
  """Lengths (P - 1,) of the pieces of a broken line."""
  return np.linalg.norm(np.diff(codes, axis=0), axis=1)


def circle(low, high, number: int = 16) -> np.ndarray:
  """Points on a circle around the middle of a rectangle of the latent space.

  Its radii are 3/8 of the sides: 1.5 where latents go from -2 to 2.

  Args:
    low, high: (2,) the rectangle's corners.
    number: of points.

  Returns:
    (number, 2).
  """
  angle = np.linspace(0, 2 * np.pi, number, endpoint=False)
  unit = np.stack([np.cos(angle), np.sin(angle)], -1)
  low, high = np.asarray(low), np.asarray(high)
  return (low + high) / 2 + 0.375 * (high - low) * unit


def in_plane(code, latents, path) -> np.ndarray:
  """A code (D,) whose `latents` (2,) follow a path (S, 2): (S, D)."""
  z = np.tile(code, (len(path), 1))
  z[:, latents] = path
  return z


def latent_grid(code, latents, values) -> np.ndarray:
  """A code whose latents take all combinations of their values.

  Args:
    code: (D,), the other latents stay there.
    latents: (A,) that move; the last one moves fastest.
    values: (A, V) of each of them.

  Returns:
    (V^A, D).
  """
  points = np.meshgrid(*values, indexing="ij")
  z = np.tile(code, (points[0].size, 1))
  z[:, latents] = np.stack(points, -1).reshape(-1, len(latents))
  return z
