"""What the semi-supervised beta-VAE reads of labels, and of which images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit, xlogy

from dvae_jax.methods.labelled import label_entropy

SIZES = (3, 4)


def test_codes_are_logits_of_a_values_index_over_the_number_of_values():
  codes = jnp.array([[0.5, -1.0, 9.0], [2.0, 0.0, 9.0]])
  factors = jnp.array([[2, 0], [0, 3]])
  p = expit(np.asarray(codes, np.float64)[:, :2])
  # The largest is 2/3, not 1: disentanglement_lib divides by the number.
  y = np.array([[2 / 3, 0], [0, 3 / 4]])
  expected = -(xlogy(y, p) + xlogy(1 - y, 1 - p)).sum(1)
  found = label_entropy(codes, factors, SIZES)
  np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_latents_beyond_the_factors_are_free():
  codes = jax.random.normal(jax.random.PRNGKey(0), (5, 4))
  factors = jnp.ones((5, 2), jnp.int32)
  slope = jax.grad(lambda c: label_entropy(c, factors, SIZES).sum())(codes)
  assert not slope[:, 2:].any()
  assert slope[:, :2].all()
  with pytest.raises(ValueError, match="latent_dim: 1 found, 2 or more"):
    label_entropy(codes[:, :1], factors, SIZES)


@pytest.mark.parametrize("size", [-1e4, 1e4])
def test_extreme_codes_have_finite_entropies(size):
  codes = jnp.full((1, 2), size)
  found = label_entropy(codes, jnp.array([[1, 2]]), SIZES)
  # y = 1/3 and 1/2: the larger share is missed by a code of either sign.
  expected = (2 / 3 + 1 / 2) * 1e4 if size > 0 else (1 / 3 + 1 / 2) * 1e4
  np.testing.assert_allclose(found, expected, rtol=1e-6)
