"""The official 3D Shapes file, a small one of that layout."""

from functools import partial

import numpy as np
import pytest
from helpers.official_files import (
  SHAPES3D,
  load,
  prepare,
  rendered,
  shapes3d_h5,
)

from dvae_jax.data.official import shapes3d

pytestmark = pytest.mark.usefixtures("cache")


def test_shapes3d_are_read_from_the_official_file(tmp_path):
  path, images = shapes3d_h5(tmp_path / "3dshapes.h5")
  prepare("shapes3d", partial(shapes3d.read, sizes=SHAPES3D), path)
  dataset = load("shapes3d", placement="device")
  assert dataset.factor_sizes == SHAPES3D
  assert dataset.factor_names[-1] == "orientation"
  np.testing.assert_array_equal(rendered(dataset), images)


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"images": np.zeros((5, 64, 64, 3), np.uint8)}, "images is uint8"),
    ({"images": np.zeros((192, 64, 64, 3))}, "images is float64"),
    ({"labels": np.zeros((3, 6))}, "labels has shape"),
    ({"labels": np.zeros((192, 6))}, "comes twice"),
  ],
)
def test_wrong_shapes3d_are_refused(tmp_path, changes, message):
  path, _ = shapes3d_h5(tmp_path / "3dshapes.h5", **changes)
  with pytest.raises(ValueError, match=message):
    prepare("shapes3d", partial(shapes3d.read, sizes=SHAPES3D), path)
