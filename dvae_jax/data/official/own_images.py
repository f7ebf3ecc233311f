"""People's own images: a folder of image files, or arrays in an .npz file."""

import csv
import hashlib
import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.entries import Images
from dvae_jax.data.formats import (
  image_files,
  npy_members,
  packing,
  placing,
  resizing,
  storage,
)
from dvae_jax.data.formats.image_files import ImageFiles
from dvae_jax.data.formats.packing import Header

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
TABLE = "factors.csv"


def load_folder(config) -> Dataset:
  """A folder of images: `data.name="image_folder"`, `data.dir=FOLDER`.

  Images, in subfolders or not, come in the order of their names. A table
  factors.csv has a column `file` and one for each factor, numbers or words. If
  the images hold every combination of the factors once, they are put in that
  order and are a grid data set.

  Raises:
    ValueError: names the field, or the file, and what is wrong with it.
  """
  root = given(config, Path.is_dir, "a folder of images")
  paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES)
  if not paths:
    raise ValueError(
      f"data.dir is {config.dir!r}; needed: a folder with images"
      f" ({' '.join(SUFFIXES)})"
    )
  channels = 1 if image_files.is_grey(paths[0]) else 3
  header = Header(image_shape=(0, 0, channels), num_images=len(paths))
  stamp = [(str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in paths]
  table = root / TABLE
  if table.exists():
    names = [p.relative_to(root).as_posix() for p in paths]
    header, order = with_factors(header, *read_table(table, names))
    paths = [paths[row] for row in order]
    stamp.append((TABLE, table.stat().st_size, table.stat().st_mtime_ns))
  return image_files.load(
    config.name,
    ImageFiles(header, paths),
    config,
    crop="center",
    stamp=json.dumps(stamp),
  )


def load_npz(config) -> Dataset:
  """Arrays in a file: `data.name="npz"`, `data.dir=FILE`.

  `images` is (N, H, W) or (N, H, W, C), uint8, or bool for black and white;
  optional are `factors` (N, K), numbers or words, and `factor_names` (K,).

  Raises:
    ValueError: names the field, or the array, and what is wrong with it.
  """
  path = given(config, Path.is_file, "an .npz file")
  rule = config.crop or "center"
  status = path.stat()
  key = [str(path.resolve()), status.st_size, status.st_mtime_ns, rule]
  stamp = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
  stored = packing.cached(
    storage.cache_dir() / config.name / stamp,
    partial(read_npz, path, rule),
    title=f"packing {path.name}",
  )
  return placing.place(config.name, "file", stored, config)


def given(config, is_right, what: str) -> Path:
  """The path `data.dir`, or a sentence about what it has to be."""
  path = Path(config.dir).expanduser()
  if not config.dir or not is_right(path):
    raise ValueError(f"data.dir is {config.dir!r}; needed: {what}")
  return path


def read_npz(path: Path, rule: str) -> Images:
  """Reads an .npz file of images; `rule` says how they become square."""
  shape, dtype, *_ = npy_members.inspect(path, "images")
  if dtype not in (np.uint8, bool) or len(shape) not in (3, 4) or 0 in shape:
    raise ValueError(
      f"{path}: images is {dtype} of shape {shape}; needed: uint8 or bool of"
      " (N, H, W) or (N, H, W, C)"
    )
  top, left, height, width = resizing.crop_box(shape[1], shape[2], rule)
  header = Header(
    image_shape=(height, width, shape[3] if len(shape) == 4 else 1),
    num_images=shape[0],
    binary=dtype.kind == "b",
    notes={"file": path.name, "crop": rule},
  )
  order = np.arange(shape[0])
  factors = npy_members.read_optional(path, "factors")
  if factors is not None:
    names = npy_members.read_optional(path, "factor_names")
    header, order = with_factors(header, *named_factors(path, factors, names))
  rows = np.argsort(order)
  blocks = (
    block[:, top : top + height, left : left + width]
    .reshape(-1, *header.image_shape)
    .view(np.uint8)
    for block in npy_members.rows(path, "images", 256)
  )
  return header, packing.in_order(rows, blocks)


def named_factors(path: Path, factors: np.ndarray, names: np.ndarray | None):
  """Names and columns of factors (N, K), each (N,).

  Raises:
    ValueError: names the array, and what is wrong with it.
  """
  if factors.ndim != 2:
    raise ValueError(
      f"{path}: factors has shape {factors.shape}; needed: (N, K)"
    )
  if names is None:
    names = np.array([f"factor{k}" for k in range(factors.shape[1])])
  if names.shape != factors.shape[1:] or names.dtype.kind != "U":
    raise ValueError(
      f"{path}: factor_names is {names.dtype} of shape {names.shape}; needed:"
      f" {factors.shape[1]} strings"
    )
  return tuple(names.tolist()), list(factors.T)


def read_table(
  path: Path, files: Sequence[str]
) -> tuple[tuple[str, ...], list[np.ndarray]]:
  """Reads a table of factors.

  Args:
    path: CSV with a column `file` and one for each factor.
    files: names of the N images; the table has a line for each.

  Returns:
    Names of the K factors, and their columns, each (N,) in the order of files.

  Raises:
    ValueError: a column or line is missing, doubled or too short.
  """
  with open(path, newline="", encoding="utf-8") as file:
    lines = list(csv.reader(file))
  head, body = (lines[0], lines[1:]) if lines else ([], [])
  if "file" not in head or len(head) < 2 or len(set(head)) < len(head):
    raise ValueError(
      f"{path} has columns {head}; needed: file, and others, all different"
    )
  column = head.index("file")
  rows = {line[column]: line for line in body if len(line) == len(head)}
  if set(rows) != set(files) or len(body) != len(files):
    wrong = sorted(set(rows) ^ set(files))[:1] or ["a line of another length"]
    raise ValueError(
      f"{path} needs one full line for each of {len(files)} images; wrong:"
      f" {wrong[0]}"
    )
  names = tuple(name for name in head if name != "file")
  table = np.array([rows[file] for file in files])
  return names, [as_numbers(table[:, head.index(name)]) for name in names]


def as_numbers(words: np.ndarray) -> np.ndarray:
  """Words as numbers where all of them are."""
  for kind in (int, float):
    try:
      return words.astype(kind)
    except ValueError:
      continue
  return words


def with_factors(
  header: Header, names: tuple[str, ...], columns: list[np.ndarray]
) -> tuple[Header, np.ndarray]:
  """Adds factors to a header.

  Args:
    header: of N images.
    names: of K factors.
    columns: K times (N,) values; sorted, they become 0, 1, 2, ...

  Returns:
    The header, as a grid if it is one, and the order that images then have.

  Raises:
    ValueError: the columns are not for N images.
  """
  if any(column.shape != (header.num_images,) for column in columns):
    raise ValueError(
      f"factors have {[len(c) for c in columns]} lines; needed:"
      f" {header.num_images}"
    )
  values: list[tuple[Any, ...]] = []
  ranks = []
  for column in columns:
    unique, rank = np.unique(column, return_inverse=True)
    values.append(tuple(unique.tolist()))
    ranks.append(rank)
  factors = np.stack(ranks, 1).astype(np.int32)
  header = header._replace(factor_names=names, factor_values=tuple(values))
  sizes = tuple(len(v) for v in values)
  if math.prod(sizes) == header.num_images:
    rows = packing.grid_rows(factors, sizes)
    order = np.argsort(rows)
    if np.array_equal(rows[order], np.arange(len(rows))):
      return header._replace(factor_sizes=sizes), order
  return header._replace(factors=factors), np.arange(header.num_images)
