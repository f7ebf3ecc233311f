"""The smallest experiment: 16-pixel dSprites, two betas, a small network."""

import jax
import numpy as np

from dvae_jax.config import base


def get_config(profile: str = ""):
  """beta-VAE; a profile names another objective."""
  config = base()
  config.objective = profile or "beta_vae"
  config.network = "mlp_small"
  config.latent_dim = 4
  config.data.resolution = 16
  config.data.stride = (1, 5, 40, 8, 8)
  config.hparams.learning_rate = 1e-3
  config.sweep.beta = (1.0, 4.0)
  config.train.steps = 40
  config.train.batch_size = 16
  config.train.log_every = 10
  config.checkpoint.every = 20
  config.eval.metrics = ()
  return config


def streamed(dataset):
  """The same images, rounded to bytes and read on the host."""
  render = jax.jit(dataset.render)

  def read(indices):
    images = render(dataset.arrays, np.asarray(indices, np.int32))
    return np.rint(np.asarray(images) * 255).astype("uint8")

  return dataset._replace(render=None, read=read)
