"""Shapes, sizes and bounds of the networks."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.methods import posteriors
from dvae_jax.networks import NETWORKS, Critic


def count(module, shape):
  params = jax.eval_shape(module.init, jax.random.PRNGKey(0), jnp.zeros(shape))
  return sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(name, channels):
  image_shape = (64, 64, channels)
  encoder, decoder, *_ = NETWORKS[name](image_shape)
  key, images = jax.random.PRNGKey(0), jnp.zeros((2, *image_shape))
  features, _ = jax.eval_shape(encoder.init_with_output, key, images)
  assert features.ndim == 2
  assert len(features) == 2
  z = jnp.zeros((2, 7))
  logits, _ = jax.eval_shape(decoder.init_with_output, key, z)
  assert logits.shape == images.shape


def dense(*sizes):
  return sum(a * b + b for a, b in itertools.pairwise(sizes))


def convs(*layers):
  return sum(k * k * a * b + b for k, a, b in layers)


# Counted by hand from the tables of the papers named in architectures.py, with
# one channel and 10 latents.
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
    ("linear", dense(4096, 20), dense(10, 4096)),
  ],
)
def test_sizes_are_those_of_the_papers(name, encoder_size, decoder_size):
  encoder, decoder, *_ = NETWORKS[name]((64, 64, 1))
  features = jax.eval_shape(
    lambda: encoder.init_with_output(
      jax.random.PRNGKey(0), jnp.zeros((1, 64, 64, 1))
    )[0]
  )
  trunk = count(encoder, (1, 64, 64, 1))
  head = count(posteriors.GaussianHead(10), features.shape)
  assert trunk + head == encoder_size
  assert count(decoder, (1, 10)) == decoder_size


def test_petals_network_has_the_sizes_of_its_notebook():
  # `summary()` of both in Train_VAE_entanglement_loss.ipynb: 345,411 for 3
  # latents, 352,001 for 12, of which 1,024 are running averages that group
  # normalisation doesn't have.
  encoder, decoder, init, *_ = NETWORKS["petals_conv"]((256, 256, 1))
  trunk = count(encoder, (1, 256, 256, 1))
  head = count(posteriors.PointHead(3, init), (1, 28_800))
  assert trunk + head == 345_411
  assert count(decoder, (1, 12)) == 352_001 - 1024
  kernel = posteriors.PointHead(3, init).init(
    jax.random.PRNGKey(0), jnp.zeros((1, 28_800))
  )["params"]["mean"]["kernel"]
  np.testing.assert_allclose(kernel.std(), 0.05, rtol=0.02)


def test_critic_has_six_layers_of_a_thousand():
  assert count(Critic(), (1, 10)) == dense(10, *[1000] * 6, 1)
  assert NETWORKS["conv"]((64, 64, 1)).critic == Critic()


def test_a_small_network_brings_a_small_critic():
  critic = NETWORKS["mlp_small"]((16, 16, 1)).critic
  assert count(critic, (1, 10)) == dense(10, *[256] * 3, 1)


@pytest.mark.parametrize("name", ["conv", "conv_k4", "burgess", "petals_conv"])
def test_images_that_do_not_fit_are_refused(name):
  with pytest.raises(
    ValueError, match=r"network: images of 20 x 20 .* multiples"
  ):
    NETWORKS[name]((20, 20, 1))


def test_the_linear_network_has_no_activation():
  # f(x) - f(0) is additive: no ReLU, no tanh.
  encoder, decoder, *_ = NETWORKS["linear"]((2, 2, 1))
  key = jax.random.PRNGKey(0)
  for module, shape in ((encoder, (2, 2, 1)), (decoder, (3,))):
    a, b = 9.0 * jax.random.normal(key, (2, 1, *shape))
    f = lambda x, m=module: m.apply(m.init(key, x), x)
    np.testing.assert_allclose(
      f(a + b) + f(0 * a), f(a) + f(b), rtol=1e-4, atol=1e-4
    )
