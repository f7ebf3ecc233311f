"""MPI3D (Gondal et al. 2019, arXiv:1906.03292): toy, realistic, real, complex.

Twelve gigabytes, so that an uncompressed file is used where it lies.
"""

from pathlib import Path

import numpy as np

from dvae_jax.data.formats import npy_members, packing
from dvae_jax.data.formats.packing import Header

NAMES = (
  "color",
  "shape",
  "size",
  "camera",
  "background",
  "horizontal",
  "vertical",
)
SIZES = (6, 6, 2, 3, 3, 40, 40)
SMALL_SIZES = (4, 4, 2, 3, 3, 40, 40)  # "complex", and the 2019 challenge's


def prepare(
  path: Path,
  directory: Path,
  *,
  sizes: tuple[tuple[int, ...], ...] = (SIZES, SMALL_SIZES),
) -> None:
  """Prepares an official file.

  Args:
    path: .npz with `images` (N, 64, 64, 3) uint8. Stored uncompressed, it must
      stay where it is: the prepared folder points at it. Compressed, its images
      are unpacked into the prepared folder.
    directory: the prepared folder.
    sizes: the grids that it may be.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, or has another shape or type.
  """
  shape, dtype, offset, fortran = npy_members.inspect(path, "images")
  known = {(int(np.prod(s)), 64, 64, 3): s for s in sizes}
  if shape not in known or dtype != np.uint8 or fortran:
    raise ValueError(
      f"{path}: images is {dtype} of shape {shape}; needed: uint8, C"
      f" order, of {' or '.join(map(str, known))}"
    )
  header = Header(
    image_shape=(64, 64, 3),
    num_images=shape[0],
    factor_names=NAMES,
    factor_sizes=known[shape],
    notes={"file": path.name},
  )
  if offset is None:
    blocks = npy_members.rows(path, "images", 256)
    chunks = packing.in_order(np.arange(shape[0]), blocks)
    packing.write(directory, header, chunks, title=path.name)
    return
  if path.stat().st_size < offset + packing.num_bytes(header):
    raise ValueError(f"{path} is truncated: download it again")
  packing.link(directory, header, path, offset)
