"""The packed form of a data set: on disk, on the device, and streamed.

Images are rows of uint8, or of bits where pixels are 0 or 1, in one file. A
prepared folder holds `meta.json`, `images.npy` and, where the set has them,
`factors.npy` and `held_out.npy`.
"""

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dvae_jax import arrays
from dvae_jax.data.formats import storage
from dvae_jax.progress import progress_bar

_VERSION = 1


class Header(NamedTuple):
  """What is kept beside the pixels; the fields mean what `Dataset`'s do.

  `binary` says that every pixel is 0 or 1 and packed as one bit.
  """

  image_shape: tuple[int, int, int]
  num_images: int
  factor_names: tuple[str, ...] = ()
  factor_sizes: tuple[int, ...] = ()
  factor_values: tuple[tuple[Any, ...], ...] = ()
  binary: bool = False
  factors: np.ndarray | None = None
  held_out: np.ndarray | None = None
  notes: dict[str, Any] = {}  # noqa: RUF012 - read only


class Chunk(NamedTuple):
  """Some images on their way to disk.

  Attributes:
    rows: (B,) where they belong, or a slice.
    images: (B, H, W, C) uint8.
    factors: (B, K) integers, where the header has none yet.
  """

  rows: Any
  images: np.ndarray
  factors: np.ndarray | None = None


class Stored(NamedTuple):
  """Images in a file: rows of `row_shape(header)`, from byte `offset` on."""

  header: Header
  file: Path
  offset: int


