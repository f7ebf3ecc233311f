"""What a data set is: the type of a row of `catalog.DATASETS`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats.packing import Chunk, Header

Images = tuple[Header, Iterator[Chunk]]


class TfdsCopy(NamedTuple):
  """How the copy that TFDS prepares of a data set becomes a packed one.

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
    adjustable: whether `data.resolution` and `data.crop` replace these two.
  """

  header: Callable[[list[int]], Header]
  image_shape: tuple[int, int, int]
  labels: tuple[str, ...]
  sizes: tuple[int, ...] = ()
  splits: tuple[str, ...] = ("train",)
  side: int = 0
  crop: str = "resize"
  adjustable: bool = False


class DatasetEntry(NamedTuple):
  """Everything that is known of one data set. Every field has a default.

  One of the first five makes it loadable: a new data set is a function that
  draws it, and `DATASETS[name] = DatasetEntry(rendered=function)`. The others
  are what `python -m dvae_jax.data list` says; where `num_images` is 0, that of
  a rendered set is asked of the set itself.

  Attributes:
    rendered: config -> Dataset; draws it: the source "rendered".
    tfds: how a copy prepared by TFDS is read: the source "tfds".
    read: official file, or folder of files -> header and images, which are
      then packed: the source "file", like the next two.
    prepare: (official file or folder, prepared folder) -> None, of sets that
      aren't packed from `read`.
    file: config -> Dataset from files that aren't packed: prepared by
      `prepare`, or people's own, at `config.dir`.
    bundled: () -> path of the official file where other software brings it
      along, or None; such a set needs no preparing.
    several: whether the official files are several, in one folder, any of which
      stands for all.
    checksums: name of an official file -> "sha256:..." or "md5:...".
    factor_names: as `Dataset`'s.
    factor_sizes: number of values of each factor, though the images be no grid.
    num_images: N; 0 for any number.
    image_shape: (H, W, C) at its native resolution.
    licence: of the images.
    by_hand: how to get the official files, where nothing downloads them.
    variants: what `data.variant` may be.
  """

  rendered: Callable[[Any], Dataset] | None = None
  tfds: TfdsCopy | None = None
  read: Callable[[Path], Images] | None = None
  prepare: Callable[[Path, Path], None] | None = None
  file: Callable[[Any], Dataset] | None = None
  bundled: Callable[[], Path | None] | None = None
  several: bool = False
  checksums: dict[str, str] = {}  # noqa: RUF012 - read only
  factor_names: tuple[str, ...] = ()
  factor_sizes: tuple[int, ...] = ()
  num_images: int = 0
  image_shape: tuple[int, int, int] = (0, 0, 0)
  licence: str = "none stated"
  by_hand: str = ""
  variants: tuple[str, ...] = ()


def sources(entry: DatasetEntry) -> tuple[str, ...]:
  """Where images can come from, the preferred source first."""
  made = {
    "tfds": entry.tfds,
    "file": entry.read or entry.prepare or entry.file,
    "rendered": entry.rendered,
  }
  return tuple(source for source, how in made.items() if how)


def is_prepared_from_files(entry: DatasetEntry) -> bool:
  """Whether official files are prepared before they are loaded."""
  return bool(entry.read or entry.prepare)
