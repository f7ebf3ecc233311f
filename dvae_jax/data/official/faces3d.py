"""3D faces (Paysan et al. 2009), as rendered for beta-TCVAE (Chen et al. 2018).

The Basel model's licence forbids passing the renderings on.
"""

from pathlib import Path

import numpy as np

from dvae_jax.data.entries import Images
from dvae_jax.data.formats import packing, torch_files
from dvae_jax.data.formats.packing import Header, Stored

NAMES = ("identity", "azimuth", "elevation", "lighting")
SIZES = (50, 21, 11, 11)


def read(path: Path, *, sizes: tuple[int, ...] = SIZES) -> Images:
  """Reads the user's own basel_face_renders.pth.

  Args:
    path: a tensor (50, 21, 11, 11, 64, 64) uint8 saved by PyTorch. Anything
      but a tensor in it is refused.
    sizes: number of identities, azimuths, elevations and lightings.

  Returns:
    The header, and the images in chunks.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, or holds something else.
  """
  tensor = torch_files.inspect(path)
  if tensor.shape != (*sizes, 64, 64) or tensor.dtype != np.uint8:
    raise ValueError(
      f"{path} holds {tensor.dtype} of shape {tensor.shape}; needed: uint8 of"
      f" {(*sizes, 64, 64)}"
    )
  header = Header(
    image_shape=(64, 64, 1),
    num_images=int(np.prod(sizes)),
    factor_names=NAMES,
    factor_sizes=sizes,
  )
  return header, packing.chunks_of(Stored(header, path, tensor.offset))
