"""Copies prepared by TensorFlow Datasets, read without TensorFlow.

A copy is decoded once, in parallel, into the packed form in the cache. TFDS
shuffles records, so grids are put back in order by their labels.
"""

import hashlib
import io
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.entries import DatasetEntry, Images, TfdsCopy
from dvae_jax.data.formats import packing, placing, resizing, storage
from dvae_jax.data.formats.packing import Chunk, Header


def root(directory: str = "") -> Path:
  """Where TFDS keeps its copies: `directory`, or its own default."""
  given = directory or os.environ.get("TFDS_DATA_DIR")
  return Path(given or "~/tensorflow_datasets").expanduser()


def find(name: str, directory: str = "") -> Path | None:
  """The newest version that TFDS prepared of a data set, or None."""
  versions = [
    path.parent
    for path in (root(directory) / name).glob("*/dataset_info.json")
    if all(part.isdecimal() for part in path.parent.name.split("."))
  ]
  return max(
    versions,
    key=lambda path: [int(part) for part in path.name.split(".")],
    default=None,
  )


def is_readable(directory: Path) -> bool:
  """Whether a copy is in the format that needs no TensorFlow."""
  info = json.loads((directory / "dataset_info.json").read_text())
  return info.get("fileFormat") == "array_record"


def prepare(name: str, directory: str = "", *, by_hand: str = "") -> Path:
  """Downloads and prepares a data set through TFDS, which needs TensorFlow.

  Args:
    name: of a data set that TFDS has a builder for.
    directory: where; "" for TFDS's own default.
    by_hand: how else to get it, for the message.

  Returns:
    The folder of the prepared copy.

  Raises:
    ModuleNotFoundError: the extra "tfds" isn't installed.
    ValueError: the download isn't what it should be: CelebA's host answers
      with another page when its quota is used up.
  """
  for module in ("tensorflow", "h5py"):
    storage.needs(module, "tfds", f"preparing {name} through TFDS")
  import tensorflow_datasets as tfds

  builder = tfds.builder(
    name, data_dir=root(directory), file_format="array_record"
  )
  try:
    builder.download_and_prepare()
  except tfds.download.download_manager.NonMatchingChecksumError as error:
    raise ValueError(
      f"the download of {name} isn't the published file, its host may have"
      f" refused it{by_hand and ': ' + by_hand} ({error})"
    ) from error
  return Path(builder.data_dir)


def is_ready(name: str, directory: str = "") -> bool:
  """Whether there is a copy that can be read."""
  copy = find(name, directory)
  return copy is not None and is_readable(copy)


def load(entry: DatasetEntry, config) -> Dataset:
  """Loads a prepared copy; decodes it first where that's not been done.

  Args:
    entry: its `tfds` says how it is read.
    config: has `name` and `dir`.

  Raises:
    FileNotFoundError: TFDS hasn't prepared it; names the command that does.
    ValueError: the copy is in another format, incomplete or damaged.
  """
  name = config.name
  directory = find(name, config.dir)
  if directory is None:
    raise FileNotFoundError(
      f"TFDS has prepared no {name} in {root(config.dir)}: run python -m"
      f" dvae_jax.data prepare {name}"
    )
  spec = entry.tfds
  assert spec is not None
  if config.crop == "none":
    raise ValueError(
      "data.crop is 'none', which keeps the size of own images; copies by TFDS"
      " become square"
    )
  if spec.adjustable:
    spec = spec._replace(
      side=placing.check_side(config.resolution or spec.side, spec.image_shape),
      crop=config.crop or spec.crop,
    )
  key = f"tfds-{directory.name}-{spec.crop}-{spec.side}"
  stored = packing.cached(
    storage.cache_dir() / name / f"{key}-{_fingerprint(directory)}",
    partial(read, spec, directory),
    title=f"decoding {name}",
  )
  return placing.place(name, "tfds", stored, config)


def _fingerprint(directory: Path) -> str:
  """Changes when the copy is prepared anew."""
  status = [
    (p.name, p.stat().st_size, p.stat().st_mtime_ns)
    for p in sorted(directory.iterdir())
  ]
  return hashlib.sha256(repr(status).encode()).hexdigest()[:8]


def read(spec: TfdsCopy, directory: Path) -> Images:
  """Reads a prepared copy.

  Args:
    spec: what it is.
    directory: folder of its version, such as .../dsprites/2.0.0.

  Returns:
    The header, and the images in chunks.

  Raises:
    ValueError: the copy is in another format, incomplete or damaged.
  """
  sources = open_sources(directory, spec.splits)
  counts = [len(source) for source in sources]
  header = _converted(spec.header(counts), spec)
  if sum(counts) != header.num_images:
    raise ValueError(
      f"{directory} has {sum(counts)} images; needed: {header.num_images}"
    )
  blocks = [
    (source, block, sum(counts[:n]))
    for n, source in enumerate(sources)
    for block in packing.slices(len(source))
  ]
  return header, packing.in_parallel(partial(_decode, spec, directory), blocks)


def open_sources(directory: Path, splits: tuple[str, ...]) -> list[Any]:
  """Random access to the records of some splits, images still encoded."""
  import tensorflow_datasets as tfds

  try:
    builder = tfds.builder_from_directory(directory)
    return builder.as_data_source(
      list(splits), decoders={"image": tfds.decode.SkipDecoding()}
    )
  except NotImplementedError as error:
    raise ValueError(
      f"{directory} is in TFDS's format {builder.info.file_format.value}, which"
      " needs TensorFlow to be read; needed: array_record. Delete it and run"
      f" python -m dvae_jax.data prepare {directory.parent.name}"
    ) from error
  except Exception as error:  # TFDS raises many kinds on damaged folders
    raise ValueError(
      f"{directory} is no complete TFDS copy, delete it and prepare it again:"
      f" {error}"
    ) from error


def _decode(spec: TfdsCopy, directory: Path, block) -> Chunk:
  source, rows, start = block
  try:
    records = source.__getitems__(list(range(rows.start, rows.stop)))
    images = np.stack([_image(r["image"], spec.image_shape) for r in records])
    labels = np.array(
      [[_field(r, name) for name in spec.labels] for r in records], np.int32
    )
  except Exception as error:  # whatever array_record, protobuf, Pillow raise
    raise ValueError(
      f"{directory} is damaged, delete it and prepare it again: {error}"
    ) from error
  if spec.side:
    top, left, height, width = resizing.crop_box(
      images.shape[1], images.shape[2], spec.crop
    )
    images = images[:, top : top + height, left : left + width]
    images = resizing.resize(images, spec.side)
  if spec.sizes:
    return Chunk(packing.grid_rows(labels, spec.sizes), images)
  return Chunk(slice(start + rows.start, start + rows.stop), images, labels)


def _converted(header: Header, spec: TfdsCopy) -> Header:
  """The header of images cropped and resized to `spec.side`."""
  if not spec.side:
    return header
  height, width, channels = spec.image_shape
  kept = resizing.crop_box(height, width, spec.crop)[2]
  notes = {"crop": spec.crop, "packed_from": f"{height} x {width}"}
  notes["packed_by"] = resizing.rule(kept, spec.side)
  shape = (spec.side, spec.side, channels)
  return header._replace(image_shape=shape, notes=notes)


def _field(record: dict, name: str) -> int:
  outer, _, inner = name.partition("/")
  return record[outer][inner] if inner else record[outer]


def _image(encoded: bytes, shape: tuple[int, int, int]) -> np.ndarray:
  from PIL import Image

  with Image.open(io.BytesIO(encoded)) as image:
    return np.asarray(image).reshape(shape)
