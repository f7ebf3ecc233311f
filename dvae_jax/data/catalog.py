"""What `python -m dvae_jax.data list` says of every data set."""

import math
from typing import NamedTuple

from dvae_jax.data.official import (
  cars3d,
  celeba,
  chairs3d,
  faces3d,
  mpi3d,
  smallnorb,
)
from dvae_jax.data.rendered import dsprites, petals, shapes3d


class Entry(NamedTuple):
  """One data set.

  Attributes:
    factors: names of its factors.
    sizes: number of values of each.
    num_images: N.
    image_shape: (H, W, C); 0 where it depends on the files.
    licence: of the official images.
    by_hand: how to get the official files, where nothing downloads them.
  """

  factors: tuple[str, ...]
  sizes: tuple[int, ...]
  num_images: int
  image_shape: tuple[int, int, int]
  licence: str
  by_hand: str = ""


def _grid(
  names, sizes, channels: int, licence: str, by_hand: str = ""
) -> Entry:
  shape = (64, 64, channels)
  return Entry(names, sizes, math.prod(sizes), shape, licence, by_hand)


def _mpi3d(sizes: tuple[int, ...] = mpi3d.SIZES) -> Entry:
  return _grid(
    mpi3d.NAMES,
    sizes,
    3,
    "CC BY 4.0",
    "download the .npz file linked at"
    " https://github.com/rr-learning/disentanglement_dataset",
  )


def _labelled(
  name: str, size: int, num_images: int, side: int, licence: str
) -> Entry:
  return Entry((name,), (size,), num_images, (side, side, 1), licence)


_APACHE = "Apache-2.0"
_RESEARCH = "research only"
_OWN = Entry((), (), 0, (0, 0, 0), "yours", "set data.dir to its path")
_VARIANT = _grid(dsprites.NAMES, dsprites.SIZES, 3, "drawn here")

CATALOG: dict[str, Entry] = {
  "dsprites": _grid(dsprites.NAMES, dsprites.SIZES, 1, _APACHE),
  "color_dsprites": _VARIANT,
  "noisy_dsprites": _VARIANT,
  "scream_dsprites": _VARIANT,
  "dsprites_noshape": _grid(
    dsprites.NAMES[1:], dsprites.SIZES[1:], 1, "drawn here"
  ),
  "shapes3d": _grid(shapes3d.NAMES, shapes3d.SIZES, 3, _APACHE),
  "petals": Entry(petals.NAMES, (), 5000, (256, 256, 1), "drawn here"),
  "cars3d": _grid(
    cars3d.NAMES,
    cars3d.SIZES,
    3,
    "none stated",
    "download nips2015-analogy-data.tar.gz, linked at"
    " https://github.com/google-research/disentanglement_lib",
  ),
  "mpi3d_toy": _mpi3d(),
  "mpi3d_realistic": _mpi3d(),
  "mpi3d_real": _mpi3d(),
  "mpi3d_complex": _mpi3d(mpi3d.SMALL_SIZES),
  "smallnorb": Entry(
    smallnorb.NAMES, smallnorb.SIZES, 48_600, (64, 64, 1), _RESEARCH
  ),
  "chairs3d": Entry(
    (),
    (),
    chairs3d.NUM_IMAGES,
    (64, 64, 3),
    "none stated",
    "download rendered_chairs.tar from"
    " https://www.di.ens.fr/willow/research/seeing3Dchairs/",
  ),
  "faces3d": _grid(
    faces3d.NAMES,
    faces3d.SIZES,
    1,
    "Basel Face Model: not to be passed on",
    "ask for the Basel Face Model at https://faces.dmi.unibas.ch/bfm and"
    " render it to basel_face_renders.pth",
  ),
  "celeb_a": Entry(
    celeba.ATTRIBUTES,
    (2,) * 40,
    celeba.NUM_IMAGES,
    (64, 64, 3),
    "non-commercial research",
    celeba.BY_HAND,
  ),
  "mnist": _labelled("label", 10, 70_000, 28, "CC BY-SA 3.0"),
  "fashion_mnist": _labelled("label", 10, 70_000, 28, "MIT"),
  "mnist_5k": _labelled("label", 10, 5000, 28, "CC BY-SA 3.0"),
  "lfw_subset": _labelled("face", 2, 200, 25, _RESEARCH),
  "digits": _labelled("label", 10, 1797, 8, "CC BY 4.0"),
  "image_folder": _OWN,
  "npz": _OWN,
}
