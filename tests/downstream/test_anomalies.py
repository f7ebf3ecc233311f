"""Scores of anomalies against SciPy and scikit-learn."""

import numpy as np
from scipy.spatial import distance
from sklearn.decomposition import PCA

from dvae_jax.downstream import anomalies, linear

RNG = np.random.default_rng(1)
NORMAL = RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 3))


def test_mahalanobis_is_scipys():
  inverse = np.linalg.inv(np.cov(NORMAL.T))
  expected = [
    distance.mahalanobis(row, NORMAL.mean(0), inverse) for row in NORMAL[:9]
  ]
  found = anomalies.mahalanobis(NORMAL[:9], NORMAL)
  np.testing.assert_allclose(found, expected)


def test_a_latent_that_never_moves_counts_for_nothing():
  still = lambda codes: np.insert(codes, 1, 0.5, axis=1)
  np.testing.assert_allclose(
    anomalies.mahalanobis(still(NORMAL[:9]), still(NORMAL)),
    anomalies.mahalanobis(NORMAL[:9], NORMAL),
  )
  one = anomalies.mahalanobis(NORMAL[:9, :1], NORMAL[:, :1])
  z = (NORMAL[:9, 0] - NORMAL[:, 0].mean()) / NORMAL[:, 0].std(ddof=1)
  np.testing.assert_allclose(one, np.abs(z))


def test_outside_is_the_error_of_scikit_learns_projection():
  theirs = PCA(2).fit(NORMAL)
  restored = theirs.inverse_transform(theirs.transform(NORMAL[:9]))
  expected = ((NORMAL[:9] - restored) ** 2).sum(1)
  components = linear.principal_components(NORMAL, 2)
  found = anomalies.outside(NORMAL[:9].reshape(9, 3, 1), components)
  np.testing.assert_allclose(found, expected)
