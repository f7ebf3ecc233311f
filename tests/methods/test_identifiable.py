"""What iVAE's prior reads of the labels."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.latents import penalty, random_latents, some_factors

from dvae_jax.methods.identifiable import LabelledPrior
from dvae_jax.methods.posteriors import Gaussian

KEY = jax.random.PRNGKey(0)
LABELS = jnp.array([[0, 3, 1], [0, 3, 2], [1, 0, 1], [0, 2, 1]])


@pytest.fixture(scope="module")
def prior():
  """(labels, weights (K,)) -> Gaussian of 2 latents."""
  module = LabelledPrior(2)
  params = module.init(KEY, jnp.zeros((1, 1), jnp.int32), jnp.ones((1, 1)))
  given = jax.jit(module.apply)
  return lambda labels, weights: given(
    params, labels, jnp.array([weights], jnp.float32)
  )


def test_a_prior_made_for_one_label_takes_many(prior):
  given = prior(LABELS, [1, 1, 1])
  assert given.mean.shape == given.logvar.shape == (4, 2)
  rows = {tuple(row) for row in np.asarray(given.mean).round(6).tolist()}
  assert len(rows) == 4  # all labels differ


def test_only_the_chosen_label_is_read(prior):
  found = np.asarray(prior(LABELS, [1, 0, 0]).logvar)
  np.testing.assert_array_equal(found[0], found[1])
  np.testing.assert_array_equal(found[0], found[3])
  assert (found[0] != found[2]).all()
  # The same value of another factor is another label.
  swapped = LABELS[:, ::-1]
  assert (np.asarray(prior(swapped, [0, 0, 1]).logvar) != found).all()


def test_labels_that_do_not_fit_are_refused_or_not_a_number(prior):
  with pytest.raises(ValueError, match="17 factors found, at most 16"):
    prior(jnp.zeros((1, 17), jnp.int32), [1] * 17)
  many = prior(jnp.array([[255], [256]]), [1])
  assert np.isfinite(many.mean[0]).all()
  assert np.isnan(many.mean[1]).all()


@pytest.mark.parametrize("label", [0.0, 2.0, -1.0])
def test_the_label_is_one_factor_or_all(label):
  latents, weights = random_latents(3), {"beta": 1.0, "location": 1.0}
  setting = weights | {"label": label}
  found, _ = penalty("ivae", latents, setting)
  for factor in range(3):
    moved = some_factors().at[:, factor].add(1)
    other, _ = penalty("ivae", latents, setting, factors=moved)
    assert (other != found).any() == (label in (factor, -1.0))


def test_without_a_location_only_the_variances_depend_on_the_label():
  latents = random_latents(3)
  setting = {"beta": 1.0, "label": 0.0, "location": 0.0}
  means = jnp.full_like(latents.mean, 7.0)
  mean_only = lambda *_: Gaussian(means, jnp.zeros_like(means))
  found, _ = penalty("ivae", latents, setting, prior=mean_only)
  mean, logvar = np.float64(latents.mean), np.float64(latents.logvar)
  kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(1)  # to N(0, 1)
  np.testing.assert_allclose(found, kl, rtol=1e-5)
