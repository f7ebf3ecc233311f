"""IDX files: MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017)."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dvae_jax.data.formats import storage
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
# Where Debian's package dataset-fashion-mnist installs the four files.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


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


def read(
  path: Path, *, names: tuple[str, ...]
) -> tuple[Header, Iterator[Chunk]]:
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
  images = read_idx(_find(path, f"{part}-images-idx3-ubyte"))
  labels = read_idx(_find(path, f"{part}-labels-idx1-ubyte"))
  if images.shape != (len(labels), 28, 28) or labels.max(initial=0) > 9:
    raise ValueError(
      f"{path}: {part} has images of shape {images.shape} and labels of shape"
      f" {labels.shape} up to {labels.max(initial=0)}; needed: (N, 28, 28) and"
      " (N,) up to 9"
    )
  return images, labels


def _find(path: Path, name: str) -> Path:
  return path / name if (path / name).exists() else path / f"{name}.gz"


def read_idx(path: Path) -> np.ndarray:
  """Reads an IDX file of bytes: two zeros, 8, the rank, big-endian sizes.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, truncated or of another type.
  """
  with storage.reading(path, "IDX file"):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
      raw = file.read()
    if raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
      raise OSError(f"it starts with {raw[:4]!r}, not with two zeros and 8")
    shape = tuple(np.frombuffer(raw, ">i4", raw[3], 4).tolist())
    offset = 4 + 4 * raw[3]
    if len(raw) != offset + int(np.prod(shape)):
      raise OSError(
        f"{len(raw)} bytes; its shape {shape} needs {offset + np.prod(shape)}"
      )
  return np.frombuffer(raw, np.uint8, offset=offset).reshape(shape)
