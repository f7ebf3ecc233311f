"""Attributes as directions of the latent space."""

import numpy as np


def attribute_vector(codes: np.ndarray, has: np.ndarray) -> np.ndarray:
  """Mean code of images with an attribute minus that of those without.

  Larsen et al. 2016 (arXiv:1512.09300), section 4.2.

  Args:
    codes: (N, D).
    has: (N,) booleans.

  Returns:
    (D,).

  Raises:
    ValueError: all of them have it, or none.
  """
  has = np.asarray(has, bool)
  if has.all() or not has.any():
    raise ValueError(
      f"has: {has.sum()} of {len(has)} images have the attribute; some with and"
      " some without it are needed"
    )
  return codes[has].mean(0) - codes[~has].mean(0)


def add_attribute(
  codes: np.ndarray, vector: np.ndarray, strength: float = 1.0
) -> np.ndarray:
  """Codes (B, D) moved along an attribute, to be decoded (Larsen et al. 2016).

  Args:
    codes: (B, D).
    vector: (D,) of `attribute_vector`.
    strength: 1 adds the whole difference; below 0 takes the attribute away.
  """
  return codes + strength * vector
