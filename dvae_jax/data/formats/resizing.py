"""Named rules by which images are cropped, to a square or not, and resized."""

import re

import numpy as np


def crop_box(height: int, width: int, rule: str) -> tuple[int, int, int, int]:
  """The part of an image that a crop rule keeps.

  Args:
    height: of the image, in pixels.
    width: of the image.
    rule: "resize" keeps everything (the image is then squeezed to a square),
      "none" too (it then stays as high and wide as it is), "center" the largest
      central square, "cropN" the central N x N pixels.

  Returns:
    top, left, height, width.

  Raises:
    ValueError: there is no such rule, or the image is smaller than N.
  """
  if rule in ("resize", "none"):
    return 0, 0, height, width
  match = re.fullmatch(r"center|crop([1-9][0-9]*)", rule)
  if not match:
    raise ValueError(
      f"data.crop is {rule!r}; allowed: 'none', 'resize', 'center', 'cropN'"
      " such as 'crop148', or '' for the data set's own rule"
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
  """Matrix that resizes one axis, in whole numbers.

  Shrinking, an output pixel is the mean of the input that it covers ("area").
  Enlarging, it is interpolated between the two nearest pixel centres
  ("bilinear"), the outermost pixels being repeated.

  Args:
    size: number of pixels before.
    to: number of pixels after.

  Returns:
    (to, size) float32 whole numbers; all rows have the same sum.
  """
  before, after = np.arange(size), np.arange(to)[:, None]
  if to < size:  # a pixel is `to` units wide before, `size` units after
    left = np.maximum(after * size, before * to)
    right = np.minimum((after + 1) * size, (before + 1) * to)
    matrix = np.maximum(right - left, 0)
  else:  # a pixel is 2 `to` units wide before, and its weight at its centre
    centre = (2 * after + 1) * size - to
    centre = np.clip(centre, 0, 2 * to * (size - 1))
    matrix = np.maximum(2 * to - np.abs(centre - 2 * to * before), 0)
  return (matrix // np.gcd.reduce(matrix, axis=None)).astype(np.float32)


def rounded(sums, down, across):
  """Levels from sums of levels times `weights`: the same on host and device.

  Such sums are whole numbers, exact in float32, a quarter more too, for a
  product of the two rows' sums below 2^14, as of all sizes in use. The quarter
  moves halves, and nothing else, off the edge at which the last bit of a
  division would decide.

  Args:
    sums: NumPy or JAX array.
    down: weights of the rows.
    across: weights of the columns.

  Returns:
    Whole numbers like `sums`; halves are rounded up.
  """
  return ((sums + 0.25) / (down[0].sum() * across[0].sum())).round()


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
  down, across = weights(height, side), weights(width, side)
  rows = (down @ rows).reshape(-1, width, channels)
  resized = rounded(across @ rows, down, across).astype(np.uint8)
  return resized.reshape(*images.shape[:-3], side, side, channels)
