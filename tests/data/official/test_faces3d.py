"""The official file of 3D faces, small ones of that layout."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers.official_files import listing, load, prepare, rendered

from dvae_jax.data import sources
from dvae_jax.data.official import faces3d

pytestmark = pytest.mark.usefixtures("cache")


FACES = (1, 2, 2, 1)


GOLDEN = Path(__file__).parents[2] / "golden"


PTH = [GOLDEN / "faces_zip.pth", GOLDEN / "faces_old.pth"]


@pytest.mark.parametrize("path", PTH, ids=["zip", "old"])
def test_faces3d_are_read_from_the_official_file(path):
  prepare("faces3d", partial(faces3d.read, sizes=FACES), path)
  dataset = load("faces3d")
  assert dataset.factor_sizes == FACES
  n = np.arange(4 * 64 * 64)
  expected = (7 * n + n // 4096 * 13) % 251
  np.testing.assert_array_equal(rendered(dataset).ravel(), expected)


@pytest.mark.parametrize("path", PTH, ids=["zip", "old"])
def test_wrong_faces_are_refused(tmp_path, cache, path):
  read = partial(faces3d.read, sizes=FACES)
  with pytest.raises(ValueError, match=r"needed: uint8 of \(50, 21, 11, 11"):
    sources.prepare("faces3d", file=path)
  cut = tmp_path / "cut.pth"
  for kept in (-3000, 100, 3, 0):
    cut.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
      ValueError, match=r"cut.pth (is refused|is no readable)"
    ):
      prepare("faces3d", read, cut)
  assert listing(cache) in ([], ["faces3d"])
