"""The products that a GPU runs are XLA's convolutions."""

from functools import partial

import jax
import numpy as np
import pytest
from helpers.precision import x64

from dvae_jax.networks import convolutions

# (height, width, channels, features, kernel). A kernel of 6 moves a window over
# blocks in more than one place a side.
# The compiler of JAX 0.7 writes over its bounds where it pads float64 lanes.
DTYPE = np.float64 if jax.__version_info__ >= (0, 8) else np.float32


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
def test_products_equal_convolutions(shape):
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
      args = [np.asarray(arg, DTYPE) for arg in args]
      actual, expected = jax.vmap(ours)(*args), jax.vmap(theirs)(*args)
    atol = {np.float64: 1e-11, np.float32: 1e-4}[DTYPE]
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
