"""Data sets: `load(config.data)` turns a config into a `Dataset`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ml_collections import ConfigDict

from dvae_jax.data.dataset import Dataset, draw_indices
from dvae_jax.data.official import files, own_images, tfds_source, wheels
from dvae_jax.data.rendered import dsprites, dsprites_variants, petals, shapes3d
from dvae_jax.data.sampling import splits

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
  "variant": "",  # of petals: "full", "punctured", "weights", ...
  "pair_changes": 0,  # factors in which the images of a pair differ
}

# name -> source -> loader(config) -> Dataset
DATASETS: dict[str, dict[str, Callable[[Any], Dataset]]] = {
  "dsprites": {
    "rendered": dsprites.load,
    "tfds": partial(tfds_source.load, "dsprites"),
    "file": partial(files.load, "dsprites"),
  },
  "color_dsprites": {"rendered": dsprites_variants.load_colour},
  "noisy_dsprites": {"rendered": dsprites_variants.load_noisy},
  "scream_dsprites": {"rendered": dsprites_variants.load_scream},
  "dsprites_noshape": {"rendered": dsprites_variants.load_noshape},
  "shapes3d": {
    "rendered": shapes3d.load,
    "tfds": partial(tfds_source.load, "shapes3d"),
    "file": partial(files.load, "shapes3d"),
  },
  "petals": {"rendered": petals.load},
  "cars3d": {"file": partial(files.load, "cars3d")},
  "mpi3d_toy": {"file": partial(files.load, "mpi3d_toy")},
  "mpi3d_realistic": {"file": partial(files.load, "mpi3d_realistic")},
  "mpi3d_real": {"file": partial(files.load, "mpi3d_real")},
  "mpi3d_complex": {"file": partial(files.load, "mpi3d_complex")},
  "smallnorb": {
    "tfds": partial(tfds_source.load, "smallnorb"),
    "file": partial(files.load, "smallnorb"),
  },
  "chairs3d": {"file": partial(files.load, "chairs3d")},
  "faces3d": {"file": partial(files.load, "faces3d")},
  "celeb_a": {
    "tfds": partial(tfds_source.load, "celeb_a"),
    "file": partial(files.load, "celeb_a"),
  },
  "mnist": {
    "tfds": partial(tfds_source.load, "mnist"),
    "file": partial(files.load, "mnist"),
  },
  "fashion_mnist": {
    "tfds": partial(tfds_source.load, "fashion_mnist"),
    "file": partial(files.load, "fashion_mnist"),
  },
  "mnist_5k": {"file": partial(wheels.load, "mnist_5k")},
  "lfw_subset": {"file": partial(wheels.load, "lfw_subset")},
  "digits": {"file": partial(wheels.load, "digits")},
  "image_folder": {"file": own_images.load_folder},
  "npz": {"file": own_images.load_npz},
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
  source = fields.source
  if source == "auto":
    source = files.choose(fields.name, [*loaders], fields.dir)
  if source == "rendered":
    _check_choice("placement", fields.placement, ["auto", "device"])
    _check_choice("crop", fields.crop, [""])
  variants = [*petals.VARIANTS] if fields.name == "petals" else []
  _check_choice("variant", fields.variant, ["", *variants])
  return splits.apply(loaders[source](fields), fields)


def _check_choice(field: str, value: Any, allowed: list) -> None:
  if value not in allowed:
    raise ValueError(f"data.{field} is {value!r}; allowed: {allowed}")
