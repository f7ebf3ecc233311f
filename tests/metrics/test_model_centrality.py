"""ModelCentrality of linear models whose latents are known."""

import numpy as np
import pytest

from dvae_jax.metrics.model_centrality import Coder, model_centrality


def linear(matrix):
  """A model that makes x = z A of normal latents, and inverts it."""

  def prior(number, seed):
    return np.random.default_rng(seed).normal(size=(number, len(matrix)))

  inverse = np.linalg.inv(matrix)
  return Coder(prior, lambda z: z @ matrix, lambda x: x @ inverse)


def scores(matrices, **options):
  sizes = {"num_votes": 200, "group_size": 50, "num_images": 500} | options
  models = [linear(matrix) for matrix in matrices]
  return model_centrality(models, rng=np.random.default_rng(0), **sizes)


def test_models_with_the_same_latents_are_central():
  order = np.eye(4)[[2, 0, 3, 1]]
  common = [np.eye(4), order, -2.0 * np.eye(4)]
  mixed = np.array(
    [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
  )
  found = scores([*common, mixed / 2])
  assert found[:3].min() > found[3] + 0.2
  # Among themselves they read each other without a fault.
  np.testing.assert_array_equal(scores(common), 1.0)


def test_a_pair_scores_the_mean_of_both_ways():
  # Both make the same images. `half` reads latent 0 twice, 1 and 2, but not 3,
  # for which it votes like 0, 1 or 2: three votes of four are right. The other
  # way round all are: (3/4 + 1) / 2.
  a, b = linear(np.eye(4)), linear(np.eye(4))
  mixing = np.eye(4)
  mixing[3, 3] = 0
  mixing[0, 3] = 1
  half = Coder(b.prior, b.decode, lambda x: x @ mixing)
  both = model_centrality(
    [a, half], rng=np.random.default_rng(0), num_votes=400, num_images=500
  )
  np.testing.assert_allclose(both, 0.875, rtol=1e-12)


def test_constant_codes_are_never_voted_for():
  dead = linear(np.eye(4))
  still = Coder(dead.prior, dead.decode, lambda x: x * (1, 1, 1, 0))
  found = model_centrality(
    [dead, still], rng=np.random.default_rng(0), num_votes=100, num_images=200
  )
  assert np.isfinite(found).all()


def test_needs_two_models():
  with pytest.raises(ValueError, match="1 model; must be two"):
    scores([np.eye(4)])
