"""Official files of data sets: prepared once, then loaded."""

from functools import partial
from pathlib import Path

from dvae_jax.data import entries
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.entries import DatasetEntry
from dvae_jax.data.formats import packing, placing, storage


def prepare(
  name: str, entry: DatasetEntry, path: Path, directory: str = ""
) -> Path:
  """Prepares the user's own copy of an official file, whole or not at all.

  Args:
    name: registered name.
    entry: its row.
    path: the file; of several, the folder that they are in, or any of them.
    directory: below which the prepared folder is made; "" for the cache.

  Returns:
    The prepared folder.

  Raises:
    FileNotFoundError: there is no such file.
    ModuleNotFoundError: an extra is missing; names it.
    ValueError: the set isn't prepared from files, or the file is damaged, not
      the published one, or not what it should be.
  """
  if not entries.is_prepared_from_files(entry):
    raise ValueError(
      f"{name} is prepared from no file; its source:"
      f" {', '.join(entries.sources(entry))}"
    )
  path = Path(path).expanduser()
  if not path.exists():
    raise FileNotFoundError(f"there is no {path}")
  if entry.several and path.is_file():
    path = path.parent
  for file, checksum in published(path, entry.checksums):
    storage.check_digest(file, checksum)
  target = storage.prepared_dir(name, directory)
  if entry.prepare:
    entry.prepare(path, target)
  else:
    assert entry.read is not None
    packing.write(target, *entry.read(path), title=f"packing {path.name}")
  return target


def published(path: Path, checksums: dict[str, str]) -> list[tuple[Path, str]]:
  """Files that have a published checksum, and that checksum.

  A single file is matched by its ending, whatever it is called.
  """
  if path.is_dir():
    pairs = [(path / name, value) for name, value in checksums.items()]
  else:
    pairs = [
      (path, value)
      for name, value in checksums.items()
      if Path(name).suffixes[-2:] == path.suffixes[-2:]
    ]
  return [(file, value) for file, value in pairs if file.exists()]


def is_ready(name: str, entry: DatasetEntry, directory: str = "") -> bool:
  """Whether a set can be loaded from files without preparing anything."""
  if not entries.is_prepared_from_files(entry):
    return bool(directory) and Path(directory).expanduser().exists()
  return storage.prepared_dir(name, directory).exists() or bool(_bundled(entry))


def load(entry: DatasetEntry, config) -> Dataset:
  """Loads prepared files, a bundled set, or people's own images.

  Raises:
    FileNotFoundError: it isn't prepared; names the command that does it.
    ValueError: it is damaged, or a field of the config has no such value.
  """
  name = config.name
  folder = storage.prepared_dir(name, config.dir)
  bundled = _bundled(entry)
  needed = entries.is_prepared_from_files(entry)
  if needed and not folder.exists() and bundled is None:
    raise FileNotFoundError(
      f"data.name: {name} is not prepared in {folder.parent};"
      f" {_ways(name, entry)}"
    )
  if entry.file:
    return entry.file(config)
  if not folder.exists():
    assert entry.read is not None
    assert bundled is not None
    folder = storage.cache_dir() / name / "bundled"
    packing.cached(
      folder, partial(entry.read, bundled), title=f"packing {name}"
    )
  return placing.place(name, "file", packing.open_stored(folder), config)


def _ways(name: str, entry: DatasetEntry) -> str:
  """What makes a set's files ready, in words."""
  command = f"python -m dvae_jax.data prepare {name} --from=FILE"
  ways = [f"prepare the official file: {command}"]
  if entry.tfds:
    ways.append(f"through TFDS: prepare {name}")
  if entry.bundled and entry.by_hand:
    ways.append(entry.by_hand)
  return ", or ".join(ways)


def _bundled(entry: DatasetEntry) -> Path | None:
  path = entry.bundled() if entry.bundled else None
  return path if path is not None and path.exists() else None
