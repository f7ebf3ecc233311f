"""Falcor3D and Isaac3D (Nie et al. 2020, arXiv:2003.03461): rooms rendered.

PNG files that are numbered in the order of their factors, at full size or at
128 pixels; no rendering is passed on here.
"""

import math
import re
from pathlib import Path, PurePosixPath

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import archives, image_files, storage
from dvae_jax.data.formats.packing import Header

FALCOR = {
  "lighting_intensity": 5,
  "lighting_x-dir": 6,
  "lighting_y-dir": 6,
  "lighting_z-dir": 6,
  "camera_x-pos": 6,
  "camera_y-pos": 6,
  "camera_z-pos": 6,
}
# The authors' page has camera height and object scale before the robot, but
# with the strides of this order, which their demonstration and labels have.
ISAAC = {
  "object_shape": 3,
  "robot_x-move": 8,
  "robot_y-move": 5,
  "camera_height": 4,
  "object_scale": 4,
  "lighting_intensity": 4,
  "lighting_y-dir": 6,
  "object_color": 4,
  "wall_color": 4,
}
BY_HAND = (
  "download the 128 x 128 version linked at"
  " https://github.com/NVlabs/High-res-disentanglement-datasets"
)
_IMAGE = re.compile(r"(.*/)?images/\d{6}\.png")


def prepare_falcor(path: Path, directory: Path) -> None:
  """Prepares Falcor3D; arguments as of `prepare`."""
  prepare(path, directory, factors=FALCOR)


def prepare_isaac(path: Path, directory: Path) -> None:
  """Prepares Isaac3D; arguments as of `prepare`."""
  prepare(path, directory, factors=ISAAC)


def prepare(path: Path, directory: Path, *, factors: dict[str, int]) -> None:
  """Prepares the user's download.

  Args:
    path: an archive, which is unpacked into the prepared folder, or an unpacked
      folder, which must stay where it is; in either is a folder `images` with
      000000.png, 000001.png and so on.
    directory: the prepared folder.
    factors: names and numbers of values, the last one fastest.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, or an image is missing or comes twice.
  """
  count = math.prod(factors.values())
  with storage.atomic_directory(directory) as fresh:
    if path.is_dir():
      root = str(path.resolve())
      found = (file.relative_to(path) for file in path.rglob("images/*.png"))
      names = [name.as_posix() for name in found]
      names = [name for name in names if _IMAGE.fullmatch(name)]
    else:
      root = ""
      names = archives.extract(
        path, fresh, lambda name: bool(_IMAGE.fullmatch(name))
      )
    names.sort(key=lambda name: PurePosixPath(name).name)
    expected = [f"{number:06d}" for number in range(count)]
    if [PurePosixPath(name).stem for name in names] != expected:
      raise ValueError(
        f"{path} holds {len(names)} images; needed: {count}, images/000000.png"
        f" to images/{expected[-1]}.png, each once"
      )
    header = Header(
      image_shape=(0, 0, 3),
      num_images=count,
      factor_names=tuple(factors),
      factor_sizes=tuple(factors.values()),
    )
    image_files.write(fresh, header, root, names)


def load(config) -> Dataset:
  """Either set as prepared, a grid, at `config.resolution`."""
  return image_files.load_prepared(config, crop="resize")
