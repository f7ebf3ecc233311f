"""From the fields of a config to a data set, whichever source has it."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from dvae_jax.config import DATA
from dvae_jax.data import entries
from dvae_jax.data.catalog import DATASETS
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.official import files, tfds_copies
from dvae_jax.data.sampling import splits


def load(config: Mapping[str, Any]) -> Dataset:
  """Loads the data set that a config describes.

  Args:
    config: `config.data`, or any mapping with some of the fields of `DATA`.

  Returns:
    The data set.

  Raises:
    FileNotFoundError: its files aren't prepared; names the command.
    ValueError: names the field that has no such value, and the allowed ones.
  """
  unknown = sorted(set(config) - set(DATA))
  if unknown:
    raise ValueError(f"data.{unknown[0]} is no field; allowed: {[*DATA]}")
  fields = ConfigDict({**DATA, **config})
  _check_choice("name", fields.name, [*DATASETS])
  entry = DATASETS[fields.name]
  _check_choice("source", fields.source, ["auto", *entries.sources(entry)])
  _check_choice("variant", fields.variant, ["", *entry.variants])
  source = fields.source
  if source == "auto":
    source = choose(fields.name, fields.dir)
  if source == "rendered":
    _check_choice("placement", fields.placement, ["auto", "device"])
    _check_choice("crop", fields.crop, [""])
  loaders: dict[str, Any] = {
    "rendered": entry.rendered,
    "tfds": partial(tfds_copies.load, entry),
    "file": partial(files.load, entry),
  }
  return splits.apply(loaders[source](fields), fields)


def choose(name: str, directory: str = "") -> str:
  """What `data.source="auto"` stands for.

  A copy prepared by TFDS, else a prepared official file, else a rendering:
  real images where they are at hand. Every result records the source.
  """
  order = entries.sources(DATASETS[name])
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
    return tfds_copies.is_ready(name, directory)
  if source == "file":
    return files.is_ready(name, DATASETS[name], directory)
  return True


def prepare(name: str, directory: str = "", file: str | None = None) -> str:
  """Prepares a data set; returns what to tell the user.

  Args:
    name: registered name.
    directory: below which the prepared folder is made; "" for the cache.
    file: the official file, or the folder of files; None downloads through
      TFDS.

  Raises:
    FileNotFoundError, ModuleNotFoundError, ValueError: one sentence of what is
      wrong, and what to do by hand.
  """
  entry = DATASETS[name]
  if file:
    return f"prepared {files.prepare(name, entry, Path(file), directory)}"
  if entry.tfds:
    copy = tfds_copies.prepare(name, directory, by_hand=entry.by_hand)
    return f"prepared {copy}"
  if entry.bundled or not entries.is_prepared_from_files(entry):
    return f"{name} needs no preparing: {entry.by_hand or 'load it'}"
  raise ValueError(
    f"nothing downloads {name}: {entry.by_hand}; then run python -m"
    f" dvae_jax.data prepare {name} --from=FILE"
  )


def _check_choice(field: str, value: Any, allowed: list) -> None:
  if value not in allowed:
    raise ValueError(f"data.{field} is {value!r}; allowed: {allowed}")
