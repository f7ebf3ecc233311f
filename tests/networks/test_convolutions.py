"""The products that a GPU runs are XLA's convolutions."""

from functools import partial

import jax
import numpy as np
import pytest
from helpers.precision import x64

from dvae_jax.networks import convolutions


# (height, width, channels, features, kernel). A kernel of 6 moves a window over
# blocks in more than one place a side.
@pytest.mark.parametrize(
  "shape",
  [
    (16, 16, 1, 32, 4),
    (8, 12, 32, 32, 4),
    (8, 8, 32, 16, 4),
    (4, 6, 8, 1, 4),
    (6, 4, 5, 7, 2),
    (4, 4, 2, 16, 2),
    (2, 2, 3, 4, 4),
    (8, 12, 2, 3, 6),
    (6, 6, 1, 9, 6),
  ],
)
def test_products_equal_convolutions_in_float64(shape):
  height, width, channels, features, size = shape
  rng = np.random.default_rng(0)
  x = rng.normal(size=(2, 3, height, width, channels))
  kernel = rng.normal(size=(2, size, size, channels, features))
  y = rng.normal(size=(2, 3, height // 2, width // 2, features))
  for name, given, *args in (
    ("_convolve", {}, x, kernel),
    ("_convolve_back", {}, y, kernel),
    ("_correlate", {"size": size}, x, y),
  ):
    ours, theirs = (
      partial(getattr(convolutions, f"{name}_by_{way}"), **given)
      for way in ("products", "lax")
    )
    with x64():
      actual, expected = jax.vmap(ours)(*args), jax.vmap(theirs)(*args)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-11)
