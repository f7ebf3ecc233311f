"""The look-alike of 3D shapes, against the published images."""

import colorsys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data.rendered import shapes3d, shapes3d_scene

REAL = Path(__file__).parents[4] / "shared/golden/shapes3d_real_50.npz"


def images(dataset, indices):
  indices = jnp.asarray(indices, jnp.int32)
  return np.asarray(jax.jit(dataset.render)(dataset.arrays, indices))


def cast(index):
  """One image straight from the rays, without table or 8 bits."""
  floor, wall, thing, scale, shape, turn = np.unravel_index(
    index, shapes3d.SIZES
  )
  parts = shapes3d_scene.layers(
    shape, np.linspace(0.75, 1.25, 8)[scale], np.linspace(-30, 30, 15)[turn]
  )
  rgb = [colorsys.hsv_to_rgb(h / 10, 1, 1) for h in (floor, wall, thing)]
  level = np.round(5 * np.array(rgb[2])).astype(int)
  colours = [*rgb[:2], np.array([153, 226, 249]) / 255]
  image = np.einsum("khw,kc->hwc", parts[:3], colours)
  return image + np.moveaxis(parts[3 + level], 0, -1)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    yield data.load({"name": "shapes3d"})


def test_official_order_and_size(dataset):
  assert dataset.num_images == 480000
  assert dataset.factor_sizes == (10, 10, 10, 8, 4, 15)
  assert dataset.factor_names[0] == "floor_hue"
  assert dataset.factor_names[-1] == "orientation"
  assert dataset.image_shape == (64, 64, 3)
  assert "look_alike" in dataset.notes
  assert sum(leaf.nbytes for leaf in jax.tree.leaves(dataset.arrays)) < 2**25


def test_table_agrees_with_direct_rendering(dataset):
  indices = np.random.default_rng(0).integers(480000, size=40)
  expected = np.array([cast(i) for i in indices])
  np.testing.assert_allclose(images(dataset, indices), expected, atol=5e-3)


@pytest.mark.skipif(not REAL.exists(), reason="the real images are not here")
def test_real_images(dataset):
  with np.load(REAL) as file:
    real = file["images"][file["decoded_rows"]] / 255
    factors = file["decoded_factors"].astype(int)
  drawn = images(dataset, np.ravel_multi_index(factors.T, shapes3d.SIZES))
  error = abs(drawn - real)[:, 1:-1, 1:-1]
  assert len(error) == 30
  assert error.mean() <= 0.0155


def test_colours_are_hsv():
  expected = [colorsys.hsv_to_rgb(h / 10, 1, 1) for h in range(10)]
  np.testing.assert_allclose(shapes3d.colours(), expected, atol=1e-6)


FLAT = shapes3d_scene.SCENE._replace(
  floor=(1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
  shadow=1.0,
  walls=(1.0, 1.0, 1.0, 0.0),
  shading=(1.0, 0.0, 0.0),
  highlight=(0.0, 0.1, 0.2),
)


def test_parts_cover_every_pixel_once():
  for shape in range(4):
    parts = shapes3d_scene.layers(shape, 1.0, 11.0, scene=FLAT)
    np.testing.assert_allclose(parts[[0, 1, 2, 8]].sum(0), 1.0, rtol=1e-6)
    assert all(part.any() for part in parts[[0, 1, 2, 8]])


def test_bigger_objects_cover_more():
  for shape in range(4):
    small, middle, big = (
      shapes3d_scene.layers(shape, scale, 0.0, scene=FLAT)[8].sum()
      for scale in (0.75, 1.0, 1.25)
    )
    assert small < middle < big
    # The area grows with the square of the scale, a little more as it nears.
    assert 1.0 < big / small / (1.25 / 0.75) ** 2 < 1.4


def test_strided_and_low_resolution_grids(dataset):
  stride = (5, 5, 3, 7, 1, 20)
  thin = data.load({"name": "shapes3d", "stride": stride, "resolution": 16})
  assert thin.factor_sizes == (2, 2, 4, 2, 4, 1)
  assert thin.factor_values[4] == ("cube", "cylinder", "sphere", "capsule")
  grid = np.arange(480000).reshape(shapes3d.SIZES)
  kept = grid[tuple(slice(None, None, s) for s in stride)].ravel()
  full = images(dataset, kept).reshape(-1, 16, 4, 16, 4, 3).mean((2, 4))
  drawn = images(thin, np.arange(thin.num_images))
  np.testing.assert_allclose(drawn, full, atol=5e-3)


def test_same_pixels_under_scan(dataset):
  indices = jnp.arange(0, 480000, 50001, dtype=jnp.int32)
  one = lambda i: dataset.render(dataset.arrays, i[None])[0]
  scanned = jax.jit(lambda: jax.lax.map(one, indices))()
  np.testing.assert_array_equal(images(dataset, indices), scanned)


@pytest.fixture
def cheap_table(monkeypatch):
  made = []

  def table():
    made.append(1)
    return np.full((480, 9, 64, 64), len(made), np.uint8)

  monkeypatch.setattr(shapes3d, "layer_table", table)
  return made


def test_table_is_made_once(cheap_table, tmp_path):
  first = shapes3d.cached_layer_table(tmp_path / "new")
  second = shapes3d.cached_layer_table(tmp_path / "new")
  assert len(cheap_table) == 1
  np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
  "damage", ["flip", "truncate", "empty", "shape", "npy"]
)
def test_damaged_cache_is_made_again(cheap_table, tmp_path, damage):
  shapes3d.cached_layer_table(tmp_path)
  (path,) = tmp_path.iterdir()
  content = bytearray(path.read_bytes())
  content[len(content) // 2] ^= 255
  if damage == "flip":
    path.write_bytes(content)
  elif damage == "truncate":
    path.write_bytes(content[: len(content) // 2])
  elif damage == "empty":
    path.write_bytes(b"")
  elif damage == "shape":
    np.savez(path, table=np.zeros((2, 2), np.uint8))
  else:
    with path.open("wb") as file:
      np.save(file, np.zeros(3))
  assert (shapes3d.cached_layer_table(tmp_path) == 2).all()
  assert (shapes3d.cached_layer_table(tmp_path) == 2).all()
  assert len(list(tmp_path.iterdir())) == 1


def test_cache_that_cannot_be_written(cheap_table, tmp_path):
  (tmp_path / "file").write_text("")
  table = shapes3d.cached_layer_table(tmp_path / "file")
  assert (table == 1).all()
