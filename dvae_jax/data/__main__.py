"""Lists, prepares and shows data sets: `python -m dvae_jax.data --help`.

--register=FILE before all else runs a file that adds a data set of its own.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dvae_jax.data import entries, sources
from dvae_jax.data.catalog import DATASETS
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.entries import DatasetEntry
from dvae_jax.registration import register_first

_COLUMNS = 10
_GAP = 2  # pixels between images


def main(argv: Sequence[str] | None = None) -> int:
  """Runs one command; returns the exit status."""
  try:
    flags = _parse(register_first(sys.argv[1:] if argv is None else argv))
    if flags.command == "list":
      print("\n\n".join(describe(name, flags.dir) for name in DATASETS))
    elif flags.command == "prepare":
      print(sources.prepare(flags.name, flags.dir, flags.file))
    else:
      show(flags.name, flags.dir, Path(flags.out))
      print(flags.out)
  except (ValueError, OSError, ImportError) as error:
    print(f"error: {error}", file=sys.stderr)
    return 1
  return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
  parser = argparse.ArgumentParser(
    prog="python -m dvae_jax.data", description=__doc__.split(":")[0] + "."
  )
  commands = parser.add_subparsers(dest="command", required=True)
  listing = commands.add_parser("list", help="every data set")
  preparing = commands.add_parser(
    "prepare", help="download through TFDS, or take your own official file"
  )
  preparing.add_argument("name", choices=DATASETS, metavar="NAME")
  preparing.add_argument(
    "--from", dest="file", help="the official file, or the folder of files"
  )
  showing = commands.add_parser("show", help="draw a contact sheet")
  showing.add_argument("name", choices=DATASETS, metavar="NAME")
  showing.add_argument("--out", required=True, help="PNG file to write")
  for command in (listing, preparing, showing):
    command.add_argument(
      "--dir", default="", help="data.dir; by default the cache folders"
    )
  return parser.parse_args(argv)


def describe(name: str, directory: str = "") -> str:
  """What `list` prints of one data set, four lines."""
  entry = _completed(name, DATASETS[name])
  made = entries.sources(entry)
  ready = [s for s in made if sources.is_ready(name, s, directory)]
  count = "any number of images"
  if entry.num_images:
    shape = " x ".join(map(str, entry.image_shape))
    count = f"{entry.num_images:,} images of {shape}"
  how = entry.by_hand or f"python -m dvae_jax.data prepare {name}"
  return (
    f"{name}: {count}\n"
    f"  factors: {_factors(entry)}\n"
    f"  sources: {', '.join(made)}; licence: {entry.licence}\n"
    f"  ready here: {', '.join(ready) or f'no; {how}'}"
  )


def _completed(name: str, entry: DatasetEntry) -> DatasetEntry:
  """What the row of a rendered set leaves out, from the set itself."""
  if entry.num_images or not entry.rendered:
    return entry
  dataset = sources.load({"name": name, "source": "rendered"})
  return entry._replace(
    factor_names=dataset.factor_names,
    factor_sizes=dataset.factor_sizes,
    num_images=dataset.num_images,
    image_shape=dataset.image_shape,
  )


def _factors(entry: DatasetEntry) -> str:
  names, sizes = entry.factor_names, entry.factor_sizes
  if not entry.num_images:
    return "optional"
  if len(names) > 10:
    return f"{len(names)} of {sizes[0]} values each"
  if sizes:
    pairs = zip(names, sizes, strict=True)
    return ", ".join(f"{name} {size}" for name, size in pairs)
  return ", ".join(names) or "none"


def show(name: str, directory: str, path: Path) -> None:
  """Draws a contact sheet: one row a factor, or images from all over."""
  dataset = sources.load({"name": name, "dir": directory})
  figure = contact_sheet(dataset)
  FigureCanvasAgg(figure)
  figure.savefig(path, dpi=100, bbox_inches="tight")


def contact_sheet(dataset: Dataset) -> Figure:
  """A row of images for each factor, the others in the middle of their range.

  Of sets that are no grid, images from all over; of labelled ones, a row for
  each of up to ten values of the first factor.
  """
  rows = _rows(dataset)
  height, width = dataset.image_shape[0] + _GAP, dataset.image_shape[1] + _GAP
  sheet = np.full((len(rows) * height, _COLUMNS * width, 3), 255, np.uint8)
  for line, (_, indices) in enumerate(rows):
    for column, image in enumerate(_images(dataset, np.asarray(indices))):
      top, left = line * height, column * width
      sheet[top : top + height - _GAP, left : left + width - _GAP] = image
  size = (_COLUMNS + 1.8, len(rows) * height / width + 0.5)
  figure = Figure(figsize=size, layout="constrained")
  axes = figure.subplots()
  axes.imshow(sheet, interpolation="nearest")
  axes.set_yticks(
    height * (np.arange(len(rows)) + 0.5), [label for label, _ in rows]
  )
  axes.tick_params(left=False, bottom=False, labelbottom=False)
  axes.spines[:].set_visible(False)
  axes.set_title(
    f"{dataset.name} ({dataset.source}), {dataset.num_images:,} images"
  )
  return figure


def _rows(dataset: Dataset) -> list[tuple[str, list[int]]]:
  """Label and indices of each row."""
  if dataset.factor_sizes:
    middle = [size // 2 for size in dataset.factor_sizes]
    rows = []
    for k, size in enumerate(dataset.factor_sizes):
      values = np.unique(np.linspace(0, size - 1, _COLUMNS).round().astype(int))
      factors = [(*middle[:k], v, *middle[k + 1 :]) for v in values]
      indices = np.ravel_multi_index(
        tuple(np.transpose(factors)), dataset.factor_sizes
      )
      rows.append((f"{dataset.factor_names[k]} ({size})", [*indices]))
    return rows
  if dataset.factors is not None:
    first = dataset.factors[:, 0]
    return [
      (
        _value(dataset, value),
        np.flatnonzero(first == value)[:_COLUMNS].tolist(),
      )
      for value in np.unique(first)[:_COLUMNS]
    ]
  spread = np.linspace(0, dataset.num_images - 1, 5 * _COLUMNS).astype(int)
  return [("", block.tolist()) for block in spread.reshape(5, _COLUMNS)]


def _value(dataset: Dataset, value: int) -> str:
  values = dataset.factor_values
  shown = values[0][value] if values else value
  return f"{dataset.factor_names[0]} {shown}"


def _images(dataset: Dataset, indices: np.ndarray) -> np.ndarray:
  """(B, H, W, 1 or 3) uint8 images, wherever they are."""
  if dataset.render is None:
    assert dataset.read is not None
    return dataset.read(indices)
  images = dataset.render(dataset.arrays, jnp.asarray(indices, jnp.int32))
  return np.rint(255 * np.asarray(images)).astype(np.uint8)


if __name__ == "__main__":
  sys.exit(main())
