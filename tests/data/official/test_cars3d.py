"""The official Cars3D archive, a small one of that layout."""

from functools import partial

import numpy as np
import pytest
from helpers.official_files import (
  CARS,
  cars_archive,
  listing,
  load,
  noise,
  prepare,
  rendered,
)

from dvae_jax.data.official import cars3d

pytestmark = pytest.mark.usefixtures("cache")


def test_cars3d_are_read_from_the_official_archive(tmp_path):
  first, second = noise(2, 128, 128, 3, 24, 4)
  cars = {"car_007_mesh.mat": second, "car_001_mesh.mat": first}
  path = cars_archive(tmp_path / "nips2015-analogy-data.tar.gz", cars)
  prepare("cars3d", partial(cars3d.read, sizes=CARS), path)
  dataset = load("cars3d")
  assert dataset.factor_names == ("elevation", "azimuth", "object")
  assert dataset.factor_sizes == CARS
  images = rendered(dataset).reshape(4, 24, 2, 64, 64, 3).astype(int)
  # Elevation 3, azimuth 20, the second car, pixel (5, 9): a mean of 2 x 2.
  expected = second[10:12, 18:20, :, 20, 3].mean((0, 1))
  assert abs(images[3, 20, 1, 5, 9] - expected).max() <= 0.5
  halves = np.stack([first, second], -1).reshape(64, 2, 64, 2, 3, 24, 4, 2)
  halves = halves.mean((1, 3)).transpose(4, 3, 5, 0, 1, 2)
  assert abs(images - halves).max() <= 0.5


def test_wrong_cars_are_refused(tmp_path, cache):
  read = partial(cars3d.read, sizes=CARS)
  small = {f"car_00{i}_mesh.mat": noise(64, 64, 3, 24, 4) for i in (1, 2)}
  one = {"car_001_mesh.mat": noise(128, 128, 3, 24, 4)}
  named = [("data/cars/car_002_mesh.mat", b"no MATLAB file")]
  outside = [("../car_003_mesh.mat", b"")]
  for cars, extra, message in [
    (small, (), r"car_001_mesh.mat: im is uint8 of shape \(64,"),
    (one, (), "holds 1 cars; needed: 2"),
    (one, named, "car_002_mesh.mat has no readable array im"),
    (one, outside, r"'../car_003_mesh.mat' points outside"),
  ]:
    path = cars_archive(tmp_path / "cars.tar.gz", cars, extra)
    with pytest.raises(ValueError, match=message):
      prepare("cars3d", read, path)
  cars_archive(path, one)
  path.write_bytes(path.read_bytes()[:-100])
  with pytest.raises(ValueError, match="damaged or truncated"):
    prepare("cars3d", read, path)
  assert listing(cache) == ["cars3d"]
