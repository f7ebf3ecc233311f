import hashlib
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data.rendered import dsprites
from dvae_jax.data.sampling import hashing

VARIANTS = ["color_dsprites", "noisy_dsprites", "scream_dsprites"]
REAL = Path(__file__).parents[2].parent / "shared/golden/dsprites_real_258.npz"
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


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_are_fixed_by_the_index(name):
  dataset = data.load({"name": name})
  pair = images(dataset, [5, 300000])
  alone = images(dataset, [300000])
  np.testing.assert_array_equal(pair[1], alone[0])
  again = data.load({"name": name})
  np.testing.assert_array_equal(images(again, [5, 300000]), pair)
  assert pair.shape == (2, 64, 64, 3)
  assert pair.min() >= 0
  assert pair.max() <= 1


def test_coloured_sprites(dataset):
  indices = np.arange(0, 737280, 700)
  mask = images(dataset, indices)
  drawn = images(data.load({"name": "color_dsprites"}), indices)
  assert not drawn[(mask == 0)[..., 0]].any()
  colour = drawn.max((1, 2))
  np.testing.assert_array_equal(drawn, mask * colour[:, None, None, :])
  # U(0.5, 1): mean 0.75, variance 1/48; 1,054 images, bounds of 5 sigma.
  assert colour.min() >= 0.5
  assert colour.max() < 1.0
  np.testing.assert_allclose(colour.mean(0), 0.75, atol=5 / (48 * 1054) ** 0.5)
  np.testing.assert_allclose(
    np.corrcoef(colour.T), np.eye(3), atol=5 / 1054**0.5
  )


def test_noisy_background(dataset):
  indices = np.arange(0, 737280, 40000)
  mask = images(dataset, indices)[..., 0] == 1
  drawn = images(data.load({"name": "noisy_dsprites"}), indices)
  assert (drawn[mask] == 1).all()
  noise = drawn[~mask]
  # U(0, 1): each sixteenth of the range holds a sixteenth, within 5 sigma.
  share = np.histogram(noise, 16, (0, 1))[0] / noise.size
  np.testing.assert_allclose(
    share, 1 / 16, atol=5 * (1 / 16 / noise.size) ** 0.5
  )
  # No sprite reaches the outermost two rows: 768 numbers an image.
  rows = drawn[:, [0, 1, 62, 63]].reshape(len(indices), -1)
  apart = np.corrcoef(rows)
  np.testing.assert_allclose(apart, np.eye(len(indices)), atol=5 / 768**0.5)
  neighbours = np.corrcoef(rows[:, :-3].ravel(), rows[:, 3:].ravel())[0, 1]
  np.testing.assert_allclose(neighbours, 0, atol=5 / rows.size**0.5)


def test_scream_inverts_the_patch_under_the_sprite(dataset):
  scream = data.load({"name": "scream_dsprites"})
  assert "procedural" in scream.notes["texture"]
  # A heart and a square share nothing but, by chance, a patch: so compare an
  # image with its own background, filled in by the low-pass of its neighbours.
  drawn = images(scream, [0, 204800])
  mask = images(dataset, [0, 204800])[..., 0] == 1
  flipped = np.where(mask[..., None], 1 - drawn, drawn)
  jump = lambda x: abs(np.diff(x, axis=2)).max()
  assert jump(flipped) < 0.5 * jump(drawn)


def test_noshape_draws_every_shape_equally_often(dataset):
  noshape = data.load({"name": "dsprites_noshape"})
  assert noshape.num_images == 245760
  assert noshape.factor_names == ("scale", "orientation", "posX", "posY")
  indices = np.arange(0, 245760, 80)
  shapes = np.stack(
    [images(dataset, indices + k * 245760) for k in range(3)], 1
  )
  drawn = images(noshape, indices)
  chosen = (drawn[:, None] == shapes).all((2, 3, 4))
  assert (chosen.sum(1) >= 1).all()
  # 3,072 images: a third each within 5 sigma, 0.0425.
  np.testing.assert_allclose(chosen.mean(0), 1 / 3, atol=0.0425)


def test_hash_is_one_to_one():
  words = np.arange(2**16, dtype=np.uint32) * np.uint32(65521)
  assert len(np.unique(hashing.mix(words))) == 2**16
  np.testing.assert_array_equal(
    hashing.mix(jnp.asarray(words)), hashing.mix(words)
  )


def test_ready_in_two_seconds():
  jax.clear_caches()
  start = time.process_time()  # a busy machine is not the loader's fault
  dataset = data.load({"name": "dsprites"})
  images(dataset, np.arange(64))
  assert time.process_time() - start < 2.0


@pytest.mark.parametrize(
  ("field", "value", "allowed"),
  [
    ("name", "dspirtes", "'dsprites'"),
    ("source", "tensorflow", "'rendered'"),
    ("resolution", 20, "(64, 32, 16, 8)"),
    ("stride", (2, 2), "5 integers"),
    ("stride", (1, 1, 0, 1, 1), "at least 1"),
    ("stride", (1, 1, 1.5, 1, 1), "integers"),
    ("stride", 2, "5 integers"),
    ("placement", "streamed", "'device'"),
    ("crop", "center", "['']"),
    ("variant", "full", "['']"),
    ("strides", (), "'stride'"),
  ],
)
def test_bad_fields_are_named(field, value, allowed):
  with pytest.raises(ValueError, match=f"data.{field}") as error:
    data.load({field: value})
  assert str(value) in str(error.value) or field == "strides"
  assert allowed in str(error.value)
