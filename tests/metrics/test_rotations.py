"""Which axes each rotation finds, and which none can."""

import numpy as np
import pytest

from dvae_jax.metrics.rotations import ROTATIONS

SQUEEZED = np.array([[2.0, 1.0], [0.3, 1.5]])


def rng(seed=0):
  return np.random.default_rng(seed)


def sources(draw, rows=20_000):
  """Two independent columns of variance 1."""
  columns = draw(rng(), (rows, 2))
  return (columns - columns.mean(0)) / columns.std(0)


def uniform(generator, shape):
  return generator.uniform(size=shape)


def laplace(generator, shape):
  return generator.laplace(size=shape)


def found(method, truth):
  """Sources mixed and rotated back: their largest correlation with each."""
  mixed = truth @ SQUEEZED
  rotation = ROTATIONS[method](mixed, rng=rng(1))
  both = np.corrcoef(truth.T, rotation.apply(mixed).T)
  return np.abs(both[:2, 2:]).max(1).min()


@pytest.mark.parametrize(
  ("method", "draw", "finds"),
  [
    ("ica", uniform, True),
    ("ica", laplace, True),
    ("varimax", laplace, True),
    ("varimax", uniform, False),  # it looks for heavy tails
    ("pca", uniform, False),  # the mixture isn't orthogonal
  ],
)
def test_who_finds_independent_sources(method, draw, finds):
  correlation = found(method, sources(draw))
  assert (correlation > 0.995) == finds
  if method == "varimax" and not finds:
    # Halfway between two uniform ones the fourth powers are largest: cos 45.
    assert correlation == pytest.approx(np.sqrt(0.5), abs=0.03)


def test_principal_axes_undo_a_turn_of_latents_of_different_width():
  truth = sources(uniform) * [3.0, 1.0]
  turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
  rotation = ROTATIONS["pca"](truth @ turn, rng=rng())
  expected = turn.T * np.sign(turn.T[[1, 0], [0, 1]])
  np.testing.assert_allclose(rotation.axes, expected, atol=0.01)
  np.testing.assert_allclose(rotation.apply(truth @ turn).std(0), [3, 1], 1e-2)


@pytest.mark.parametrize("method", ROTATIONS)
def test_rotated_codes_are_uncorrelated_and_dead_latents_gone(method):
  codes = np.column_stack([sources(laplace, 500) @ SQUEEZED, np.zeros(500)])
  codes[:, 2] = 1e-4 * rng().normal(size=500)
  rotation = ROTATIONS[method](codes, rng=rng())
  rotated = rotation.apply(codes)
  assert rotated.shape == (500, 2)
  assert not rotation.note
  np.testing.assert_allclose(np.corrcoef(rotated.T), np.eye(2), atol=1e-6)
  if method != "pca":
    np.testing.assert_allclose(rotated.std(0), 1, rtol=1e-6)


@pytest.mark.parametrize("method", ROTATIONS)
def test_one_latent_and_none_that_varies(method):
  column = rng().normal(size=(50, 1))
  rotated = ROTATIONS[method](column, rng=rng()).apply(column)
  assert abs(np.corrcoef(column[:, 0], rotated[:, 0])[0, 1]) > 0.999999
  with pytest.raises(ValueError, match="no latent varies"):
    ROTATIONS[method](np.ones((50, 3)), rng=rng())
