"""What a GPU and a TPU run are XLA's convolutions."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.precision import x64

from dvae_jax.networks import convolutions

# The compiler of JAX 0.7 writes over its bounds where it pads float64 lanes.
DTYPE = np.float64 if jax.__version_info__ >= (0, 8) else np.float32

# (height, width, channels, features, kernel). A kernel of 6 moves a window over
# blocks in more than one place a side.
COLUMNS = [(16, 16, 1, 32, 4), (6, 16, 2, 12, 6), (4, 8, 1, 4, 2)]
SHAPES = [
  *COLUMNS,
  (8, 12, 32, 32, 4),
  (8, 8, 32, 16, 4),
  (4, 6, 8, 1, 4),
  (6, 4, 5, 7, 2),
  (4, 4, 2, 16, 2),
  (2, 2, 3, 4, 4),
  (8, 12, 2, 3, 6),
  (6, 6, 1, 9, 6),
]


@pytest.mark.parametrize(
  ("way", "shape"),
  [
    *(("products", shape) for shape in SHAPES),
    *(("columns", shape) for shape in COLUMNS),
  ],
)
def test_convolutions_equal_xlas(shape, way):
  height, width, channels, features, size = shape
  rng = np.random.default_rng(0)
  x = rng.normal(size=(2, 3, height, width, channels))
  kernel = rng.normal(size=(2, size, size, channels, features))
  y = rng.normal(size=(2, 3, height // 2, width // 2, features))
  plain = convolutions._convolve_by_lax
  with x64():
    x, kernel, y = (jnp.asarray(array, DTYPE) for array in (x, kernel, y))
    (back,) = jax.vmap(
      lambda x, kernel, y: jax.linear_transpose(lambda x: plain(x, kernel), x)(
        y
      )
    )(x, kernel, y)
    (correlated,) = jax.vmap(
      lambda x, kernel, y: jax.linear_transpose(partial(plain, x), kernel)(y)
    )(x, kernel, y)
    for name, given, args, expected in (
      ("_convolve", {}, (x, kernel), jax.vmap(plain)(x, kernel)),
      ("_convolve_back", {}, (y, kernel), back),
      ("_correlate", {"size": size}, (x, y), correlated),
    ):
      ours = partial(getattr(convolutions, f"{name}_by_{way}"), **given)
      atol = {np.float64: 1e-11, np.float32: 1e-4}[DTYPE]
      np.testing.assert_allclose(
        jax.vmap(ours)(*args), expected, rtol=0, atol=atol, err_msg=name
      )


def test_few_channels_are_convolved_as_columns():
  """Else the test above would compare XLA's convolution with itself."""
  shape = jax.ShapeDtypeStruct
  text = jax.jit(convolutions._convolve_by_columns).lower(
    shape((2, 16, 16, 1), np.float32), shape((4, 4, 1, 32), np.float32)
  )
  assert "tensor<2x16x2x8xf32>" in text.as_text()
