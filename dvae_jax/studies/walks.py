"""How well decoded images match: one by one, or along a path of codes."""

import numpy as np
from scipy.special import xlogy

from dvae_jax.runs import Run

LEAST = 1e-7  # a decoded mean's distance from 0 and 1, about float32's step


def image_error(images, decoded) -> np.ndarray:
  """KL of Bernoulli pixels to decoded means: 0 where they are the same.

  What the reconstruction's loss has above its least, the entropy of grey
  pixels, so that images with more of them can be compared.

  Args:
    images, decoded: (..., H, W, C) in [0, 1], of shapes that broadcast.

  Returns:
    (...) nats per image.
  """
  x = np.asarray(images, np.float64)
  p = np.clip(np.asarray(decoded, np.float64), LEAST, 1 - LEAST)
  on = xlogy(x, x) - x * np.log(p)
  off = xlogy(1 - x, 1 - x) - (1 - x) * np.log1p(-p)
  return (on + off).sum((-3, -2, -1))


def path_error(run: Run, z, images, lane: int = 0) -> np.ndarray:
  """Errors (S,) of what codes z (S, D) decode to, each of the nearest image.

  Args:
    run: loaded.
    z: codes of a path, such as `paths.lines` or `paths.along` give.
    images: (P, H, W, C) of a factor's values: a path may pass them at any pace.
    lane: which model.
  """
  decoded = run.decode(z, lane)
  return np.min([image_error(image, decoded) for image in images], axis=0)
