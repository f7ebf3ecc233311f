"""Data sets: `load(config.data)` turns a config into a `Dataset`."""

from collections.abc import Callable, Mapping
from typing import Any

from ml_collections import ConfigDict

from dvae_jax.data import dsprites, dsprites_variants, splits
from dvae_jax.data.dataset import Dataset, draw_indices

__all__ = ["DATASETS", "DEFAULTS", "Dataset", "draw_indices", "load"]

# The fields of config.data; a data set ignores those that don't concern it.
DEFAULTS: dict[str, Any] = {
  "name": "dsprites",
  "source": "auto",  # "auto", "rendered", "tfds" or "file"
  "dir": "",  # where prepared copies are; "" = the default folder
  "resolution": 0,  # side in pixels; 0 = native
  "stride": (),  # keep every s-th value of each factor; () = all of them
  "crop": "",  # how images become square, where there's a choice
  "placement": "auto",  # "auto", "device" or "streamed"
  "heldout_fraction": 0.0,  # of the images, chosen by a hash of the index
  "holdout": "",  # combinations left out, such as "shape=heart,posX>15"
  "correlate": "",  # two factors sampled together, such as "posX,posY"
  "correlation_strength": 0.2,  # sigma: the smaller, the stronger
  "variant": "",  # which of a set's variants, where it has some
  "pair_changes": 0,  # factors in which the images of a pair differ
}

# name -> source -> loader(config) -> Dataset
DATASETS: dict[str, dict[str, Callable[[Any], Dataset]]] = {
  "dsprites": {"rendered": dsprites.load},
  "color_dsprites": {"rendered": dsprites_variants.load_colour},
  "noisy_dsprites": {"rendered": dsprites_variants.load_noisy},
  "scream_dsprites": {"rendered": dsprites_variants.load_scream},
  "dsprites_noshape": {"rendered": dsprites_variants.load_noshape},
}


def load(config: Mapping[str, Any]) -> Dataset:
  """Loads the data set that a config describes.

  Args:
    config: `config.data`, or any mapping with some of the fields of `DEFAULTS`.

  Returns:
    The data set.

  Raises:
    ValueError: names the field that has no such value, and the allowed ones.
  """
  unknown = sorted(set(config) - set(DEFAULTS))
  if unknown:
    raise ValueError(f"data.{unknown[0]} is no field; allowed: {[*DEFAULTS]}")
  fields = ConfigDict({**DEFAULTS, **config})
  _check_choice("name", fields.name, list(DATASETS))
  loaders = DATASETS[fields.name]
  _check_choice("source", fields.source, ["auto", *loaders])
  source = next(iter(loaders)) if fields.source == "auto" else fields.source
  if source == "rendered":
    _check_choice("placement", fields.placement, ["auto", "device"])
  return splits.apply(loaders[source](fields), fields)


def _check_choice(field: str, value: Any, allowed: list) -> None:
  if value not in allowed:
    raise ValueError(f"data.{field} is {value!r}; allowed: {allowed}")
