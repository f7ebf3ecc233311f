"""The official archive of 3D chairs, a small one of that layout."""

import numpy as np
import pytest
from helpers.official_files import load, noise, png, rendered, tar

from dvae_jax.data import sources
from dvae_jax.data.formats import storage
from dvae_jax.data.official import chairs3d

pytestmark = pytest.mark.usefixtures("cache")


CHAIRS = [
  f"rendered_chairs/{chair}/renders/image_{n:03d}_p0{p}_t{t}_r096.png"
  for chair in ("b37", "a11")
  for n, (p, t) in enumerate([(20, "011"), (30, "349")])
]


def test_chairs3d_are_read_from_the_official_archive(tmp_path, cache):
  images = noise(4, 128, 128, 3)
  members = {n: png(i) for n, i in zip(CHAIRS, images, strict=True)}
  other = {"rendered_chairs/all_chair_names.mat": b"names"}
  path = tar(tmp_path / "rendered_chairs.tar", {**other, **members})
  target = storage.prepared_dir("chairs3d")
  chairs3d.prepare(path, target, num_images=4)
  assert not (target / "rendered_chairs" / "all_chair_names.mat").exists()
  dataset = load("chairs3d")
  assert dataset.factor_names == ()
  assert dataset.image_shape == (64, 64, 3)
  assert dataset.notes["crop"] == "resize"
  means = images.reshape(4, 64, 2, 64, 2, 3).mean((2, 4))
  expected = means[[2, 3, 0, 1]]  # in the order of the names
  assert abs(rendered(dataset) - expected).max() <= 0.5
  with pytest.raises(ValueError, match="holds 4 images; needed: 86366"):
    sources.prepare("chairs3d", file=path)
  streamed = load("chairs3d", placement="streamed")
  order = np.array([3, 1, 1])
  np.testing.assert_array_equal(streamed.read(order), rendered(dataset, order))
