"""Shapes, sizes and bounds of the networks."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.methods import posteriors
from dvae_jax.networks import NETWORKS, Critic, layers
from dvae_jax.networks.architectures import ConvEncoder


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


@pytest.mark.parametrize("part", [0, 1])
def test_layers_are_normalised_before_their_activations(part):
  module = NETWORKS["mlp_norm"]((4, 4, 1))[part]
  activation = (lambda h: np.maximum(h, 0), np.tanh)[part]
  rng = np.random.default_rng(0)
  x = rng.normal(size=((5, 4, 4, 1), (5, 3))[part]).astype(np.float32) + 7
  params = module.init(jax.random.PRNGKey(0), x)
  params = jax.tree.map(lambda p: rng.normal(size=p.shape), params)
  found, own = module.apply(params, x), params["params"]
  h = x.reshape(5, -1)
  for n in range(2):
    h = h @ own[f"Dense_{n}"]["kernel"] + own[f"Dense_{n}"]["bias"]
    h = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-6)
    norm = own[f"LayerNorm_{n}"]
    h = activation(h * norm["scale"] + norm["bias"])
  if part:
    h = h @ own["Dense_2"]["kernel"] + own["Dense_2"]["bias"]
  np.testing.assert_allclose(
    np.reshape(found, h.shape), h, rtol=1e-3, atol=1e-4
  )


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


CONVOLUTIONS = (
  "conv", "conv_k4", "burgess", "petals_conv", "qlae_conv", "tripod_resnet",
)  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (33, 50, 16), (2, 256, 3)])
def test_images_of_any_size_and_number_of_channels(name, shape):
  encoder, decoder, *_ = NETWORKS[name](shape)
  key = jax.random.PRNGKey(0)
  images = jax.ShapeDtypeStruct((2, *shape), jnp.float32)
  features, _ = jax.eval_shape(encoder.init_with_output, key, images)
  assert features.ndim == 2
  z = jax.ShapeDtypeStruct((2, 3), jnp.float32)
  outputs, _ = jax.eval_shape(decoder.init_with_output, key, z)
  assert outputs.shape == (2, *shape)


@pytest.mark.parametrize("name", NETWORKS)
def test_vectors_are_for_networks_without_convolutions(name):
  shape = (1, 12, 1)
  if name in CONVOLUTIONS:
    with pytest.raises(ValueError, match=r"1 x 12 found.*'mlp_small'.*vectors"):
      NETWORKS[name](shape)
    return
  _, decoder, *_ = NETWORKS[name](shape)
  outputs, _ = jax.eval_shape(
    decoder.init_with_output, jax.random.PRNGKey(0), jnp.zeros((2, 3))
  )
  assert outputs.shape == (2, *shape)


def test_a_small_image_is_in_the_middle_of_its_canvas():
  images = jnp.ones((1, 3, 5, 1))
  canvas = layers.padded(images, (8, 8))
  # 3 rows of 8 leave 2 above and 3 below; 5 columns 1 left and 2 right.
  expected = np.zeros((8, 8))
  expected[2:5, 1:6] = 1.0
  np.testing.assert_array_equal(canvas[0, :, :, 0], expected)
  np.testing.assert_array_equal(layers.cropped(canvas, (3, 5, 1)), images)


def test_a_network_sees_a_padded_image_as_that_canvas():
  encoder = ConvEncoder(((2, 4), (2, 4)), (3,), layers.relu)  # strides of 4
  key = jax.random.PRNGKey(0)
  images = jax.random.uniform(key, (2, 6, 5, 1))
  params = encoder.init(key, images)
  canvas = jnp.pad(images, ((0, 0), (1, 1), (1, 2), (0, 0)))
  np.testing.assert_array_equal(
    encoder.apply(params, images), encoder.apply(params, canvas)
  )


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
