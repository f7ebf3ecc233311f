"""Generative adversarial networks whose codes are recognised: InfoGAN, -CR.

The decoder is the generator, with a rate of its own. Encoder and head are the
discriminator, which also recognises the code of an image: that is the code that
metrics read. There is no density of images and so no ELBO.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.lax import stop_gradient
from jax.nn import softplus

from dvae_jax.methods import models
from dvae_jax.methods.models import Model
from dvae_jax.methods.objective import Batch, Network, Objective, Scalar
from dvae_jax.methods.posteriors import UNIFORM, recognised
from dvae_jax.methods.shapes import Float, Int, PRNGKeyArray


def infogan(
  params: Any,
  key: PRNGKeyArray,
  batch: Batch,
  *,
  model: Model,
  hparams: dict[str, Array],
  info: Scalar,
  r1: Scalar,
) -> tuple[Array, dict[str, Array]]:
  """Each player's loss, in one sum (Chen et al. 2016, eq. 6).

  The discriminator tells images from what the generator makes of codes that are
  uniform over [-1, 1]; the generator's loss is the one that doesn't saturate
  (Goodfellow et al. 2014, section 3). Both players lower the recognition error,
  `info` times minus log Q(c|x) of a normal Q with variance 1, without its
  constant. The generator sees the discriminator's parameters fixed, and the
  discriminator the generated images, but for the recognition error.

  Args:
    params: of a TrainState.
    key: JAX key of this step.
    batch: images in [0, 1].
    model: static.
    hparams: traced hyper-parameters; the head takes `noise_latents`, how many
      of the latents, the last ones, aren't to be recognised.
    info: lambda, weight of the recognition error.
    r1: weight of the discriminator's steepness, 0 for the published loss.

  Returns:
    The loss, () float32, and to log: its parts, "generator", "discriminator",
    "recognition" and "steepness" (), in nats, and how often the discriminator
    is right.
  """
  z = UNIFORM.draw(key, (len(batch.images), model.latent_dim))
  players, terms = play(params, batch, z, model=model, hparams=hparams, r1=r1)
  loss = players + info * terms["recognition"]
  return loss, {"loss": loss, **terms}


def play(
  params: Any,
  batch: Batch,
  z: Float[Array, "B D"],
  *,
  model: Model,
  hparams: dict[str, Array],
  r1: Scalar,
) -> tuple[Array, dict[str, Array]]:
  """Losses of generator and discriminator, and the recognition error apart.

  Chen et al. 2016 (arXiv:1606.03657), eq. 1 and 5. Where images are few and
  hard-edged, a discriminator grows ever steeper and the generator turns around
  them; Mescheder et al. 2018 (arXiv:1801.04406), eq. 9, show that its squared
  slope at the images, r1 / 2 times, makes the game converge.

  Args:
    params: of a TrainState.
    batch: images in [0, 1].
    z: (B, D) codes to generate images of.
    model: static.
    hparams: traced hyper-parameters.
    r1: weight of the steepness.

  Returns:
    The sum of the two players' losses, (), and the terms to log, (): those two,
    "recognition", "steepness" and "discriminator_accuracy".
  """
  fake = models.decode_images(model, params, z)
  look = lambda params, images: models.encode(model, params, hparams, images)
  fools = softplus(-look(stop_gradient(params), fake).logit).mean()
  false = look(params, stop_gradient(fake)).logit
  true = look(params, batch.images).logit
  tells = softplus(-true).mean() + softplus(false).mean()
  slope = jax.grad(lambda x: look(params, x).logit.sum())(batch.images)
  steepness = 0.5 * jnp.sum(slope**2, axis=(1, 2, 3)).mean()
  q = look(params, fake)
  error = 0.5 * jnp.sum(q.known * (q.code - z) ** 2, axis=1).mean()
  return fools + tells + r1 * steepness, {
    "generator": fools,
    "discriminator": tells,
    "recognition": error,
    "steepness": steepness,
    "discriminator_accuracy": 0.5 * ((true > 0).mean() + (false < 0).mean()),
  }


def infogan_cr(
  params: Any,
  key: PRNGKeyArray,
  batch: Batch,
  *,
  model: Model,
  hparams: dict[str, Array],
  step: Array,
  info: Scalar,
  r1: Scalar,
  contrast: Scalar,
  contrast_start: Scalar,
) -> tuple[Array, dict[str, Array]]:
  """`infogan` and a contrast: which latent do two images have in common?

  Lin et al. 2020 (arXiv:1906.06034), eq. 4, with a gap of 0, as the authors
  train dSprites (fjxmlzn/InfoGAN-CR): pairs are generated that share one of the
  recognised latents, and the noise, and a network of its own guesses which.
  It and the generator lower its cross-entropy, the generator by `contrast`
  times, from step `contrast_start` on. There the network starts anew at that
  step; here it has learned all along.

  Args:
    params, key, batch, model, hparams, info, r1: as for `infogan`.
    step: () int32.
    contrast: weight of the generator's cross-entropy.
    contrast_start: in steps.

  Returns:
    As `infogan`, with the network's cross-entropy "contrast", (), in nats, and
    its accuracy.
  """
  z_key, pair_key = jax.random.split(key)
  shape = (len(batch.images), model.latent_dim)
  z = UNIFORM.draw(z_key, shape)
  players, terms = play(params, batch, z, model=model, hparams=hparams, r1=r1)
  count = model.latent_dim - hparams["noise_latents"]
  pair, shared = draw_pair(pair_key, shape, count)
  images = [models.decode_images(model, params, z) for z in pair]
  both = jnp.concatenate(images, axis=-1)
  known = (jnp.arange(model.latent_dim) < count)[None]

  def guess(guesser, images):
    logits = model.modules["guesser"].apply(guesser, images)
    return jax.nn.log_softmax(jnp.where(known, jnp.asarray(logits), -1e9))

  def entropy(log_p):
    return -jnp.take_along_axis(log_p, shared[:, None], axis=1).mean()

  log_p = guess(params["guesser"], stop_gradient(both))
  own = entropy(log_p)
  to_generator = entropy(guess(stop_gradient(params["guesser"]), both))
  weight = jnp.where(step >= contrast_start, contrast, 0.0)
  loss = players + info * terms["recognition"] + own + weight * to_generator
  right = (log_p.argmax(axis=1) == shared).mean()
  more = {"contrast": own, "contrast_accuracy": right}
  return loss, {"loss": loss, **terms, **more}


def draw_pair(
  key: PRNGKeyArray, shape: tuple[int, int], count: Scalar
) -> tuple[Float[Array, "2 B D"], Int[Array, " B"]]:
  """Codes of pairs that have one latent in common, beside their noise.

  Lin et al. 2020 (arXiv:1906.06034), section 3.

  Args:
    key: JAX key.
    shape: (B, D).
    count: latents that aren't noise, the first ones.

  Returns:
    Both codes, (2, B, D), and the index of the common latent, (B,).
  """
  shared_key, *keys = jax.random.split(key, 3)
  drawn = jax.random.uniform(shared_key, shape[:1])
  shared = jnp.floor(drawn * count).astype(jnp.int32)
  first, second = (UNIFORM.draw(own, shape) for own in keys)
  index = jnp.arange(shape[1])[None]
  same = (index == shared[:, None]) | (index >= count)
  return jnp.stack([first, jnp.where(same, first, second)]), shared


class PairJudge(nn.Module):
  """Two images, one after the other's channels -> logits of latents (B, D)."""

  encoder: nn.Module
  latent_dim: int

  @nn.compact
  def __call__(self, images):
    return nn.Dense(self.latent_dim)(self.encoder(images))


# Radford et al. 2016 (arXiv:1511.06434), section 4: Adam's first decay rate.
GENERATOR = Network(
  make=lambda latent_dim, network: network.decoder,
  inputs=lambda images, z: (z,),
  optimizer=optax.scale_by_adam(b1=0.5),
  rate="decoder_learning_rate",
)
GUESSER = Network(
  make=lambda latent_dim, network: PairJudge(network.encoder, latent_dim),
  inputs=lambda images, z: (jnp.concatenate([images, images], axis=-1),),
  optimizer=optax.scale_by_adam(b1=0.5),
  rate="guesser_learning_rate",
)

OBJECTIVES = {
  "infogan": Objective(
    loss=infogan, posterior=recognised, networks={"decoder": GENERATOR}
  ),
  "infogan_cr": Objective(
    loss=infogan_cr,
    posterior=recognised,
    networks={"decoder": GENERATOR, "guesser": GUESSER},
  ),
}
