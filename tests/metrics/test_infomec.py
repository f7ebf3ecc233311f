"""infomec, dcimig and selectivity against libraries and hand-made cases."""

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import mutual_info_score

from dvae_jax.metrics.dcimig import dcimig
from dvae_jax.metrics.infomec import infomec, knn_information
from dvae_jax.metrics.selectivity import selectivity


def rng():
  return np.random.default_rng(0)


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("noise", [0.05, 0.5, 5.0])
def test_information_agrees_with_scikit_learn(k, noise):
  generator = rng()
  labels = generator.integers(6, size=1500)
  values = labels + noise * generator.normal(size=1500)
  expected = mutual_info_classif(
    values[:, None], labels, discrete_features=False, n_neighbors=k
  )
  np.testing.assert_allclose(
    knn_information(values, labels, k, rng()), expected[0], atol=1e-9
  )


def test_information_of_one_bit():
  # Two values far apart: I = log 2, the estimate psi(N) - psi(N/2).
  labels = np.arange(1000) % 2
  values = labels * 100 + rng().uniform(size=1000)
  found = knn_information(values, labels, 10, rng())
  np.testing.assert_allclose(found, np.log(2), rtol=2e-3)


def test_information_of_constant_values_and_of_lonely_labels_is_zero():
  assert knn_information(np.ones(50), np.arange(50) % 3, 10, rng()) == 0
  assert knn_information(np.arange(50.0), np.arange(50), 10, rng()) == 0


def test_information_survives_ties():
  # Values on a few points, as quantised latents have them: I = H(v) = log 4.
  labels = np.arange(4000) % 4
  found = knn_information(labels.astype(float), labels, 10, rng())
  np.testing.assert_allclose(found, np.log(4), rtol=2e-3)


def test_infomec_of_own_latents_is_one():
  generator = rng()
  factors = np.stack([generator.integers(s, size=3000) for s in (3, 4)], 1)
  codes = factors + 0.01 * generator.uniform(size=factors.shape)
  result = infomec(codes, factors, rng=rng())
  for name in ("infomec", "infom", "infoc", "infoe"):
    np.testing.assert_allclose(result[name], 1, atol=0.03)


def test_infom_sees_mixing_and_infoc_sees_copies():
  generator = rng()
  a, b = generator.integers(3, size=(2, 3000))
  factors = np.stack([a, b], axis=1)
  # One latent holds both factors, so half of its information is each one's.
  mixed = (a + 3.0 * b)[:, None] + 0.01 * generator.uniform(size=(3000, 1))
  result = infomec(mixed, factors, rng=rng())
  np.testing.assert_allclose(result["infom"], 0, atol=0.02)
  assert result["infoc"] == 1  # one active latent
  copies = np.stack([a, a, b, b], 1) + 0.01 * generator.uniform(size=(3000, 4))
  result = infomec(copies, factors, rng=rng())
  np.testing.assert_allclose(result["infom"], 1, atol=0.02)
  # (1/2 - 1/4) / (1 - 1/4): half of the information in each of two latents.
  np.testing.assert_allclose(result["infoc"], 1 / 3, atol=0.02)


def test_infoe_is_linear_and_held_out():
  generator = rng()
  labels = generator.integers(2, size=(3000, 1))
  # A product of signs: all the information is there, none of it is linear.
  signs = generator.choice([-1, 1], size=3000)
  codes = np.stack([signs, signs * (2 * labels[:, 0] - 1)], 1)
  codes = codes + 0.01 * generator.normal(size=(3000, 2))
  assert infomec(codes, labels, rng=rng())["infoe"] < 0.01
  # Noise in many latents is learnt by heart in training, and worth nothing.
  noise = generator.normal(size=(150, 80))
  assert infomec(noise, labels[:150], rng=rng())["infoe"] == 0


def test_inactive_latents_are_left_out():
  generator = rng()
  factors = np.stack([generator.integers(s, size=2000) for s in (3, 4)], 1)
  codes = factors + 0.3 * generator.uniform(-1, 1, factors.shape)
  base = infomec(codes, factors, rng=rng())
  dead = 0.05 * generator.uniform(size=(2000, 3))  # under 1/20 of the range
  more = infomec(np.hstack([codes, dead]), factors, rng=rng())
  assert base["active_latents"] == more["active_latents"] == 2
  for name in ("infom", "infoc"):
    np.testing.assert_allclose(more[name], base[name], rtol=1e-6)


def test_dcimig_by_hand():
  # Latent 0 is factor 0, latent 1 its copy, latent 2 holds both factors, nobody
  # has factor 1 alone: leads log 3, log 3, |log 3 - log 2|.
  a, b = np.meshgrid(np.arange(3), np.arange(2), indexing="ij")
  factors = np.stack([a.ravel(), b.ravel()], axis=1)
  codes = np.stack([a.ravel(), 5 - a.ravel(), 2 * a.ravel() + b.ravel()], 1)
  result = dcimig(codes, factors, rng=rng())
  np.testing.assert_allclose(
    result["dcimig"], np.log(3) / (np.log(3) + np.log(2)), rtol=1e-12
  )
  own = dcimig(np.stack([a.ravel(), b.ravel()], 1), factors, rng=rng())
  np.testing.assert_allclose(own["dcimig"], 1, rtol=1e-12)
  both = dcimig(codes[:, 2:], factors, rng=rng())
  np.testing.assert_allclose(
    both["dcimig"], np.log(1.5) / (np.log(3) + np.log(2)), rtol=1e-12
  )


def test_selectivity_agrees_with_scikit_learn():
  generator = rng()
  factors = np.stack([generator.integers(s, size=500) for s in (3, 4)], 1)
  codes = generator.integers(5, size=(500, 3)) + factors[:, [0, 1, 1]]
  result = selectivity(codes, factors, rng=rng())
  expected = [
    [mutual_info_score(v, z) / mutual_info_score(v, v) for z in codes.T]
    for v in factors.T
  ]
  np.testing.assert_allclose(result["selectivity_matrix"], expected, rtol=1e-9)
  np.testing.assert_allclose(
    result["selectivity"], np.mean(np.max(expected, axis=1)), rtol=1e-9
  )
