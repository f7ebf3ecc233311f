"""Shapes, sizes and bounds of the networks."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.networks.architectures import NETWORKS, Critic, bound_logvar


def count(module, shape):
  params = jax.eval_shape(module.init, jax.random.PRNGKey(0), jnp.zeros(shape))
  return sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(name, channels):
  image_shape = (64, 64, channels)
  encoder, decoder = NETWORKS[name](image_shape, 7)
  key, images = jax.random.PRNGKey(0), jnp.zeros((2, *image_shape))
  (mean, logvar), _ = jax.eval_shape(encoder.init_with_output, key, images)
  assert mean.shape == logvar.shape == (2, 7)
  logits, _ = jax.eval_shape(decoder.init_with_output, key, mean)
  assert logits.shape == images.shape


def dense(*sizes):
  return sum(a * b + b for a, b in itertools.pairwise(sizes))


def convs(*layers):
  return sum(k * k * a * b + b for k, a, b in layers)


# Counted by hand from the tables of the papers named in networks.py, with one
# channel and 10 latents.
@pytest.mark.parametrize(
  ("name", "encoder_size", "decoder_size"),
  [
    (
      "conv",
      convs((4, 1, 32), (4, 32, 32), (2, 32, 64), (2, 64, 64))
      + dense(1024, 256, 20),
      dense(10, 256, 1024)
      + convs((4, 64, 64), (4, 64, 32), (4, 32, 32), (4, 32, 1)),
    ),
    (
      "burgess",
      convs((4, 1, 32), (4, 32, 32), (4, 32, 32), (4, 32, 32))
      + dense(512, 256, 256, 20),
      dense(10, 256, 256, 512)
      + convs((4, 32, 32), (4, 32, 32), (4, 32, 32), (4, 32, 1)),
    ),
    ("mlp", dense(4096, 1200, 1200, 20), dense(10, 1200, 1200, 1200, 4096)),
  ],
)
def test_sizes_are_those_of_the_papers(name, encoder_size, decoder_size):
  encoder, decoder = NETWORKS[name]((64, 64, 1), 10)
  assert count(encoder, (1, 64, 64, 1)) == encoder_size
  assert count(decoder, (1, 10)) == decoder_size


def test_critic_has_six_layers_of_a_thousand():
  assert count(Critic(), (1, 10)) == dense(10, *[1000] * 6, 1)


@pytest.mark.parametrize("raw", [-1e4, -30.0, 30.0, 1e4])
def test_log_variance_stays_finite_and_keeps_its_gradient(raw):
  value, slope = jax.value_and_grad(bound_logvar)(raw)
  excess = abs(raw) - 10
  np.testing.assert_allclose(
    value, np.sign(raw) * (10 + np.log1p(excess)), 1e-5
  )
  np.testing.assert_allclose(slope, 1 / (1 + excess), 1e-5)
  assert np.isfinite(np.exp(value, dtype=np.float32))


@pytest.mark.parametrize("raw", [-10.0, -3.0, 0.0, 2.5, 10.0])
def test_usual_log_variances_are_left_alone(raw):
  assert bound_logvar(raw) == raw
  assert jax.grad(bound_logvar)(raw) == 1


@pytest.mark.parametrize("name", ["conv", "conv_k4", "burgess", "petals_conv"])
def test_images_that_do_not_fit_are_refused(name):
  with pytest.raises(
    ValueError, match=r"network: images of 20 x 20 .* multiples"
  ):
    NETWORKS[name]((20, 20, 1), 10)