def row_shape(header: Header) -> tuple[int, ...]:
  """Shape of one image in the packed form, uint8."""
  if not header.binary:
    return header.image_shape
  return (-(-int(np.prod(header.image_shape)) // 8),)


def num_bytes(header: Header) -> int:
  """Size of all images in the packed form."""
  return header.num_images * int(np.prod(row_shape(header)))


def pack_bits(images: np.ndarray) -> np.ndarray:
  """(B, H, W, C) of 0 and 1 -> (B, ceil(HWC / 8)) uint8."""
  return np.packbits(images.reshape(len(images), -1), axis=1)


def in_parallel(
  read: Callable[[Any], Chunk], blocks: Iterable[Any]
) -> Iterator[Chunk]:
  """Yields read(block) for every block, in order, a few of them ahead."""
  workers = min(8, os.cpu_count() or 1)
  with ThreadPoolExecutor(workers) as pool:
    ahead: deque = deque()
    try:
      for block in blocks:
        ahead.append(pool.submit(read, block))
        if len(ahead) > 2 * workers:
          yield ahead.popleft().result()
      while ahead:
        yield ahead.popleft().result()
    finally:
      pool.shutdown(cancel_futures=True)


def slices(num_images: int, size: int = 256) -> Iterator[slice]:
  """Consecutive slices of `size` that cover all images."""
  for start in range(0, num_images, size):
    yield slice(start, min(start + size, num_images))


def in_order(rows: np.ndarray, blocks: Iterable[np.ndarray]) -> Iterator[Chunk]:
  """Chunks of consecutive blocks of images, the n-th of which is `rows[n]`."""
  start = 0
  for images in blocks:
    stop = start + len(images)
    yield Chunk(rows[start:stop], images)
    start = stop


def chunks_of(stored: Stored) -> Iterator[Chunk]:
  """All images of a file that holds them as bytes, in its order."""
  for block in slices(stored.header.num_images):
    indices = np.arange(block.start, block.stop)
    yield Chunk(block, read_rows(stored, indices))


def write(
  directory: Path, header: Header, chunks: Iterable[Chunk], *, title: str
) -> None:
  """Writes a prepared folder, whole or not at all, with a progress bar.

  Args:
    directory: the folder; replaced if it exists.
    header: what the images are.
    chunks: all images, in any order.
    title: what the progress bar says.

  Raises:
    ValueError: images have another shape or type than the header says, aren't
      0 or 1 though it says binary, or come twice or never.
  """
  with storage.atomic_directory(directory) as fresh:
    shape = (header.num_images, *row_shape(header))
    rows = np.lib.format.open_memmap(
      fresh / "images.npy", "w+", np.uint8, shape
    )
    written = np.zeros(header.num_images, bool)
    factors = header.factors
    with progress_bar() as bar:
      task = bar.add_task(title, total=header.num_images)
      for chunk in chunks:
        _check_chunk(chunk, header, written)
        rows[chunk.rows] = (
          pack_bits(chunk.images) if header.binary else chunk.images
        )
        written[chunk.rows] = True
        if chunk.factors is not None:
          if factors is None:
            factors = np.zeros((len(rows), chunk.factors.shape[1]), np.int32)
          factors[chunk.rows] = chunk.factors
        bar.advance(task, len(chunk.images))
    if not written.all():
      raise ValueError(
        f"{title}: {int((~written).sum())} of {header.num_images} images are"
        " missing"
      )
    rows.flush()
    write_header(
      fresh,
      header._replace(factors=factors),
      {"file": "images.npy", "offset": rows.offset},
    )


def link(directory: Path, header: Header, file: Path, offset: int) -> None:
  """Writes a prepared folder that points at rows in the user's own file."""
  with storage.atomic_directory(directory) as fresh:
    place = {"file": str(Path(file).resolve()), "offset": offset}
    write_header(fresh, header, place)


def cached(
  directory: Path,
  read: Callable[[], tuple[Header, Iterable[Chunk]]],
  *,
  title: str,
) -> Stored:
  """Opens a prepared folder, and writes it first where it's missing."""
  if not directory.exists():
    write(directory, *read(), title=title)
  return open_stored(directory)


def grid_rows(factors: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
  """Row-major indices (N,) of factors (N, K); ValueError off the grid."""
  factors = np.asarray(factors)
  integers = np.issubdtype(factors.dtype, np.integer)
  if not integers or factors.ndim != 2 or factors.shape[1] != len(sizes):
    raise ValueError(
      f"factors are {factors.dtype} of shape {factors.shape}; needed: integers,"
      f" one column for each of {len(sizes)} factors"
    )
  low, high = factors.min(0, initial=0), factors.max(0, initial=0)
  if low.min() < 0 or (high >= sizes).any():
    raise ValueError(
      f"factors reach from {low.tolist()} to {high.tolist()}; allowed: 0 up to"
      f" below {list(sizes)}"
    )
  return np.ravel_multi_index(tuple(factors.T), sizes)


def _check_chunk(chunk: Chunk, header: Header, written: np.ndarray) -> None:
  images = chunk.images
  if images.dtype != np.uint8 or images.shape[1:] != header.image_shape:
    raise ValueError(
      f"images are {images.dtype} of shape {images.shape[1:]}; needed: uint8 of"
      f" shape {header.image_shape}"
    )
  if header.binary and images.max(initial=0) > 1:
    raise ValueError(f"pixels reach {images.max()}; allowed: 0 and 1")
  rows = np.arange(len(written))[chunk.rows]
  if written[rows].any() or len(np.unique(rows)) < len(rows):
    raise ValueError("an image comes twice: its factors repeat another's")


def write_header(directory: Path, header: Header, place: dict) -> None:
  """Writes a header, and where its images are, into a folder."""
  fields = header._asdict()
  for name in ("factors", "held_out"):
    if fields.pop(name) is not None:
      arrays.write_one(directory / f"{name}.npy", getattr(header, name))
  meta = {"version": _VERSION, "place": place, "header": fields}
  (directory / "meta.json").write_text(json.dumps(meta))


def read_header(directory: Path) -> tuple[Header, dict]:
  """What `write_header` wrote; raises ValueError where it's damaged."""
  try:
    meta = json.loads((directory / "meta.json").read_text())
    if meta["version"] != _VERSION:
      raise ValueError(f"it has format {meta['version']}, not {_VERSION}")
    fields = {name: _tuples(value) for name, value in meta["header"].items()}
    for name in ("factors", "held_out"):
      if (path := directory / f"{name}.npy").exists():
        fields[name] = arrays.read_one(path)
    return Header(**fields), meta["place"]
  except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
    raise ValueError(
      f"{directory} is damaged: delete it and prepare it again ({error})"
    ) from error


def open_stored(directory: Path) -> Stored:
  """Opens a prepared folder.

  Raises:
    ValueError: it is damaged, or its image file is shorter than it should be or
      was moved; the sentence says to prepare again.
  """
  header, place = read_header(directory)
  stored = Stored(header, directory / place["file"], place["offset"])
  again = f"delete {directory} and prepare it again"
  if not stored.file.exists():
    raise ValueError(f"{stored.file} is gone: {again}")
  if stored.file.stat().st_size < stored.offset + num_bytes(header):
    raise ValueError(f"{stored.file} is truncated: {again}")
  return stored


def _tuples(value):
  """JSON's lists as tuples; `notes`, a dict, stays as it is."""
  return tuple(map(_tuples, value)) if isinstance(value, list) else value


def read_rows(stored: Stored, indices: np.ndarray) -> np.ndarray:
  """Packed rows (B, ...) of the given images, read from the file.

  Reads only these rows and maps nothing into memory, so that a file of any
  size costs a batch's worth of it; safe to call from several threads.
  """
  shape = row_shape(stored.header)
  size = int(np.prod(shape))
  rows = np.empty((len(indices), *shape), np.uint8)
  file = os.open(stored.file, os.O_RDONLY)
  try:
    for row, index in zip(rows, indices, strict=True):
      start = stored.offset + int(index) * size
      if os.preadv(file, [row.reshape(-1)], start) != size:
        raise ValueError(f"{stored.file} is truncated: prepare it again")
  finally:
    os.close(file)
  return rows


def read_all(stored: Stored) -> np.ndarray:
  """Packed rows (N, ...) of all images."""
  count = num_bytes(stored.header)
  with open(stored.file, "rb") as file:
    file.seek(stored.offset)
    rows = np.fromfile(file, np.uint8, count)
  return rows.reshape(stored.header.num_images, *row_shape(stored.header))


def read_images(stored: Stored, indices: np.ndarray) -> np.ndarray:
  """(B, H, W, C) uint8 images, black 0 and white 255."""
  rows = read_rows(stored, indices)
  if not stored.header.binary:
    return rows
  bits = np.unpackbits(
    rows, axis=1, count=int(np.prod(stored.header.image_shape))
  )
  return 255 * bits.reshape(-1, *stored.header.image_shape)
