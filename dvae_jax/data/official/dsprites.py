"""The official dSprites files, .npz and .hdf5 (Matthey et al. 2017)."""

from pathlib import Path

import numpy as np

from dvae_jax.data.entries import Images, TfdsCopy
from dvae_jax.data.formats import hdf5, npy_members, packing
from dvae_jax.data.formats.packing import Header
from dvae_jax.data.rendered.dsprites import NAMES, SIZES, VALUES

CHECKSUMS = {
  "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.hdf5": "sha256:"
  "729fa22e884c9c500e1f17415d580746b4c5894fbbb780a1319bbcfa39a745bb",
}


_LABELS = ("shape", "scale", "orientation", "x_position", "y_position")
TFDS = TfdsCopy(
  lambda _: header(),
  (64, 64, 1),
  tuple(f"label_{name}" for name in _LABELS),
  SIZES,
)


def header(sizes: tuple[int, ...] = SIZES) -> Header:
  """What dSprites is, as a full grid of `sizes`."""
  return Header(
    image_shape=(64, 64, 1),
    num_images=int(np.prod(sizes)),
    factor_names=NAMES,
    factor_sizes=sizes,
    factor_values=VALUES if sizes == SIZES else (),
    binary=True,
  )


def read(path: Path, *, sizes: tuple[int, ...] = SIZES) -> Images:
  """Reads an official file.

  Args:
    path: `imgs` (N, 64, 64) uint8 of 0 and 1 and `latents_classes` (N, 6) in an
      .npz file, or `imgs` and `latents/classes` in an .hdf5 file. The pickled
      `metadata` is never looked at.
    sizes: number of values of shape, scale, orientation, posX, posY.

  Returns:
    The header, and the images in chunks.

  Raises:
    FileNotFoundError: there is no such file.
    ModuleNotFoundError: h5py is needed and missing.
    ValueError: it is damaged, or has other shapes, types or factors.
  """
  if path.suffix == ".npz":
    shape, dtype, *_ = npy_members.inspect(path, "imgs")
    classes = npy_members.read(path, "latents_classes")
    blocks = npy_members.rows(path, "imgs", 1024)
  else:
    shape, dtype = hdf5.inspect(path, "imgs")
    classes = hdf5.read(path, "latents/classes")
    blocks = hdf5.rows(path, "imgs", 1024)
  head = header(sizes)
  expected = (head.num_images, 64, 64)
  if shape != expected or dtype != np.uint8:
    raise ValueError(
      f"{path}: imgs is {dtype} of shape {shape}; needed: uint8 of {expected}"
    )
  rows = packing.grid_rows(classes[:, 1:], sizes)
  if len(rows) != head.num_images:
    raise ValueError(f"{path}: {len(rows)} latents for {expected[0]} images")
  images = (block[..., None] for block in blocks)
  return head, packing.in_order(rows, images)
