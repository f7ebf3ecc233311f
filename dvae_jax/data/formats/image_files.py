"""Sets of image files: decoded, cropped to a square and resized.

What fits the device is decoded once, in parallel, into the cache; what is
streamed is decoded batch by batch where it's read.
"""

import contextlib
import hashlib
import json
import math
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import packing, placing, resizing, storage
from dvae_jax.data.formats.packing import Chunk, Header

DEFAULT_SIDE = 64
MOST_PIXELS = 2**27  # of a file that is decoded
_RULE = "area, or bilinear where an image is smaller"


class ImageFiles(NamedTuple):
  """Image files and what is known of them.

  Attributes:
    header: `image_shape` is only the shape that all files must have, with 0
      where any height or width will do.
    paths: of the N files.
  """

  header: Header
  paths: Sequence[Path]


def load(
  name: str, files: ImageFiles, config, *, crop: str, stamp: str
) -> Dataset:
  """Makes a `Dataset` of image files.

  Args:
    name: registered name.
    files: the files.
    config: has `crop`, `resolution` (0 for 64, with the crop "none" for the
      files' own), `placement` and `stride`.
    crop: the rule where `config.crop` is "".
    stamp: changes whenever the files do.

  Returns:
    The data set; its notes name the crop and the resolution.

  Raises:
    ValueError: names the field, or the file that is damaged or has the wrong
      size.
  """
  rule = config.crop or crop
  side = placing.check_side(config.resolution or DEFAULT_SIDE, (0, 0, 0))
  height, width, channels = files.header.image_shape
  resizing.crop_box(height or 2**31, width or 2**31, rule)  # names a bad rule
  sides = (side, side)
  if rule == "none":
    sides, side = own_sides(files, config.resolution), 0
    height, width = sides
  decode = partial(
    decode_file, shape=(height, width, channels), crop=rule, side=side
  )
  header = files.header._replace(
    image_shape=(*sides, channels),
    notes={**files.header.notes, "crop": rule, "packed_by": _RULE},
  )
  placement = placing.choose_placement(
    config.placement, packing.num_bytes(placing.thin(header, config.stride)[0])
  )
  if placement == "streamed":
    return _streamed(name, header, files.paths, decode, config, sides)
  blocks = packing.slices(header.num_images, 64)
  stored = packing.cached(
    storage.cache_dir() / name / f"{_key(stamp, rule, side)}",
    lambda: (
      header,
      packing.in_parallel(partial(_read, files.paths, decode), blocks),
    ),
    title=f"decoding {name}",
  )
  return placing.place(name, "file", stored, config)


def load_prepared(config, *, crop: str) -> Dataset:
  """Makes a `Dataset` of the folder prepared for `config.name`; as `load`."""
  directory = storage.prepared_dir(config.name, config.dir)
  stamp = str((directory / "meta.json").stat().st_mtime_ns)
  files = open_prepared(directory)
  return load(config.name, files, config, crop=crop, stamp=stamp)


def own_sides(files: ImageFiles, resolution: int) -> tuple[int, int]:
  """Height and width of the first file, which all others must have.

  Raises:
    ValueError: a resolution is asked for, too.
  """
  if resolution:
    raise ValueError(
      f"data.resolution is {resolution}; needed: 0, because data.crop is 'none'"
      " and images keep their height and width"
    )
  height, width, _ = files.header.image_shape
  return (height, width) if height else size_of(files.paths[0])


def _streamed(name: str, header, paths, decode, config, sides) -> Dataset:
  left, rows = placing.thin(header, config.stride)
  rows = np.arange(len(paths)) if rows is None else rows

  def read(indices):
    return np.stack([decode(paths[row]) for row in rows[indices]])

  return placing.dataset_of(
    name, "file", left, config, sides=sides, placement="streamed"
  )._replace(read=read)


def _read(paths: Sequence[Path], decode, block: slice) -> Chunk:
  return Chunk(block, np.stack([decode(path) for path in paths[block]]))


def _key(*parts) -> str:
  return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def decode_file(
  path: Path, *, shape: tuple[int, int, int], crop: str, side: int
) -> np.ndarray:
  """Decodes one image file.

  Args:
    path: of the file.
    shape: (H, W, C) that it must have; 0 for any height or width. It becomes
      grey for C = 1 and RGB for C = 3.
    crop: crop rule.
    side: of the result, in pixels; 0 keeps it as it is.

  Returns:
    (side, side, C) uint8.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, has another size or more than 8 bits a pixel.
  """
  from PIL import ImageOps

  with _opened(path) as image:
    if image.mode[0] in "IF":
      raise ValueError(
        f"{path} has pixels of type {image.mode}; needed: 8 bits"
      )
    upright = ImageOps.exif_transpose(image)
    pixels = np.asarray(upright.convert("L" if shape[2] == 1 else "RGB"))
  height, width = pixels.shape[:2]
  if shape[0] and (height, width) != shape[:2]:
    raise ValueError(
      f"{path} has {height} x {width} pixels; needed: {shape[0]} x {shape[1]}"
    )
  top, left, height, width = resizing.crop_box(height, width, crop)
  pixels = pixels[top : top + height, left : left + width]
  pixels = pixels.reshape(height, width, shape[2])
  return resizing.resize(pixels, side) if side else pixels


def size_of(path: Path) -> tuple[int, int]:
  """Height and width of an image file, the right way up."""
  from PIL import ImageOps

  with _opened(path) as image:
    width, height = ImageOps.exif_transpose(image).size
  return height, width


def is_grey(path: Path) -> bool:
  """Whether an image file has one channel."""
  with _opened(path) as image:
    return image.mode in ("1", "L")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator:
  """An image file that isn't decoded yet, and isn't too large to be.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, or declares more pixels than any photograph.
  """
  from PIL import Image

  with storage.reading(path, "image"), warnings.catch_warnings():
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    try:
      image = Image.open(path)
    except Image.DecompressionBombError as error:
      raise ValueError(f"{path} is refused: {error}") from error
    with image:
      if math.prod(image.size) > MOST_PIXELS:
        raise ValueError(
          f"{path} declares {image.size[0]} x {image.size[1]} pixels; at most"
          f" {MOST_PIXELS:,} are decoded"
        )
      yield image


def write(
  directory: Path, header: Header, root: str, names: Sequence[str]
) -> None:
  """Records in a prepared folder where its image files are."""
  packing.write_header(directory, header, {"root": root, "names": [*names]})


def open_prepared(directory: Path) -> ImageFiles:
  """Opens a folder that `write` wrote.

  Raises:
    ValueError: it is damaged, or its image files were moved.
  """
  header, place = packing.read_header(directory)
  root = directory / place["root"]
  if not root.is_dir():
    raise ValueError(f"{root} is gone: prepare {directory} again")
  return ImageFiles(header, [root / name for name in place["names"]])
