"""InfoGAN with Gaussian codes (Chen et al. 2016): an adversarial method.

The decoder is the generator, the encoder recognises the code of an image.

python -m dvae_jax.main --config=gan.py
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax.lax import stop_gradient
from jax.nn import softplus

from dvae_jax.config import base
from dvae_jax.methods import OBJECTIVES, Network, Objective, models
from dvae_jax.methods.posteriors import STANDARD_NORMAL, deterministic


class Discriminator(nn.Module):
  """Images (B, H, W, C) -> logit (B,) of their being real."""

  @nn.compact
  def __call__(self, images):
    h = images.reshape(len(images), -1)
    for width in (256, 256):
      h = nn.leaky_relu(nn.Dense(width)(h), 0.2)
    return nn.Dense(1)(h)[:, 0]


def info_gan(params, key, batch, *, model, hparams, info):
  """Each player's loss, in one sum (arXiv:1606.03657, eq. 6).

  The generator's (non-saturating) sees the discriminator's parameters fixed and
  the discriminator's the images, so that no gradient reaches the other player.
  """
  z = jax.random.normal(key, (len(batch.images), model.latent_dim))
  fake = models.decode_images(model, params, z)
  judge, own = model.modules["discriminator"].apply, params["discriminator"]
  fools = softplus(-judge(stop_gradient(own), fake)).mean()
  tells = softplus(judge(own, stop_gradient(fake))).mean()
  tells += softplus(-judge(own, batch.images)).mean()
  q = models.encode(model, params, hparams, fake)
  code_error = 0.5 * jnp.sum((q.code - z) ** 2, axis=1).mean()
  loss = fools + tells + info * code_error
  terms = {"generator": fools, "discriminator": tells, "code": code_error}
  return loss, {"loss": loss, **terms}


OBJECTIVES["info_gan"] = Objective(
  loss=info_gan,
  posterior=deterministic._replace(prior=STANDARD_NORMAL),
  networks={
    "discriminator": Network(
      make=lambda latent_dim, network: Discriminator(),
      inputs=lambda images, z: (images,),
      optimizer=optax.scale_by_adam(b1=0.5),
      rate="discriminator_learning_rate",
    )
  },
)


def get_config(profile=""):
  """The rates of its appendix C."""
  config = base()
  config.objective = "info_gan"
  config.hparams.update(
    learning_rate=1e-3, discriminator_learning_rate=2e-4, info=1.0
  )
  return config
