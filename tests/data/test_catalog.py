"""Every row of the table agrees with what its loaders make."""

import hashlib
import math

import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data import DATASETS, entries
from dvae_jax.data.entries import DatasetEntry
from dvae_jax.data.official import (
  celeba,
  dsprites,
  mpi3d,
  shapes3d,
  smallnorb,
)

NAMED = {name: entry for name, entry in DATASETS.items() if entry.num_images}
DRAWN = [name for name, entry in DATASETS.items() if entry.rendered]


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawn_set_is_what_its_row_says(name):
  entry = DATASETS[name]
  dataset = data.load({"name": name, "source": "rendered"})
  assert dataset.name == name
  assert dataset.num_images == entry.num_images
  assert dataset.image_shape == entry.image_shape
  assert dataset.factor_names == entry.factor_names
  assert dataset.factor_sizes == entry.factor_sizes
  for variant in entry.variants:
    fields = {"name": name, "variant": variant, "resolution": 32}
    assert data.load(fields).notes["variant"] == variant


@pytest.mark.parametrize(
  ("name", "header"),
  [
    ("dsprites", dsprites.header()),
    ("shapes3d", shapes3d.header()),
    ("smallnorb", smallnorb.header()),
  ],
)
def test_an_official_set_is_what_its_row_says(name, header):
  entry = DATASETS[name]
  assert header.num_images == entry.num_images
  assert header.image_shape == entry.image_shape
  assert header.factor_names == entry.factor_names
  assert header.factor_sizes in (entry.factor_sizes, ())
  if header.factors is not None:
    sizes = header.factors.max(0) + 1
    np.testing.assert_array_equal(sizes, entry.factor_sizes)


@pytest.mark.parametrize("name", NAMED)
def test_a_row_agrees_with_itself(name):
  entry = NAMED[name]
  assert entries.sources(entry)
  assert len(entry.factor_sizes) in (0, len(entry.factor_names))
  images = 10 * math.prod(entry.factor_sizes)  # SmallNORB has ten toys of each
  if len(entry.factor_names) > 1 and entry.factor_sizes and name != "celeb_a":
    assert entry.num_images in (images, images // 10)
  assert entry.image_shape[2] in (1, 3)
  assert entry.licence != DatasetEntry().licence or not entry.rendered
  # What nothing downloads, installs or draws is got by hand.
  if not (entry.tfds or entry.bundled or entry.rendered):
    assert entry.by_hand
  for checksum in entry.checksums.values():
    algorithm, _, digest = checksum.partition(":")
    assert len(digest) == 2 * hashlib.new(algorithm).digest_size


def test_sources_are_in_the_order_of_preference():
  made = {name: entries.sources(entry) for name, entry in DATASETS.items()}
  assert made["dsprites"] == ("tfds", "file", "rendered")
  assert made["celeb_a"] == ("tfds", "file")
  assert made["chairs3d"] == made["digits"] == made["npz"] == ("file",)
  assert made["petals"] == ("rendered",)


def test_rows_name_the_sets_that_are_several_files():
  several = {name for name, entry in DATASETS.items() if entry.several}
  assert several == {"smallnorb", "celeb_a", "mnist", "fashion_mnist"}
  for name in several - {"mnist", "fashion_mnist"}:
    assert len(DATASETS[name].checksums) > 1


def test_sets_of_one_layout_differ_in_what_their_rows_say():
  assert DATASETS["mpi3d_complex"].factor_sizes == mpi3d.SMALL_SIZES
  assert math.prod(mpi3d.SIZES) == DATASETS["mpi3d_real"].num_images
  assert DATASETS["celeb_a"].factor_names == celeba.ATTRIBUTES
  for name, first in (("mnist", "0"), ("fashion_mnist", "T-shirt/top")):
    copy = DATASETS[name].tfds
    assert copy.header([1, 1]).factor_values[0][0] == first
    assert DATASETS[name].read.keywords["names"][0] == first
