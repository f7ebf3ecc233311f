"""The official 3D Shapes file (Burgess & Kim 2018, 3d-shapes)."""

from pathlib import Path

import numpy as np

from dvae_jax.data.entries import Images, TfdsCopy
from dvae_jax.data.formats import hdf5, packing
from dvae_jax.data.formats.packing import Header
from dvae_jax.data.rendered.shapes3d import NAMES, SIZES, VALUES

CHECKSUMS = {
  "3dshapes.h5": "sha256:"
  "0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
}


TFDS = TfdsCopy(
  lambda _: header(), (64, 64, 3), tuple(f"label_{n}" for n in NAMES), SIZES
)


def header(sizes: tuple[int, ...] = SIZES) -> Header:
  """What 3D Shapes is, as a full grid of `sizes`."""
  return Header(
    image_shape=(64, 64, 3),
    num_images=int(np.prod(sizes)),
    factor_names=NAMES,
    factor_sizes=sizes,
    factor_values=VALUES if sizes == SIZES else (),
  )


def read(path: Path, *, sizes: tuple[int, ...] = SIZES) -> Images:
  """Reads the official file.

  Args:
    path: HDF5 with `images` (N, 64, 64, 3) uint8 and `labels` (N, 6), the
      values of the factors.
    sizes: number of values of each factor.

  Returns:
    The header, and the images in chunks.

  Raises:
    FileNotFoundError: there is no such file.
    ModuleNotFoundError: h5py is missing.
    ValueError: it is damaged, or has other shapes, types or factors.
  """
  head = header(sizes)
  shape, dtype = hdf5.inspect(path, "images")
  expected = (head.num_images, *head.image_shape)
  if shape != expected or dtype != np.uint8:
    raise ValueError(
      f"{path}: images is {dtype} of shape {shape}; needed: uint8 of {expected}"
    )
  labels = hdf5.read(path, "labels")
  if labels.shape != (head.num_images, len(sizes)):
    raise ValueError(
      f"{path}: labels has shape {labels.shape}; needed:"
      f" {(head.num_images, len(sizes))}"
    )
  ranks = [np.unique(column, return_inverse=True)[1] for column in labels.T]
  rows = packing.grid_rows(np.stack(ranks, 1), sizes)
  return head, packing.in_order(rows, hdf5.rows(path, "images", 256))
