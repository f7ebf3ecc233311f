"""From packed images in a file to a `Dataset`, on the device or streamed."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import packing, resizing
from dvae_jax.data.formats.packing import Header, Stored

DEVICE_BYTES = 6 * 2**30  # a larger packed set is streamed


def place(name: str, source: str, stored: Stored, config) -> Dataset:
  """Makes a `Dataset` of packed images.

  Args:
    name: registered name.
    source: "tfds" or "file".
    stored: the packed images.
    config: has `stride`, `resolution` and `placement`.

  Returns:
    The data set: its packed images on the device, or `read` to stream them.
    Images are the same either way, rounded to 256 levels where resized.

  Raises:
    ValueError: names the field, the value found and the values allowed.
  """
  header, rows = thin(stored.header, config.stride)
  check_side(config.resolution, header.image_shape)
  sides = (config.resolution,) * 2
  if not config.resolution:
    sides = header.image_shape[:2]
  placement = choose_placement(config.placement, packing.num_bytes(header))
  arrays: Any = ()
  render = read = None
  if placement == "device":
    arrays = jnp.asarray(
      packing.read_all(stored)
      if rows is None
      else packing.read_rows(stored, rows)
    )
    render = partial(
      render_rows, image_shape=header.image_shape, binary=header.binary,
      sides=sides,
    )  # fmt: skip
  else:
    read = partial(_read, stored, rows, config.resolution)
  return dataset_of(
    name, source, header, config, sides=sides, placement=placement
  )._replace(arrays=arrays, render=render, read=read)


def dataset_of(
  name: str,
  source: str,
  header: Header,
  config,
  *,
  sides: tuple[int, int],
  placement: str,
) -> Dataset:
  """A `Dataset` without its images, which the caller adds."""
  height, _, channels = header.image_shape
  square = sides[0] == sides[1]
  return Dataset(
    name=name,
    source=source,
    image_shape=(*sides, channels),
    num_images=header.num_images,
    factor_names=header.factor_names,
    factor_sizes=header.factor_sizes,
    arrays=(),
    render=None,
    held_out=header.held_out,
    factors=header.factors,
    factor_values=header.factor_values,
    notes={
      **header.notes,
      "placement": placement,
      "resolution": sides[0] if square else list(sides),
      "resized": resizing.rule(height, sides[0]),
      "stride": list(config.stride) or [1] * len(header.factor_names),
    },
  )


def thin(header: Header, stride) -> tuple[Header, np.ndarray | None]:
  """Keeps every s-th value of each factor.

  Args:
    header: of a grid, or of images with a table of factors.
    stride: one positive integer a factor, or () for all values.

  Returns:
    The header of what is left, and its rows; None stands for all of them.
  """
  if not tuple(stride):
    return header, None
  names = header.factor_names
  sizes = header.factor_sizes or (1,) * len(names)
  left, strides = grids.thin(names, sizes, stride)
  values = header.factor_values
  kept = header._replace(
    factor_values=values and grids.thin_values(values, strides)
  )
  if header.factor_sizes:
    index = np.arange(header.num_images).reshape(sizes)
    rows = index[tuple(slice(None, None, s) for s in strides)].ravel()
    kept = kept._replace(factor_sizes=left)
  elif header.factors is not None:
    rows = np.flatnonzero((header.factors % strides == 0).all(1))
    kept = kept._replace(factors=header.factors[rows] // strides)
  if header.held_out is not None:
    held_out = np.flatnonzero(np.isin(rows, header.held_out))
    kept = kept._replace(held_out=held_out)
  return kept._replace(num_images=len(rows)), rows


def check_side(resolution: int, image_shape: tuple[int, int, int]) -> int:
  """Side of the images in pixels: `resolution`, or their own for 0."""
  if not isinstance(resolution, int) or resolution < 0:
    raise ValueError(
      f"data.resolution is {resolution!r}; allowed: 0 for {image_shape[0]}, or"
      " a number of pixels"
    )
  return resolution or image_shape[0]


def choose_placement(placement: str, num_bytes: int) -> str:
  """ "device" or "streamed": the field, or by size where it says "auto"."""
  if placement not in ("auto", "device", "streamed"):
    raise ValueError(
      f"data.placement is {placement!r}; allowed: auto, device, streamed"
    )
  if placement != "auto":
    return placement
  return "device" if num_bytes <= DEVICE_BYTES else "streamed"


def render_rows(
  arrays, indices, *, image_shape, binary: bool, sides: tuple[int, int]
) -> jax.Array:
  """Unpacks images on the device.

  Args:
    arrays: (N, ...) uint8 packed rows.
    indices: (B,) integers.
    image_shape: (H, W, C) as packed (static).
    binary: whether rows are bits (static).
    sides: height and width of the result (static).

  Returns:
    (B, *sides, C) float32 in [0, 1].
  """
  rows = arrays[indices]
  if binary:
    shifts = jnp.arange(7, -1, -1, dtype=jnp.uint8)
    bits = (rows[..., None] >> shifts[None, None]) & 1
    pixels = bits.reshape(len(rows), -1)[:, : int(np.prod(image_shape))]
    levels = 255.0 * pixels.reshape(-1, *image_shape).astype(jnp.float32)
  else:
    levels = rows.astype(jnp.float32)
  height, width, _ = image_shape
  if (height, width) == sides:
    return levels / 255.0
  down, across = map(resizing.weights, (height, width), sides)
  sums = jnp.einsum(
    "ih,bhwc,jw->bijc", down, levels, across, precision="highest"
  )
  return resizing.rounded(sums, down, across) / 255.0


def _read(stored: Stored, rows, side: int, indices: np.ndarray) -> np.ndarray:
  """(B, side, side, C) uint8 images of a streamed set; 0: as they are."""
  indices = np.asarray(indices)
  if rows is not None:
    indices = rows[indices]
  images = packing.read_images(stored, indices)
  return resizing.resize(images, side) if side else images
