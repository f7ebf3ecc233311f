"""The official SmallNORB files, small ones of that layout."""

from functools import partial

import numpy as np
import pytest
from helpers.official_files import (
  NORB,
  TOYS,
  load,
  matrix,
  norb_files,
  prepare,
  rendered,
)

from dvae_jax.data.official import smallnorb

pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.parametrize("compress", [False, True])
def test_smallnorb_is_read_from_the_official_files(tmp_path, compress):
  images = norb_files(tmp_path, compress=compress)
  read = partial(smallnorb.read, sizes=NORB, instances=TOYS)
  prepare("smallnorb", read, tmp_path)
  dataset = load("smallnorb")
  assert dataset.image_shape == (64, 64, 1)
  assert dataset.factor_sizes == ()  # ten toys share each combination
  assert dataset.factor_names == (
    "category",
    "elevation",
    "azimuth",
    "lighting",
  )
  grid = np.indices((2, TOYS, 3, 2, 2)).reshape(5, -1).T
  np.testing.assert_array_equal(dataset.factors, grid[:, [0, 2, 3, 4]])
  # Two output pixels cover three: the first is the first and half the second.
  flat = images.reshape(-1, 32, 3, 32, 3).astype(float)
  halves = np.array([[2, 1, 0], [0, 1, 2]]) / 3
  expected = np.einsum("aj,nhjwk,bk->nhawb", halves, flat, halves)
  expected = expected.reshape(-1, 64, 64)
  assert abs(rendered(dataset)[..., 0] - expected).max() < 0.51


def test_wrong_smallnorb_is_refused(tmp_path):
  norb_files(tmp_path)
  read = partial(smallnorb.read, sizes=NORB, instances=TOYS)
  path = tmp_path / "smallnorb-5x46789x9x18x6x2x96x96-training-info.mat"
  raw = path.read_bytes()
  for wrong, message in [
    (raw[:-4], "damaged or truncated: 7"),
    (b"\0" * 99, "first numbers are 0 and 0"),
    (b"", "first numbers are 0 and 0"),
    (matrix(np.zeros((48, 3), np.int32)), "has arrays of"),
    (matrix(np.zeros((48, 4), np.int32)), "comes twice"),
  ]:
    path.write_bytes(wrong)
    with pytest.raises(ValueError, match=message):
      prepare("smallnorb", read, tmp_path)
  path.unlink()
  with pytest.raises(FileNotFoundError, match="training-info"):
    prepare("smallnorb", read, tmp_path)
  assert len(smallnorb.CHECKSUMS) == 6
