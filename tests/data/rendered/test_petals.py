"""The five-petal curves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial import cKDTree

from dvae_jax import data
from dvae_jax.data import draw_indices
from dvae_jax.data.rendered import petals


def load(variant="full", resolution=64, **fields):
  return data.load(
    {"name": "petals", "variant": variant, "resolution": resolution, **fields}
  )


def render(dataset, indices):
  indices = jnp.asarray(indices, jnp.int32)
  return np.asarray(jax.jit(dataset.render)(dataset.arrays, indices))


draw = jax.jit(petals.draw, static_argnames=("resolution", "line"))


def covered(a, b, resolution, width):
  """SciPy's distance of every pixel from 200 points on each segment."""
  theta = np.linspace(0, 2 * np.pi, 500)
  radius = b * np.cos(5 * theta) + a
  fine = np.arange(0, 499, 1 / 200)
  x = np.interp(fine, np.arange(500), radius * np.cos(theta))
  y = np.interp(fine, np.arange(500), radius * np.sin(theta))
  curve = np.stack([4 - y, x + 4], -1) * resolution / 8
  pixels = np.stack(np.mgrid[:resolution, :resolution] + 0.5, -1)
  nearest, _ = cKDTree(curve).query(pixels, distance_upper_bound=4)
  # The part of [nearest - 1/2, nearest + 1/2] within width / 2 of the line.
  part = np.minimum(nearest + 0.5, width / 2)
  return np.clip(part - np.maximum(nearest - 0.5, -width / 2), 0, 1)


@pytest.mark.parametrize(
  ("resolution", "line"), [(256, 2.0), (256, 4.0), (64, 2.0), (32, 4.0)]
)
def test_drawing_agrees_with_brute_force(resolution, line):
  for a, b in [(0.5, 2.0), (2.0, 2.0), (1.3, 0.0), (0.9, 1.6)]:
    drawn = draw(jnp.array([[a, b]]), resolution=resolution, line=line)
    expected = covered(a, b, resolution, line * resolution / 256)
    np.testing.assert_allclose(drawn[0, ..., 0], expected, atol=2e-3)


def test_circle():
  drawn = draw(jnp.array([[1.5, 0.0]]), resolution=256)[0, ..., 0]
  # A ring of radius 48 and width 2 pixels covers 2 pi 48 * 2 of them.
  np.testing.assert_allclose(drawn.sum(), 2 * np.pi * 48 * 2, rtol=2e-3)
  np.testing.assert_allclose(drawn, drawn[::-1], atol=1e-3)
  np.testing.assert_allclose(drawn, drawn.T, atol=1e-3)


def test_tips_are_at_multiples_of_72_degrees():
  drawn = np.asarray(draw(jnp.array([[1.0, 1.0]]), resolution=256))
  row, column = np.nonzero(drawn[0, ..., 0] > 0.5)
  # The tips are at radius 2, that is 64 pixels, at multiples of 72 degrees.
  assert abs(column.max() - (128 + 64)) <= 1
  assert abs(row.min() - (128 - 64 * np.sin(np.deg2rad(72)))) <= 2


def test_smaller_pictures_look_like_averaged_ones():
  parameters = jnp.array([[1.0, 0.5], [1.8, 1.2]])
  big = draw(parameters, resolution=256)
  small = draw(parameters, resolution=64)
  averaged = big.reshape(2, 64, 4, 64, 4, 1).mean((2, 4))
  assert abs(small - averaged).mean() < 0.1 * averaged.mean()
  np.testing.assert_allclose(small.sum(), averaged.sum(), rtol=0.05)


@pytest.mark.parametrize(
  ("variant", "images", "train"),
  [
    ("full", 5000, 4499),
    ("punctured", 5000, 4299),
    ("weights", 5000, 4499),
    ("transects", 45, 0),
    ("grid", 4096, 0),
  ],
)
def test_sizes_of_the_study(variant, images, train):
  dataset = load(variant)
  assert (dataset.num_images, dataset.num_train) == (images, train)
  assert render(dataset, [0, images - 1]).shape == (2, 64, 64, 1)
  assert dataset.notes["variant"] == variant


