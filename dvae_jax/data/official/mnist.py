"""MNIST (LeCun et al. 1998), Fashion-MNIST (Xiao et al. 2017, 1708.07747)."""

from pathlib import Path

import numpy as np

from dvae_jax.data.entries import Images, TfdsCopy
from dvae_jax.data.formats import idx
from dvae_jax.data.formats.packing import Chunk, Header

FASHION = (
  "T-shirt/top",
  "trouser",
  "pullover",
  "dress",
  "coat",
  "sandal",
  "shirt",
  "sneaker",
  "bag",
  "ankle boot",
)
DIGITS = tuple("0123456789")


def debian() -> Path:
  """Where Debian's package dataset-fashion-mnist installs the four files."""
  return Path("/usr/share/datasets/fashion-mnist")


def header(num_train: int, num_images: int, names: tuple[str, ...]) -> Header:
  """What the set is; the official test images, which come last, are held out.

  Args:
    num_train: number of official training images.
    num_images: number of all images.
    names: of the classes.
  """
  return Header(
    image_shape=(28, 28, 1),
    num_images=num_images,
    factor_names=("label",),
    factor_values=(names,),
    held_out=np.arange(num_train, num_images),
  )


def tfds_copy(names: tuple[str, ...]) -> TfdsCopy:
  """How TFDS's copy of either set is read; `names` are those of the classes."""
  return TfdsCopy(
    lambda counts: header(counts[0], sum(counts), names),
    (28, 28, 1),
    ("label",),
    splits=("train", "test"),
  )


def read(path: Path, *, names: tuple[str, ...]) -> Images:
  """Reads the four official files.

  Args:
    path: the folder with train- and t10k-images-idx3-ubyte and
      -labels-idx1-ubyte, with or without .gz.
    names: of the ten classes.

  Returns:
    The header, and training then test images.

  Raises:
    FileNotFoundError: a file is missing.
    ValueError: one is damaged, or has another shape, type or label.
  """
  images, labels = zip(
    *(_read_part(path, p) for p in ("train", "t10k")), strict=True
  )
  factors = np.concatenate(labels).astype(np.int32)[:, None]
  head = header(len(labels[0]), len(factors), names)._replace(factors=factors)
  both = np.concatenate(images)[..., None]
  return head, iter([Chunk(slice(0, len(both)), both)])


def _read_part(path: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
  images = idx.read(_find(path, f"{part}-images-idx3-ubyte"))
  labels = idx.read(_find(path, f"{part}-labels-idx1-ubyte"))
  if images.shape != (len(labels), 28, 28) or labels.max(initial=0) > 9:
    raise ValueError(
      f"{path}: {part} has images of shape {images.shape} and labels of shape"
      f" {labels.shape} up to {labels.max(initial=0)}; needed: (N, 28, 28) and"
      " (N,) up to 9"
    )
  return images, labels


def _find(path: Path, name: str) -> Path:
  return path / name if (path / name).exists() else path / f"{name}.gz"
