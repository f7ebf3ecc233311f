"""People's own numbers: a table whose rows are vectors, for networks of layers.

A row is an image of one line, (1, D, 1), each column scaled to [0, 1] by its
lowest and highest number; the data set's notes keep both, so that `low +
decoded * (high - low)` is in the units of the table.
"""

import csv
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import npy_members, placing, storage
from dvae_jax.data.formats.packing import Header
from dvae_jax.data.official.own_images import (
  as_numbers,
  given,
  named_factors,
  with_factors,
)

FACTOR = "factor:"  # before the name of a column that isn't trained on


def load(config) -> Dataset:
  """A table of numbers: `data.name="table"`, `data.dir=FILE`.

  A .csv file has a line of names; columns named "factor:NAME" are ground truth
  and not trained on. An .npy file is (N, D); an .npz file has `vectors` (N, D)
  and, if there are any, `factors` (N, K) and `factor_names` (K,).

  Raises:
    ValueError: names the field or the file, and what is wrong with it.
  """
  path = given(config, Path.is_file, "a .csv, .npy or .npz file")
  if config.resolution or config.crop:
    raise ValueError("data.resolution, data.crop: a table has neither; unset")
  readers = {".csv": read_csv, ".npy": read_npy, ".npz": read_npz}
  if path.suffix.lower() not in readers:
    raise ValueError(
      f"data.dir is {config.dir!r}; needed: one of {', '.join(readers)}"
    )
  vectors, columns, factors = readers[path.suffix.lower()](path)
  scaled, low, high = scale(path, vectors)
  header = Header(image_shape=(1, vectors.shape[1], 1), num_images=len(vectors))
  if factors:
    names, values = zip(*factors.items(), strict=True)
    header, order = with_factors(header, names, list(values))
    scaled = scaled[order]
  left, rows = placing.thin(header, config.stride)
  dataset = placing.dataset_of(
    config.name, "file", left, config, sides=(1, vectors.shape[1]),
    placement="device",
  )  # fmt: skip
  kept = scaled if rows is None else scaled[rows]
  notes = {
    "file": path.name,
    "columns": columns,
    "low": low.tolist(),
    "high": high.tolist(),
    "placement": "device",
    "stride": dataset.notes["stride"],
  }
  return dataset._replace(
    arrays=jnp.asarray(kept[:, None, :, None]), render=_row, notes=notes
  )


def _row(arrays, indices):
  """(B, 1, D, 1) rows of the table."""
  return arrays[indices]


def scale(path: Path, vectors: np.ndarray):
  """Columns (N, D) to [0, 1], float32, with their lowest and highest numbers.

  Raises:
    ValueError: a number is missing or infinite; names its line.
  """
  if (
    vectors.ndim != 2 or 0 in vectors.shape or vectors.dtype.kind not in "buif"
  ):
    raise ValueError(
      f"{path}: {vectors.dtype} of shape {vectors.shape}; needed: numbers of"
      " (N, D)"
    )
  vectors = vectors.astype(np.float64)
  wrong = np.argwhere(~np.isfinite(vectors))
  if len(wrong):
    row, column = wrong[0]
    raise ValueError(
      f"{path}: row {row}, column {column} (from 0) is {vectors[row, column]};"
      " needed: numbers; fill in or leave out what is missing"
    )
  low, high = vectors.min(0), vectors.max(0)
  spread = np.where(high > low, high - low, 1.0)
  return ((vectors - low) / spread).astype(np.float32), low, high


def read_csv(path: Path):
  """Vectors, names of their columns, and factors of a .csv file.

  Raises:
    ValueError: names the line that isn't numbers.
  """
  with open(path, newline="", encoding="utf-8") as file:
    lines = [line for line in csv.reader(file) if line]
  head, body = (lines[0], lines[1:]) if lines else ([], [])
  if not body or len(set(head)) < len(head):
    raise ValueError(
      f"{path} has columns {head} and {len(body)} lines; needed: a line of"
      " different names, and lines of numbers"
    )
  columns = [name for name in head if not name.startswith(FACTOR)]
  places = [head.index(name) for name in columns]
  vectors = []
  for number, line in enumerate(body, 2):
    try:
      vectors.append([float(line[place]) for place in places])
    except (ValueError, IndexError) as error:
      raise ValueError(
        f"{path}, line {number}: {error}; needed: {len(head)} cells, numbers in"
        f" all but columns named '{FACTOR}NAME'"
      ) from error
  factors = {
    name.removeprefix(FACTOR): as_numbers(
      np.array([line[place] for line in body])
    )
    for place, name in enumerate(head)
    if name.startswith(FACTOR)
  }
  return np.array(vectors), columns, factors


def read_npy(path: Path):
  """Vectors (N, D) of an .npy file; as `read_csv`."""
  with storage.reading(path, "npy file"):
    try:
      vectors = np.load(path, allow_pickle=False)
    except ValueError as error:
      raise ValueError(f"{path} is refused: {error}") from error
  return vectors, _numbered(vectors), {}


def read_npz(path: Path):
  """Arrays of an .npz file; as `read_csv`."""
  npy_members.inspect(path, "vectors")
  with storage.reading(path, "npz file"):
    vectors = np.load(path, allow_pickle=False)["vectors"]
  factors = npy_members.read_optional(path, "factors")
  if factors is None:
    return vectors, _numbered(vectors), {}
  names = npy_members.read_optional(path, "factor_names")
  found = named_factors(path, factors, names)
  return vectors, _numbered(vectors), dict(zip(*found, strict=True))


def _numbered(vectors: np.ndarray) -> list[str]:
  return [f"column{j}" for j in range(vectors.shape[-1] if vectors.ndim else 0)]
