"""What reaches the encoder of a quantised method and what its codebook."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.lax import stop_gradient

from dvae_jax.methods import posteriors
from dvae_jax.methods.quantised import qlae

FEATURES = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)
KEY = jax.random.PRNGKey(0)


@pytest.fixture(scope="module")
def made():
  """QLAE's head of 2 latents, and its first parameters."""
  head = posteriors.quantised.head(2, nn.initializers.lecun_normal())
  return head, head.init(KEY, FEATURES)


def reached(function, params):
  """Names of the parameters that a function has a gradient by."""
  found = jax.grad(function)(params)["params"]
  nonzero = lambda tree: any(jnp.any(g != 0) for g in jax.tree.leaves(tree))
  return {name for name, tree in found.items() if nonzero(tree)}


def test_values_are_ten_of_each_latents_own(made):
  _, params = made
  codebook = params["params"]["codebook"]
  assert codebook.shape == (2, 10)
  expected = [-0.5 + i / 9 for i in range(10)]
  np.testing.assert_allclose(codebook[0], expected, rtol=1e-5)
  np.testing.assert_array_equal(codebook[0], codebook[1])


def test_a_code_is_the_nearest_value_of_its_own_latent(made):
  head, params = made
  values = np.array([np.arange(10.0), 0.05 * np.arange(10)], np.float32)
  params = {"params": {**params["params"], "codebook": values}}
  q = head.apply(params, 4 * FEATURES)
  for latent in range(2):
    distance = np.abs(np.asarray(q.raw)[:, latent, None] - values[latent])
    expected = values[latent][distance.argmin(1)]
    np.testing.assert_array_equal(q.code[:, latent], expected)


def test_a_draw_is_the_code_and_moves_the_encoder_alone(made):
  head, params = made
  q = head.apply(params, FEATURES)
  z = posteriors.straight_through(KEY, q)
  np.testing.assert_allclose(z, q.code, atol=1e-6)

  def draw(params):
    return posteriors.straight_through(KEY, head.apply(params, FEATURES)).sum()

  assert reached(draw, params) == {"mean"}


def test_each_term_moves_one_of_codebook_and_encoder(made):
  head, params = made

  def penalty(params, **weights):
    q = head.apply(params, FEATURES)
    return qlae(q, stop_gradient(q.code), **weights)[0].sum()

  to_encoder = lambda params: penalty(params, quantise=0.0, commit=1.0)
  to_codebook = lambda params: penalty(params, quantise=1.0, commit=0.0)
  assert reached(to_encoder, params) == {"mean"}
  assert reached(to_codebook, params) == {"codebook"}


def test_terms_are_means_over_latents():
  # Two latents, each 3 away from its value: the mean of 9 and 9.
  raw = jnp.array([[3.0, -3.0]])
  q = posteriors.Quantised(raw, jnp.zeros((1, 2)))
  penalty, _ = qlae(q, raw, quantise=2.0, commit=1.0)
  np.testing.assert_allclose(penalty, [27.0])