def test_hole():
  parameters = np.asarray(load("full").arrays["images"])
  gap = parameters - np.array([1.25, 1.0])
  hole = np.flatnonzero((gap**2).sum(1) <= 0.09)
  assert len(hole) == 490
  dataset = load("punctured")
  assert np.isin(hole, dataset.held_out).all()
  drawn = draw_indices(dataset, dataset.arrays, jax.random.key(0), 50000)
  assert not np.isin(drawn, hole).any()
  # 50,000 draws miss one of 4,299 images with probability 9e-6.
  assert len(np.unique(drawn)) >= 4298


def test_parameters_are_uniform():
  parameters = petals.samples()
  assert (parameters.min(0) >= [0.5, 0.0]).all()
  assert (parameters.max(0) <= [2.0, 2.0]).all()
  # Means within 5 standard errors, range / sqrt(12 * 5000).
  np.testing.assert_allclose(parameters.mean(0), [1.25, 1.0], atol=0.041)


def test_weights_fall_with_b():
  dataset = load("weights")
  b = np.asarray(dataset.arrays["images"])[:, 1]
  assert dataset.weights.dtype == np.float32
  assert dataset.weights[b.argmin()] == 1
  assert dataset.weights[b.argmax()] == 0
  slope = np.polyfit(b, dataset.weights, 1)[0]
  np.testing.assert_allclose(slope, -1 / (b.max() - b.min()), rtol=1e-4)
  assert load("full").weights is None


def test_transects():
  dataset = load("transects")
  assert dataset.factor_sizes == (3, 15)
  ends = np.asarray(dataset.arrays).reshape(3, 15, 2)
  np.testing.assert_allclose(
    ends[:, [0, 14]],
    [[[1.25, 0], [1.25, 2]], [[0.5, 1], [2, 1]], [[0.5, 2], [2, 0]]],
  )
  np.testing.assert_allclose(np.diff(ends, 2, axis=1), 0, atol=1e-6)
  wide = render(dataset, [0]).sum()
  thin = draw(dataset.arrays[:1], resolution=64).sum()
  np.testing.assert_allclose(wide / thin, 2, rtol=0.05)


def test_grid_is_thinned_and_punctured():
  dataset = load("punctured_grid", stride=(3, 5))
  assert dataset.factor_sizes == (22, 13)
  a = np.linspace(0.5, 2, 64)[::3]
  b = np.linspace(0, 2, 64)[::5]
  np.testing.assert_allclose(dataset.factor_values[0], a)
  parameters = np.asarray(dataset.arrays["images"]).reshape(22, 13, 2)
  np.testing.assert_allclose(parameters[:, 4, 0], a, rtol=1e-6)
  np.testing.assert_allclose(parameters[7, :, 1], b, rtol=1e-6)
  hole = np.hypot(a[:, None] - 1.25, b - 1) <= 0.3
  np.testing.assert_array_equal(dataset.held_out, np.flatnonzero(hole))


def test_samples_carry_binned_factors():
  dataset = load("full")
  assert dataset.factor_sizes == ()
  assert dataset.factors.shape == (5000, 2)
  assert (dataset.factors.min(), dataset.factors.max()) == (0, 15)
  a = np.asarray(dataset.arrays["images"])[:, 0]
  np.testing.assert_array_equal(
    dataset.factors[:, 0], np.digitize(a, np.linspace(0.5, 2, 17)[1:-1])
  )


def test_same_pixels_under_scan():
  dataset = load("grid")
  indices = jnp.arange(0, 4096, 400, dtype=jnp.int32)
  one = lambda i: dataset.render(dataset.arrays, i[None])[0]
  scanned = jax.jit(lambda: jax.lax.map(one, indices))()
  np.testing.assert_allclose(render(dataset, indices), scanned, atol=1e-5)


@pytest.mark.parametrize(
  ("field", "value", "allowed"),
  [
    ("variant", "hexagons", "'punctured'"),
    ("resolution", 100, "(256, 128, 64, 32)"),
    ("stride", (2, 2), "()"),
  ],
)
def test_bad_fields_are_named(field, value, allowed):
  with pytest.raises(ValueError, match=f"data.{field}") as error:
    load(**{field: value})
  assert str(value) in str(error.value)
  assert allowed in str(error.value)
