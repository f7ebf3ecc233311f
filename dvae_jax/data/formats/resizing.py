"""Named rules by which images are cropped to a square and resized."""

import re

import numpy as np


def crop_box(height: int, width: int, rule: str) -> tuple[int, int, int, int]:
  """The part of an image that a crop rule keeps.

  Args:
    height: of the image, in pixels.
    width: of the image.
    rule: "resize" keeps everything (the image is then squeezed to a square),
      "center" the largest central square, "cropN" the central N x N pixels.

  Returns:
    top, left, height, width.

  Raises:
    ValueError: there is no such rule, or the image is smaller than N.
  """
  if rule == "resize":
    return 0, 0, height, width
  match = re.fullmatch(r"center|crop([1-9][0-9]*)", rule)
  if not match:
    raise ValueError(
      f"data.crop is {rule!r}; allowed: 'resize', 'center', 'cropN' such as"
      " 'crop148', or '' for the data set's own rule"
    )
  side = int(match[1] or min(height, width))
  if side > min(height, width):
    raise ValueError(
      f"data.crop is {rule!r}; allowed for a {height} x {width} image: at most"
      f" 'crop{min(height, width)}'"
    )
  return (height - side) // 2, (width - side) // 2, side, side


def rule(size: int, to: int) -> str:
  """Name of the rule that `weights` follows: what results record."""
  return "none" if size == to else "area" if to < size else "bilinear"


def weights(size: int, to: int) -> np.ndarray:
  """Matrix that resizes one axis.

  Shrinking, an output pixel is the mean of the input that it covers ("area").
  Enlarging, it is interpolated between the two nearest pixel centres
  ("bilinear"), the outermost pixels being repeated.

  Args:
    size: number of pixels before.
    to: number of pixels after.

  Returns:
    (to, size) float32; rows sum to one.
  """
  if to < size:
    edges = np.arange(to + 1) * size / to
    left = np.maximum(edges[:-1, None], np.arange(size))
    right = np.minimum(edges[1:, None], np.arange(1, size + 1))
    overlap = np.maximum(right - left, 0.0)
    return (overlap * to / size).astype(np.float32)
  centre = np.clip((np.arange(to) + 0.5) * size / to - 0.5, 0, size - 1)
  distance = np.abs(centre[:, None] - np.arange(size))
  return np.maximum(1.0 - distance, 0.0).astype(np.float32)


def resize(images: np.ndarray, side: int) -> np.ndarray:
  """Resizes images on the host to side x side.

  Args:
    images: (..., H, W, C) uint8.
    side: in pixels.

  Returns:
    (..., side, side, C) uint8, rounded to the nearest level.
  """
  height, width, channels = images.shape[-3:]
  if (height, width) == (side, side):
    return images
  rows = images.astype(np.float32).reshape(-1, height, width * channels)
  rows = (weights(height, side) @ rows).reshape(-1, width, channels)
  resized = np.rint(weights(width, side) @ rows).astype(np.uint8)
  return resized.reshape(*images.shape[:-3], side, side, channels)
