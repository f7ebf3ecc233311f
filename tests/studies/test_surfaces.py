"""Surfaces of codes: planes and spheres, whose normals are known."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from sklearn.decomposition import PCA

from dvae_jax.studies import surfaces

RNG = np.random.default_rng(0)


def test_angles_are_to_the_nearest_axis_whatever_the_sign():
  found = surfaces.axis_angle([[0, 0, -2], [1, 1, 0], [-1, 1, 1]])
  diagonal = np.degrees(np.arccos(1 / np.sqrt(3)))  # of a cube
  np.testing.assert_allclose(found, [0, 45, diagonal], atol=1e-6)


def test_principal_axes_are_scikit_learns():
  codes = RNG.normal(size=(50, 3)) @ RNG.normal(size=(3, 3)) + 5
  shares, axes = surfaces.principal(codes)
  pca = PCA().fit(codes)
  np.testing.assert_allclose(shares, pca.explained_variance_ratio_)
  np.testing.assert_allclose(
    np.abs(axes @ pca.components_.T), np.eye(3), atol=1e-8
  )


def test_a_turned_plane_has_the_turned_normal():
  turn = Rotation.from_euler("xyz", (20, 30, 40), degrees=True)
  plane = np.stack([*np.mgrid[:5, :6], np.zeros((5, 6))], -1)
  found = surfaces.normals(turn.apply(plane.reshape(-1, 3)).reshape(5, 6, 3))
  assert found.shape == (3, 4, 3)
  expected = np.broadcast_to(turn.apply([0, 0, 1]), found.shape)
  np.testing.assert_allclose(found, expected, atol=1e-12)
  with pytest.raises(ValueError, match=r"\(A, B, 3\) expected"):
    surfaces.normals(plane[..., :2])


def test_a_spheres_normals_are_its_radii():
  a, b = np.meshgrid(np.linspace(1, 2, 50), np.linspace(0, 1, 50))
  ball = np.stack([np.sin(a) * np.cos(b), np.sin(a) * np.sin(b), np.cos(a)], -1)
  found = np.abs((surfaces.normals(ball) * ball[1:-1, 1:-1]).sum(-1))
  np.testing.assert_allclose(found, 1, atol=1e-4)


def test_a_surface_is_thin_and_a_cloud_is_not():
  ball = RNG.normal(size=(5000, 3))
  sphere = ball / np.linalg.norm(ball, axis=1, keepdims=True)
  assert surfaces.thickness(sphere) < 0.005
  # Of a cloud the directions are alike: all neighbours show a third.
  assert abs(surfaces.thickness(ball[:500], neighbours=500) - 1 / 3) < 0.03


def test_codes_that_are_all_alike_have_no_surface():
  same = np.ones((40, 3))
  assert np.isnan(surfaces.normals(same.reshape(5, 8, 3))).all()
  assert np.isnan(surfaces.thickness(same))
  ball = RNG.normal(size=(30, 3)) + 10
  both = surfaces.thickness(np.concatenate([same, ball]))
  assert both == surfaces.thickness(ball)
