"""Which player moves which parameters, and what is recognised."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.methods import LIKELIHOODS, OBJECTIVES, posteriors
from dvae_jax.methods.adversarial import (
  PairJudge,
  draw_pair,
  infogan,
  infogan_cr,
)
from dvae_jax.methods.estimators import ESTIMATORS
from dvae_jax.methods.models import Model
from dvae_jax.methods.objective import Batch

KEY = jax.random.PRNGKey(1)
IMAGES = jnp.linspace(0.0, 1.0, 5 * 16).reshape(5, 4, 4, 1)


class Flat(nn.Module):
  """Images to features, or codes to images of 4 by 4 pixels."""

  shape: tuple

  @nn.compact
  def __call__(self, x):
    h = nn.tanh(nn.Dense(8)(x.reshape(len(x), -1)))
    return nn.Dense(16)(h).reshape(-1, *self.shape)


@pytest.fixture(scope="module")
def made():
  """A model of 3 latents, as `build` makes them, and its parameters."""
  encoder, decoder = Flat((16,)), Flat((4, 4, 1))
  head = posteriors.recognised.head(3, nn.initializers.lecun_normal())

  @jax.jit
  def first(key):
    return {
      "encoder": encoder.init(key, IMAGES),
      "head": head.init(key, jnp.ones((1, 16)), noise_latents=0.0),
      "decoder": decoder.init(key, jnp.ones((1, 3))),
    }

  model = Model(
    {"encoder": encoder, "head": head, "decoder": decoder},
    OBJECTIVES["infogan"],
    LIKELIHOODS["bernoulli"],
    ESTIMATORS["mss"],
    jnp.dtype("float32"),
    3,
  )
  return model, first(KEY)


def terms(made, params=None, info=1.0, noise_latents=0.0, r1=0.0):
  model, first = made
  return infogan(
    first if params is None else params,
    KEY,
    Batch(IMAGES),
    model=model,
    hparams={"noise_latents": jnp.float32(noise_latents)},
    info=info,
    r1=r1,
  )


@pytest.fixture(scope="module")
def gradients(made):
  """(parameters, info) -> {term: its gradient}."""
  every = lambda params, info: terms(made, params, info=info)[1]
  return jax.jit(jax.jacrev(every))


def moved(gradient):
  """Layers that a term has a gradient by, "module/layer"."""
  return {
    f"{path[0].key}/{path[2].key}"
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient)
    if (leaf != 0).any()
  }


ENCODER = {"encoder/Dense_0", "encoder/Dense_1"}
DECODER = {"decoder/Dense_0", "decoder/Dense_1"}


def test_no_players_loss_moves_the_other_player(made, gradients):
  found = {k: moved(g) for k, g in gradients(made[1], 1.0).items()}
  assert found["generator"] == DECODER
  assert found["discriminator"] == ENCODER | {"head/real"}
  both = ENCODER | DECODER | {"head/mean"}
  assert found["recognition"] == both
  # A slope doesn't know the constant.
  assert found["steepness"] == ENCODER | {"head/real"}
  assert found["loss"] == both | {"head/real"}
  without = moved(gradients(made[1], 0.0)["loss"])
  assert without == ENCODER | DECODER | {"head/real"}


def test_noise_is_neither_recognised_nor_in_the_code(made):
  model, params = made
  q = model.modules["head"].apply(
    params["head"], jnp.ones((2, 16)), noise_latents=1.0
  )
  assert (q.code[:, :2] != 0).all()
  assert (q.code[:, 2] == 0).all()
  everything = terms(made)[1]["recognition"]
  # With no latent recognised, nothing is missing.
  assert terms(made, noise_latents=3.0)[1]["recognition"] == 0.0
  assert 0 < terms(made, noise_latents=1.0)[1]["recognition"] < everything


def test_a_generator_that_does_not_saturate(made, gradients):
  # Where the discriminator is sure, log(1 - D) has no slope left; -log D has 1.
  sure = jax.tree.map(lambda x: x, made[1])
  sure["head"]["params"]["real"]["bias"] -= 30.0
  slopes = gradients(sure, 1.0)["generator"]["decoder"]
  assert max(jnp.abs(leaf).max() for leaf in jax.tree.leaves(slopes)) > 1e-4
  np.testing.assert_allclose(terms(made, sure)[1]["generator"], 30, rtol=0.1)


def test_steepness_is_half_the_squared_slope_at_the_images(made):
  model, params = made

  def logit(images):
    h = model.modules["encoder"].apply(params["encoder"], images)
    kernel = params["head"]["params"]["real"]["kernel"]
    return (h @ kernel).sum()

  slope = jax.jacfwd(logit)(IMAGES)
  expected = 0.5 * np.sum(np.square(slope)) / len(IMAGES)
  loss, found = terms(made, r1=0.0)
  np.testing.assert_allclose(found["steepness"], expected, rtol=1e-5)
  np.testing.assert_allclose(terms(made, r1=3.0)[0], loss + 3 * expected)


def test_codes_are_drawn_from_minus_one_to_one():
  z = posteriors.recognised.prior.draw(KEY, (50_000, 2))
  assert -1 <= z.min() < -0.99 < 0.99 < z.max() <= 1
  np.testing.assert_allclose(z.var(0), 1 / 3, rtol=0.02)
  prior = posteriors.recognised.prior
  assert (prior.low, prior.high) == (-1, 1)


def test_pairs_share_one_latent_and_their_noise():
  (first, second), shared = draw_pair(KEY, (3000, 4), jnp.float32(3.0))
  equal = np.asarray(first == second)
  assert (equal.sum(1) == 2).all()  # one, and the noise
  assert equal[:, 3].all()
  assert equal[np.arange(3000), shared].all()
  # Uniform over three latents: 5 standard errors.
  np.testing.assert_allclose(np.bincount(shared) / 3000, 1 / 3, atol=0.043)
  apart = np.corrcoef(first[:, 0][shared != 0], second[:, 0][shared != 0])
  assert abs(apart[0, 1]) < 0.12


def test_the_guesser_and_the_generator_lower_the_same_entropy(made):
  model, params = made
  guesser = PairJudge(Flat((16,)), 3)
  both = jnp.concatenate([IMAGES, IMAGES], axis=-1)
  params = params | {"guesser": jax.jit(guesser.init)(KEY, both)}
  modules = {**model.modules, "guesser": guesser}
  model = dataclasses.replace(model, modules=modules)

  @jax.jit
  def gradient(params, step):
    def loss(params, contrast):
      return infogan_cr(
        params,
        KEY,
        Batch(IMAGES),
        model=model,
        hparams={"noise_latents": jnp.float32(1.0)},
        step=step,
        info=0.0,
        r1=0.0,
        contrast=contrast,
        contrast_start=5.0,
      )[0]

    return tuple(jax.grad(loss)(params, weight) for weight in (0.0, 2.0))

  for step, changed in ((4, set()), (5, {"decoder"})):
    without, weighed = gradient(params, step)
    differs = {
      name
      for name in without
      if moved({name: jax.tree.map(jnp.subtract, without[name], weighed[name])})
    }
    # The guesser's gradient has weight 1 whatever the generator's is.
    assert differs == changed
    assert moved({"guesser": without["guesser"]})
