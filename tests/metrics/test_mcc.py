"""mcc against SciPy's correlations and a search over all assignments."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import spearmanr

from dvae_jax.metrics.mcc import mcc


def table(latents, factors=3, rows=500, seed=0):
  rng = np.random.default_rng(seed)
  v = np.stack([rng.integers(s, size=rows) for s in (3, 5, 4)[:factors]], 1)
  mixing = rng.normal(size=(factors, latents))
  return v @ mixing + rng.normal(size=(rows, latents)), v


def rng():
  return np.random.default_rng(0)


@pytest.mark.parametrize("latents", [3, 4, 6])
def test_is_the_best_of_all_assignments(latents):
  z, v = table(latents)
  for name, correlations in (
    ("mcc", np.corrcoef(z.T, v.T)),
    ("mcc_spearman", spearmanr(np.hstack([z, v]))[0]),
  ):
    r = np.abs(correlations[:latents, latents:])
    best = max(
      r[list(chosen), range(3)].mean()
      for chosen in permutations(range(latents), 3)
    )
    np.testing.assert_allclose(mcc(z, v, rng=rng())[name], best, rtol=1e-9)


def test_a_factor_without_a_latent_of_its_own_counts_nothing():
  v = table(3)[1].astype(float)
  np.testing.assert_allclose(mcc(v, v.astype(int), rng=rng())["mcc"], 1)
  alone = mcc(v[:, :1], v.astype(int), rng=rng())
  np.testing.assert_allclose(alone["mcc"], 1 / 3)
  # The second copy of latent 0 is not taken for factor 1.
  copies = np.stack([v[:, 0], v[:, 0], 0 * v[:, 0]], 1)
  found = mcc(copies, v[:, :2].astype(int), rng=rng())["mcc"]
  other = abs(np.corrcoef(v[:, 0], v[:, 1])[0, 1])
  np.testing.assert_allclose(found, (1 + other) / 2, rtol=1e-9)


def test_ranks_see_through_a_monotone_change():
  z, v = table(3)
  bent = mcc(z**3, v, rng=rng())
  straight = mcc(z, v, rng=rng())
  np.testing.assert_allclose(bent["mcc_spearman"], straight["mcc_spearman"])
  assert bent["mcc"] < straight["mcc"] - 0.01
