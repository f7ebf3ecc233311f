"""Tripod's networks, against the outputs of their authors' code.

Theirs is kylehkhsu/tripod d794dc4 with Equinox; the parameters are drawn here
and were put into their modules.
"""

import jax
import numpy as np
import pytest
from helpers import tiny

from dvae_jax.methods import build, models
from dvae_jax.networks import NETWORKS

SHAPE = (64, 64, 3)
IMAGE = np.float32(np.sin(0.1 * np.arange(np.prod(SHAPE)))) ** 2
CODE = np.float32(np.sin(np.arange(7.0)))[None]


def drawn(module, example):
  """Parameters of the size of a fan-in initializer's, all of them random."""
  shapes = jax.eval_shape(module.init, jax.random.PRNGKey(0), example)
  leaves, tree = jax.tree.flatten(shapes["params"])
  draws = [np.random.default_rng(i).normal(size=x.shape)
           / np.sqrt(max(np.prod(x.shape[:-1]) or 1, 1))
           for i, x in enumerate(leaves)]  # fmt: skip
  return jax.tree.unflatten(tree, map(np.float32, draws))


def size(params):
  return sum(np.size(leaf) for leaf in jax.tree.leaves(params))


def test_the_encoder_gives_what_theirs_gives():
  encoder = NETWORKS["tripod_resnet"](SHAPE).encoder
  images = IMAGE.reshape(1, *SHAPE)
  params = drawn(encoder, images)
  assert size(params) + 512 * 7 + 7 == 4_095_527  # with a head for 7 latents
  found = jax.jit(encoder.apply)({"params": params}, images)
  expected = [-0.086994, 0.156004, 1.269339, 0.775062, -0.139575, 1.666575]
  np.testing.assert_allclose(found[0, ::100], expected, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(np.abs(found).mean(), 0.529169, rtol=1e-5)


def test_the_decoder_and_its_penalised_layers_give_what_theirs_give():
  config = tiny.get_config("tripod")
  config.network, config.latent_dim = "tripod_resnet", 7
  model = build.build(config, SHAPE)
  params = drawn(model.modules["decoder"], CODE)
  assert size(params) == 16_138_883
  held = {"decoder": {"params": params}}
  found, hidden = jax.jit(
    lambda z: (models.decode(model, held, z),
               models.hidden_layers(model, held, z))
  )(CODE)  # fmt: skip
  some = np.asarray(found)[0, ::13, ::17].ravel()[::9]
  expected = [-2.605381, -2.076891, 1.220493, -0.862595, 3.956953, 2.940817]
  np.testing.assert_allclose(some, [*expected, 0.344222], rtol=1e-3, atol=1e-3)
  # The style and three stages, of four.
  shapes = [(1, 256), (1, 8, 8, 256), (1, 16, 16, 128), (1, 32, 32, 64)]
  assert [layer.shape for layer in hidden] == shapes
  means = [float(np.abs(layer).mean()) for layer in hidden]
  assert means == pytest.approx([0.640211, 2.109869, 2.820625, 3.563642], 1e-4)
