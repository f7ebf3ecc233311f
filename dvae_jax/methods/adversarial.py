"""Generative adversarial networks whose codes are recognised: InfoGAN.

The decoder is the generator, with a rate of its own. Encoder and head are the
discriminator, which also recognises the code of an image: that is the code that
metrics read. There is no density of images and so no ELBO.
"""

from typing import Any

import jax.numpy as jnp
import optax
from jax import Array
from jax.lax import stop_gradient
from jax.nn import softplus

from dvae_jax.methods import models
from dvae_jax.methods.models import Model
from dvae_jax.methods.objective import Batch, Network, Objective, Scalar
from dvae_jax.methods.posteriors import UNIFORM, recognised
from dvae_jax.methods.shapes import Float, PRNGKeyArray


def infogan(
  params: Any,
  key: PRNGKeyArray,
  batch: Batch,
  *,
  model: Model,
  hparams: dict[str, Array],
  info: Scalar,
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

  Returns:
    The loss, () float32, and to log: its parts, "generator", "discriminator"
    and "recognition" (), in nats, and how often the discriminator is right.
  """
  z = UNIFORM.draw(key, (len(batch.images), model.latent_dim))
  players, terms = play(params, batch, z, model=model, hparams=hparams)
  loss = players + info * terms["recognition"]
  return loss, {"loss": loss, **terms}


def play(
  params: Any, batch: Batch, z: Float[Array, "B D"], *, model: Model, hparams
) -> tuple[Array, dict[str, Array]]:
  """Losses of generator and discriminator, and the recognition error apart.

  Chen et al. 2016 (arXiv:1606.03657), eq. 1 and 5.

  Args:
    params: of a TrainState.
    batch: images in [0, 1].
    z: (B, D) codes to generate images of.
    model: static.
    hparams: traced hyper-parameters.

  Returns:
    The sum of the two players' losses, (), and the terms to log, (): those two,
    "recognition", and "discriminator_accuracy".
  """
  fake = models.decode_images(model, params, z)
  look = lambda params, images: models.encode(model, params, hparams, images)
  fools = softplus(-look(stop_gradient(params), fake).logit).mean()
  false = look(params, stop_gradient(fake)).logit
  true = look(params, batch.images).logit
  tells = softplus(-true).mean() + softplus(false).mean()
  q = look(params, fake)
  error = 0.5 * jnp.sum(q.known * (q.code - z) ** 2, axis=1).mean()
  return fools + tells, {
    "generator": fools,
    "discriminator": tells,
    "recognition": error,
    "discriminator_accuracy": 0.5 * ((true > 0).mean() + (false < 0).mean()),
  }


# Radford et al. 2016 (arXiv:1511.06434), section 4: Adam's first decay rate.
GENERATOR = Network(
  make=lambda latent_dim, network: network.decoder,
  inputs=lambda images, z: (z,),
  optimizer=optax.scale_by_adam(b1=0.5),
  rate="decoder_learning_rate",
)

OBJECTIVES = {
  "infogan": Objective(
    loss=infogan, posterior=recognised, networks={"decoder": GENERATOR}
  )
}
