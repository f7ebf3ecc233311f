"""Ways through the latent space, point by point."""

import numpy as np

from dvae_jax.report import paths

RNG = np.random.default_rng(0)


def test_one_latent_moves_at_a_time():
  codes, values = RNG.random((2, 3)), RNG.random((3, 4))
  found = paths.one_at_a_time(codes, values)
  assert found.shape == (2, 3, 4, 3)
  for b, d, v, e in np.ndindex(*found.shape):
    expected = values[d, v] if d == e else codes[b, e]
    assert found[b, d, v, e] == expected


def test_values_may_be_shared_by_all_latents():
  codes, values = RNG.random((1, 3)), RNG.random(4)
  np.testing.assert_array_equal(
    paths.one_at_a_time(codes, values),
    paths.one_at_a_time(codes, np.tile(values, (3, 1))),
  )


def test_lines_are_straight_and_end_at_the_codes():
  found = paths.lines(np.array([[0.0, 4.0]]), np.array([[2.0, 0.0]]), 3)
  np.testing.assert_array_equal(found, [[[0, 4], [1, 2], [2, 0]]])


def test_a_walk_keeps_to_the_broken_line_at_equal_steps():
  corner = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 1.0]])  # 3 + 1 long
  found = paths.along(corner, 5)
  np.testing.assert_allclose(found, [[0, 0], [1, 0], [2, 0], [3, 0], [3, 1]])
  half = np.pi * np.linspace(0, 1, 1001)
  circle = np.stack([np.cos(half), np.sin(half)], -1)
  np.testing.assert_allclose(paths.along(circle, 3)[1], [0, 1], atol=1e-5)


def test_detour_is_a_half_circle_over_its_diameter():
  half = np.pi * np.linspace(0, 1, 1001)
  circle = np.stack([np.cos(half), np.sin(half)], -1)
  np.testing.assert_allclose(paths.detour(circle), np.pi / 2, rtol=1e-5)
  np.testing.assert_allclose(paths.detour(circle[[0, -1]]), 1)


def test_circle_has_three_eighths_of_the_range_as_radius():
  found = paths.circle([-2, -2], [2, 2], 4)
  np.testing.assert_allclose(
    found, 1.5 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]]), atol=1e-12
  )
  found = paths.circle([0, 10], [8, 12], 2)  # around the middle (4, 11)
  np.testing.assert_allclose(found, [[7, 11], [1, 11]], atol=1e-12)


def test_plane_moves_two_latents_only():
  found = paths.in_plane(np.arange(4.0), [3, 1], np.array([[7.0, 8.0]]))
  np.testing.assert_array_equal(found, [[0, 8, 2, 7]])


def test_grid_holds_all_combinations_the_last_latent_fastest():
  values = [[1, 2, 3], [10, 20, 30]]
  found = paths.latent_grid(np.zeros(3), [2, 0], values)
  assert found.shape == (9, 3)
  np.testing.assert_array_equal(found[1], [20, 0, 1])
  np.testing.assert_array_equal(found[5], [30, 0, 2])
