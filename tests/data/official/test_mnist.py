"""The official MNIST files, small ones of that layout."""

import gzip

import numpy as np
import pytest
from helpers.official_files import idx_files, listing, load, rendered

from dvae_jax.data import sources

pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.parametrize("compress", [True, False])
def test_mnist_is_read_from_idx_files(tmp_path, compress):
  parts = idx_files(tmp_path, compress=compress)
  sources.prepare("mnist", file=next(tmp_path.glob("t10k-labels*")))
  dataset = load("mnist")
  assert dataset.image_shape == (28, 28, 1)
  np.testing.assert_array_equal(
    dataset.factors[:, 0], [0, 1, 2, 3, 4, 5, 6, 0, 1, 2]
  )
  np.testing.assert_array_equal(dataset.held_out, [7, 8, 9])
  expected = np.concatenate([parts["train"][0], parts["t10k"][0]])
  np.testing.assert_array_equal(rendered(dataset)[..., 0], expected)
  # The networks want a power of two: enlarged without going beyond the range.
  assert load("mnist", resolution=64).image_shape == (64, 64, 1)


def test_wrong_idx_files_are_refused(tmp_path, cache):
  idx_files(tmp_path, compress=False)
  path = tmp_path / "train-images-idx3-ubyte"
  raw = path.read_bytes()
  for wrong, message in [
    (raw[:-1], "damaged or truncated: 5487 bytes"),
    (b"\0\0\x0d\x03" + raw[4:], "starts with"),
    (b"\0", "starts with"),
    (
      raw[:4] + np.array([14, 14, 28], ">i4").tobytes() + raw[16:],
      r"train has images of shape \(14, 14",
    ),
  ]:
    path.write_bytes(wrong)
    with pytest.raises(ValueError, match=message):
      sources.prepare("mnist", file=tmp_path)
  path.unlink()
  (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(raw)[:-20])
  with pytest.raises(ValueError, match="damaged or truncated"):
    sources.prepare("mnist", file=tmp_path)
  assert listing(cache) == []
