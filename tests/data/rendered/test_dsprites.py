"""dSprites as drawn, against the official file."""

import hashlib
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data.rendered import dsprites

VARIANTS = ["color_dsprites", "noisy_dsprites", "scream_dsprites"]
REAL = Path(__file__).parents[4] / "shared/golden/dsprites_real_258.npz"
# Facts of the official file, by flat index.
SUMS = {
  0: 100,
  204800: 400,
  245760: 76,
  450560: 288,
  491520: 58,
  696320: 222,
  701440: 225,
}


def images(dataset, indices):
  indices = jnp.asarray(indices, jnp.int32)
  return np.asarray(jax.jit(dataset.render)(dataset.arrays, indices))


@pytest.fixture(scope="module")
def dataset():
  return data.load({"name": "dsprites"})


def test_official_order_and_size(dataset):
  assert dataset.num_images == 737280
  assert dataset.factor_names == (
    "shape",
    "scale",
    "orientation",
    "posX",
    "posY",
  )
  assert dataset.factor_sizes == (3, 6, 40, 32, 32)
  assert dataset.factor_values[0] == ("square", "ellipse", "heart")
  assert dataset.source == "rendered"
  assert sum(leaf.nbytes for leaf in jax.tree.leaves(dataset.arrays)) <= 2**26


def test_official_pixel_sums(dataset):
  drawn = images(dataset, list(SUMS)).sum((1, 2, 3))
  assert dict(zip(SUMS, drawn, strict=True)) == SUMS


@pytest.mark.skipif(not REAL.exists(), reason="the real images are not here")
def test_real_images(dataset):
  with np.load(REAL) as real:
    bits, index = real["bits"].reshape(258, -1), real["index"]
  digest = hashlib.sha256(bits[np.argsort(index)].tobytes()).hexdigest()
  assert digest == (
    "5ef3aa110097c8ab6bf2b45f683e9fbf61361a0bf67f7740e73967abbd29d30d"
  )
  drawn = images(dataset, index).reshape(258, -1)
  wrong = (drawn != np.unpackbits(bits, axis=1)).sum(1)
  assert wrong.max() <= 2
  assert wrong.sum() <= 4


def test_last_orientation_repeats_the_first(dataset):
  grid = np.arange(737280).reshape(18, 40, 1024)
  first, last = grid[:, 0, ::37].ravel(), grid[:, 39, ::37].ravel()
  np.testing.assert_array_equal(images(dataset, first), images(dataset, last))


def inside(shape, u, v):
  """The closed-form membership tests that the outlines stand for."""
  if shape == 0:
    return np.maximum(abs(u), abs(v)) <= 9.598
  if shape == 1:
    return (u / 12.766) ** 2 + (v / 7.2133) ** 2 <= 1
  width = abs(u) / (16 * 0.59957)
  c = np.sqrt(np.clip(1 - np.cbrt(np.minimum(width, 1)) ** 2, 0, None))
  g = lambda c: -8 * c**4 - 8 * c**3 - 2 * c**2 + 19 * c + 4
  y = (-1.43574 - v) / 0.66229
  return (width <= 1) & (g(-c) <= y) & (y <= g(c))


def test_spans_agree_with_closed_forms(dataset):
  indices = np.random.default_rng(0).integers(737280, size=1500)
  expected = []
  for k, i, o, x, y in zip(
    *np.unravel_index(indices, dsprites.SIZES), strict=True
  ):
    scale, turn = 0.5 + 0.1 * i, 2 * np.pi * o / 39
    row, column = np.mgrid[:64, :64] + 0.5
    dx = (column - 16 - 32 * x / 31) / scale
    dy = (row - 16 - 32 * y / 31) / scale
    u = np.cos(turn) * dx - np.sin(turn) * dy
    v = np.sin(turn) * dx + np.cos(turn) * dy
    expected.append(inside(k, u, v))
  drawn = images(dataset, indices)[..., 0]
  # The polygons stand 2e-5 pixel off the curves: a pixel in a million differs.
  assert (drawn != np.array(expected)).sum() <= 6


def test_same_pixels_under_jit_vmap_scan_and_loop(dataset):
  indices = jnp.arange(0, 737280, 30000, dtype=jnp.int32)
  arrays, count = dataset.arrays, len(indices)
  one = lambda i: dataset.render(arrays, i[None])[0]
  transformed = (
    lambda: jax.vmap(one)(indices),
    lambda: jax.lax.scan(lambda c, i: (c, one(i)), 0, indices)[1],
    lambda: jax.lax.fori_loop(
      0,
      count,
      lambda n, x: x.at[n].set(one(indices[n])),
      jnp.zeros((count, 64, 64, 1)),
    ),
  )
  expected = images(dataset, indices)
  for render in transformed:
    np.testing.assert_array_equal(jax.jit(render)(), expected)
  eager = dataset.render(arrays, indices[:2])
  np.testing.assert_array_equal(eager, expected[:2])


@pytest.mark.parametrize("resolution", [32, 16, 8])
def test_low_resolution_is_the_area_average(dataset, resolution):
  indices = np.arange(3, 737280, 9001)
  side = 64 // resolution
  full = images(dataset, indices)
  expected = full.reshape(-1, resolution, side, resolution, side, 1).mean(
    (2, 4)
  )
  small = data.load({"name": "dsprites", "resolution": resolution})
  assert small.image_shape == (resolution, resolution, 1)
  np.testing.assert_array_equal(images(small, indices), expected)


@pytest.mark.parametrize("name", ["dsprites", "dsprites_noshape", *VARIANTS])
def test_strided_grid_is_part_of_the_full_one(name):
  full = data.load({"name": name})
  stride = (1, 2, 7, 9, 40)[-len(full.factor_sizes) :]
  thin = data.load({"name": name, "stride": stride})
  assert thin.factor_sizes == (3, 3, 6, 4, 1)[-len(stride) :]
  grid = np.arange(full.num_images).reshape(full.factor_sizes)
  kept = grid[tuple(slice(None, None, s) for s in stride)].ravel()
  assert thin.num_images == len(kept)
  assert [len(v) for v in thin.factor_values] == list(thin.factor_sizes)
  assert thin.notes["stride"] == list(stride)
  some = np.arange(0, len(kept), 7)
  np.testing.assert_array_equal(images(thin, some), images(full, kept[some]))


def test_ready_in_two_seconds():
  jax.clear_caches()
  start = time.process_time()  # a busy machine is not the loader's fault
  dataset = data.load({"name": "dsprites"})
  images(dataset, np.arange(64))
  assert time.process_time() - start < 2.0
