"""3D chairs (Aubry et al. 2014): 62 views of 1,393 chairs, used unlabelled."""

import re
from pathlib import Path

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import archives, image_files, storage
from dvae_jax.data.formats.packing import Header

NUM_IMAGES = 86_366
_RENDER = re.compile(
  r"rendered_chairs/[^/]+/renders/"
  r"image_\d{3}_p(\d{3})_t(\d{3})_r\d{3}\.png"
)


def prepare(
  path: Path, directory: Path, *, num_images: int = NUM_IMAGES
) -> None:
  """Unpacks the official archive.

  Args:
    path: rendered_chairs.tar, of rendered_chairs/<id>/renders/
      image_001_p020_t011_r096.png and so on (p elevation, t azimuth).
    directory: the prepared folder.
    num_images: how many there must be.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, or holds another number of images.
  """
  with storage.atomic_directory(directory) as fresh:
    names = archives.extract(
      path, fresh, lambda name: bool(_RENDER.fullmatch(name))
    )
    if len(names) != num_images:
      raise ValueError(
        f"{path} holds {len(names)} images; needed: {num_images}"
      )
    header = Header(image_shape=(0, 0, 3), num_images=len(names))
    image_files.write(fresh, header, "", sorted(names))


def load(config) -> Dataset:
  """3D chairs as prepared, in the order of the file names."""
  return image_files.load_prepared(config, crop="resize")
