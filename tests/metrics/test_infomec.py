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


def test_infoe_is_linear_and_also_held_out():
  generator = rng()
  labels = generator.integers(2, size=(3000, 1))
  # A product of signs: all the information is there, none of it is linear.
  signs = generator.choice([-1, 1], size=3000)
  codes = np.stack([signs, signs * (2 * labels[:, 0] - 1)], 1)
  codes = codes + 0.01 * generator.normal(size=(3000, 2))
  assert infomec(codes, labels, rng=rng())["infoe"] < 0.01
  # Noise in many latents is learnt by heart: the published number believes it.
  noise = generator.normal(size=(150, 80))
  found = infomec(noise, labels[:150], rng=rng())
  assert found["infoe"] > 0.9
  assert found["infoe_held_out"] == 0


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


def quantised(generator, rows=4000):
  """Two factors of 3 and 4 values, and a latent of few values for each."""
  factors = np.stack([generator.integers(s, size=rows) for s in (3, 4)], 1)
  codes = np.array([0.7, -0.2, 0.1, 0.4])[factors]
  return codes, factors


def test_quantised_codes_are_counted_and_read_one_hot():
  codes, factors = quantised(rng())
  found = infomec(codes, factors, rng=rng(), discrete=True)
  # Counted information about the other factor is 1e-3.
  for name in ("infom", "infoc", "infoe", "infoe_held_out"):
    np.testing.assert_allclose(found[name], 1, atol=0.01)
  assert "counted" in found["variant"]
  parity = np.array([0.0, 2.0, 1.0, 3.0])[factors[:, 1:]]
  which = (factors[:, 1:] >= 2).astype(int)  # of the values 1 and 3
  one_hot = infomec(parity, which, rng=rng(), discrete=True)
  np.testing.assert_allclose(one_hot["infoe"], 1, atol=0.01)
  assert infomec(parity, which, rng=rng())["infoe"] < 0.4


def test_quantised_latents_are_active_however_small_their_range():
  codes, factors = quantised(rng())
  codes = codes * (1, 1e-3)
  assert infomec(codes, factors, rng=rng())["active_latents"] == 1
  dead = np.column_stack([codes, np.ones(len(codes))])
  found = infomec(dead, factors, rng=rng(), discrete=True)
  assert found["active_latents"] == 2


def test_values_of_a_factor_weigh_the_same():
  # 90% of the rows have value 0. What is told is measured against log 2, not
  # against the entropy of the frequencies: a latent of noise tells nothing.
  generator = rng()
  labels = (generator.random(4000) < 0.1).astype(int)[:, None]
  found = infomec(generator.normal(size=(4000, 2)), labels, rng=rng())
  assert found["infoe"] < 0.01


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
