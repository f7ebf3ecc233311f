"""Official files of data sets: what prepares them, and what loads them."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import idx, packing, placing, storage
from dvae_jax.data.formats.packing import Chunk, Header
from dvae_jax.data.official import (
  cars3d,
  celeba,
  chairs3d,
  dsprites_files,
  faces3d,
  mpi3d,
  shapes3d_files,
  smallnorb,
  tfds_source,
  wheels,
)

Reader = Callable[[Path], tuple[Header, Iterator[Chunk]]]

# Sets that are packed as they are: reader of the official file or folder.
READERS: dict[str, Reader] = {
  "dsprites": dsprites_files.read,
  "shapes3d": shapes3d_files.read,
  "cars3d": cars3d.read,
  "smallnorb": smallnorb.read,
  "faces3d": faces3d.read,
  "mnist": partial(idx.read, names=idx.DIGITS),
  "fashion_mnist": partial(idx.read, names=idx.FASHION),
}

# Sets that stay files of their own: file or folder, prepared folder -> None.
PREPARERS: dict[str, Callable[[Path, Path], None]] = {
  "celeb_a": celeba.prepare,
  "chairs3d": chairs3d.prepare,
  "mpi3d_toy": mpi3d.prepare,
  "mpi3d_realistic": mpi3d.prepare,
  "mpi3d_real": mpi3d.prepare,
  "mpi3d_complex": mpi3d.prepare,
}

# Sets of several files: any of these stands for the folder that it is in.
FOLDERS = ("smallnorb", "celeb_a", "mnist", "fashion_mnist")

CHECKSUMS: dict[str, dict[str, str]] = {
  "dsprites": dsprites_files.CHECKSUMS,
  "shapes3d": shapes3d_files.CHECKSUMS,
  "cars3d": cars3d.CHECKSUMS,
  "smallnorb": smallnorb.CHECKSUMS,
  "celeb_a": celeba.CHECKSUMS,
}


def prepare(
  name: str,
  path: Path,
  directory: str = "",
  *,
  checksums: dict[str, str] | None = None,
) -> Path:
  """Prepares the user's own copy of an official file, whole or not at all.

  Args:
    name: registered name.
    path: the file; of several, the folder that they are in, or any of them.
    directory: below which the prepared folder is made; "" for the cache.
    checksums: of the official files; None for those published for the set.

  Returns:
    The prepared folder.

  Raises:
    FileNotFoundError: there is no such file.
    ModuleNotFoundError: an extra is missing; names it.
    ValueError: no such set is prepared from files, or the file is damaged, not
      the published one, or not what it should be.
  """
  known = [*READERS, *PREPARERS]
  if name not in known:
    raise ValueError(f"{name} is prepared from no file; allowed: {known}")
  path = Path(path).expanduser()
  if not path.exists():
    raise FileNotFoundError(f"there is no {path}")
  if name in FOLDERS and path.is_file():
    path = path.parent
  published = CHECKSUMS.get(name, {}) if checksums is None else checksums
  for file, checksum in official(path, published):
    storage.check_digest(file, checksum)
  target = storage.prepared_dir(name, directory)
  if name in PREPARERS:
    PREPARERS[name](path, target)
  else:
    pack(READERS[name], path, target)
  return target


def official(path: Path, published: dict[str, str]) -> list[tuple[Path, str]]:
  """Files that have a published checksum, and that checksum.

  A single file is matched by its ending, whatever it is called.
  """
  if path.is_dir():
    pairs = [(path / name, value) for name, value in published.items()]
  else:
    pairs = [
      (path, value)
      for name, value in published.items()
      if Path(name).suffixes[-2:] == path.suffixes[-2:]
    ]
  return [(file, value) for file, value in pairs if file.exists()]


def pack(read: Reader, path: Path, target: Path) -> None:
  """Packs what a reader finds at a path into a prepared folder."""
  header, chunks = read(path)
  packing.write(target, header, chunks, title=f"packing {path.name}")


def load(name: str, config: Any) -> Dataset:
  """Loads a prepared set.

  Raises:
    FileNotFoundError: it isn't prepared; names the command that does it.
    ValueError: it is damaged, or a field of the config has no such value.
  """
  directory = storage.prepared_dir(name, config.dir)
  if not directory.exists() and name == "fashion_mnist" and idx.DEBIAN.is_dir():
    directory = storage.cache_dir() / name / "debian"
    packing.cached(
      directory, partial(READERS[name], idx.DEBIAN), title=f"packing {name}"
    )
  if not directory.exists():
    through = (
      f", or through TFDS: prepare {name}"
      if name in tfds_source.specs()
      else ""
    )
    raise FileNotFoundError(
      f"{name} is not prepared in {directory.parent}; prepare the official"
      f" file: python -m dvae_jax.data prepare {name} --from=FILE{through}"
    )
  if name == "celeb_a":
    return celeba.load(config, directory)
  if name == "chairs3d":
    return chairs3d.load(config, directory)
  return placing.place(name, "file", packing.open_stored(directory), config)


def choose(name: str, sources: list[str], directory: str = "") -> str:
  """What `data.source="auto"` stands for.

  A copy prepared by TFDS, else a prepared official file, else a rendering:
  real images where they are at hand. Every result records the source.
  """
  order = [s for s in ("tfds", "file", "rendered") if s in sources]
  ready = [s for s in order if is_ready(name, s, directory)]
  return ready[0] if ready else order[-1]


def is_ready(name: str, source: str, directory: str = "") -> bool:
  """Whether a set can be loaded from a source without preparing anything.

  Args:
    name: registered name.
    source: "rendered", "tfds" or "file".
    directory: `config.dir`.
  """
  if source == "tfds":
    copy = tfds_source.find(name, directory)
    return copy is not None and tfds_source.is_readable(copy)
  if source == "file" and name in wheels.READERS:
    return wheels.is_installed(name)
  if source == "file" and name in (*READERS, *PREPARERS):
    debian = name == "fashion_mnist" and idx.DEBIAN.is_dir()
    return debian or storage.prepared_dir(name, directory).exists()
  return True
