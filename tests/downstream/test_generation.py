"""Distances of sets, against SciPy, by hand and at zero."""

import numpy as np
import pytest
import scipy.linalg

from dvae_jax.downstream import generation

RNG = np.random.default_rng(4)
A = RNG.normal(size=(300, 4)) @ RNG.normal(size=(4, 4))
B = RNG.normal(size=(200, 4)) + 0.5


def test_frechet_distance_by_scipys_square_root():
  cov_a, cov_b = np.cov(A.T), np.cov(B.T)
  root = scipy.linalg.sqrtm(cov_a @ cov_b).real
  expected = ((A.mean(0) - B.mean(0)) ** 2).sum()
  expected += np.trace(cov_a + cov_b - 2 * root)
  assert generation.frechet_distance(A, B) == pytest.approx(expected)
  assert generation.frechet_distance(B, A) == pytest.approx(expected)


def test_frechet_distance_of_equal_and_of_moved_sets():
  assert generation.frechet_distance(A, A) == pytest.approx(0, abs=1e-8)
  assert generation.frechet_distance(A, A + 3) == pytest.approx(4 * 9)
  # One feature: (difference of means)^2 + (difference of deviations)^2.
  one = generation.frechet_distance(B[:, :1], 3 * B[:, :1] + 1)
  mean, sd = B[:, 0].mean(), B[:, 0].std(ddof=1)
  assert one == pytest.approx((2 * mean + 1) ** 2 + (2 * sd) ** 2)


def test_mmd_by_its_definition():
  kernel = lambda x, y: (x @ y / 4 + 1) ** 3
  a, b = A[:8], B[:6]
  pairs = lambda rows: [
    kernel(x, y)
    for i, x in enumerate(rows)
    for j, y in enumerate(rows)
    if i != j
  ]
  between = [kernel(x, y) for x in a for y in b]
  expected = np.mean(pairs(a)) + np.mean(pairs(b)) - 2 * np.mean(between)
  assert generation.mmd(a, b) == pytest.approx(expected)


def test_mmd_is_unbiased():
  rng = np.random.default_rng(5)
  same = [generation.mmd(*rng.normal(size=(2, 40, 3))) for _ in range(400)]
  # Its mean is 0 within five standard errors.
  assert abs(np.mean(same)) < 5 * np.std(same) / 20
