"""Copies prepared by TensorFlow Datasets, read without TensorFlow.

A copy is decoded once, in parallel, into the packed form in the cache. TFDS
shuffles records, so grids are put back in order by their labels.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import (
  idx,
  image_files,
  packing,
  placing,
  resizing,
  storage,
)
from dvae_jax.data.formats.packing import Chunk, Header
from dvae_jax.data.official import (
  celeba,
  dsprites_files,
  shapes3d_files,
  smallnorb,
)


class Spec(NamedTuple):
  """How one TFDS data set becomes a packed one.

  Attributes:
    header: split sizes -> header; its `factors` may be None, to be filled.
    image_shape: (H, W, C) of the records.
    labels: fields of a record, one a factor or place in the grid; "a/b" is
      field b of field a.
    sizes: of the grid that the labels are places in; () keeps record order,
      and the labels are the factors.
    splits: in the order that images are to have.
    side: to which images are resized; 0 keeps them.
    crop: the rule by which they are cropped before.
  """

  header: Callable[[list[int]], Header]
  image_shape: tuple[int, int, int]
  labels: tuple[str, ...]
  sizes: tuple[int, ...] = ()
  splits: tuple[str, ...] = ("train",)
  side: int = 0
  crop: str = "resize"


def _grid(header: Header, labels: str) -> Spec:
  return Spec(
    lambda _: header,
    header.image_shape,
    tuple(f"label_{name}" for name in labels.split()),
    header.factor_sizes,
  )


def _mnist(names: tuple[str, ...]) -> Spec:
  return Spec(
    lambda counts: idx.header(counts[0], sum(counts), names),
    (28, 28, 1),
    ("label",),
    splits=("train", "test"),
  )


def _celeba(counts: list[int]) -> Header:
  return celeba.header(sum(counts), np.arange(counts[0], sum(counts)))


def specs() -> dict[str, Spec]:
  """The data sets that TFDS has a builder for."""
  return {
    "dsprites": _grid(
      dsprites_files.header(),
      "shape scale orientation x_position y_position",
    ),
    "shapes3d": _grid(
      shapes3d_files.header(),
      "floor_hue wall_hue object_hue scale shape orientation",
    ),
    "smallnorb": Spec(
      lambda _: smallnorb.header(),
      (96, 96, 1),
      (
        "label_category",
        "instance",
        "label_elevation",
        "label_azimuth",
        "label_lighting",
      ),
      (smallnorb.SIZES[0], smallnorb.INSTANCES, *smallnorb.SIZES[1:]),
      ("train", "test"),
      side=64,
    ),
    "mnist": _mnist(idx.DIGITS),
    "fashion_mnist": _mnist(idx.FASHION),
    "celeb_a": Spec(
      _celeba,
      celeba.SHAPE,
      tuple(f"attributes/{name}" for name in celeba.ATTRIBUTES),
      splits=("train", "validation", "test"),
      side=image_files.DEFAULT_SIDE,
      crop=celeba.CROP,
    ),
  }


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


def prepare(name: str, directory: str = "") -> Path:
  """Downloads and prepares a data set through TFDS, which needs TensorFlow.

  Args:
    name: one of `specs()`.
    directory: where; "" for TFDS's own default.

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
    by_hand = f": {celeba.BY_HAND}" if name == "celeb_a" else ""
    raise ValueError(
      f"the download of {name} isn't the published file, its host may have"
      f" refused it{by_hand} ({error})"
    ) from error
  return Path(builder.data_dir)


def load(name: str, config) -> Dataset:
  """Loads a prepared copy; decodes it first where that's not been done.

  Raises:
    FileNotFoundError: TFDS hasn't prepared it; names the command that does.
    ValueError: the copy is in another format, incomplete or damaged.
  """
  directory = find(name, config.dir)
  if directory is None:
    raise FileNotFoundError(
      f"TFDS has prepared no {name} in {root(config.dir)}: run python -m"
      f" dvae_jax.data prepare {name}"
    )
  spec = specs()[name]
  if name == "celeb_a":
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


def read(spec: Spec, directory: Path) -> tuple[Header, Iterator[Chunk]]:
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


def _decode(spec: Spec, directory: Path, block) -> Chunk:
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


def _converted(header: Header, spec: Spec) -> Header:
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
  with Image.open(io.BytesIO(encoded)) as image:
    return np.asarray(image).reshape(shape)
