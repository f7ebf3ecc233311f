"""The loss of each method, as one pure function in nats per image.

The total loss is mean_b [reconstruction_b + penalty_b]; an objective supplies
the penalty and says how z is drawn. Its keyword-only arguments are its schema:
names in CONTEXT are given by the training step, every other one is a traced
hyper-parameter that `config.hparams` must hold.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from dvae_jax.densities import gaussian_kl

CONTEXT = (
  "step",  # () int32, number of updates made so far
  "dataset_size",  # N, number of training images (static)
  "estimator",  # config.estimator, "mws" or "mss" (static)
  "key",  # a JAX key of the penalty's own
  "critic",  # (critic_params, z (B, D)) -> logit (B,) of "z is from q(z)"
  "critic_params",  # parameters of the critic
  "other",  # Latents of a second, independent batch, without gradient
)


class Latents(NamedTuple):
  """One draw from q(z|x): z, mean and logvar, each (B, D)."""

  z: Array
  mean: Array
  logvar: Array


class Objective(NamedTuple):
  """One method.

  Attributes:
    penalty: (latents, *, context and hyper-parameters) -> (penalty, terms).
      penalty is (B,) or (), in nats per image; terms are logged means.
    draw: (key, mean, logvar, *, hyper-parameters) -> Latents.
    batch: "images"; "two" adds an independent second batch as `other`; "pairs"
      makes a batch of B pairs, first halves in rows [0, B), second in [B, 2B).
    critic: whether a critic network on z is trained along.
    posterior: "gaussian", "deterministic" or "fixed_variance".
  """

  penalty: Callable
  draw: Callable
  batch: str = "images"
  critic: bool = False
  posterior: str = "gaussian"


def draw_gaussian(key, mean, logvar) -> Latents:
  """Draws z = mean + exp(logvar / 2) eps (Kingma & Welling 2014, section 2.4)."""
  eps = jax.random.normal(key, mean.shape, mean.dtype)
  return Latents(mean + jnp.exp(0.5 * logvar) * eps, mean, logvar)


def draw_deterministic(key, mean, logvar) -> Latents:
  """Returns z = mean: an autoencoder's code has no noise."""
  del key
  return Latents(mean, mean, logvar)


def autoencoder(latents):
  """No penalty: the loss is the reconstruction alone."""
  return jnp.zeros(latents.z.shape[0]), {}


def beta_vae(latents, *, beta):
  """beta KL (Higgins et al. 2017, eq. 4); beta = 1 is the VAE."""
  kl = gaussian_kl(latents.mean, latents.logvar)
  return beta * kl, {"kl": kl}


def vae(latents):
  """KL (Kingma & Welling 2014, eq. 10)."""
  return beta_vae(latents, beta=1.0)


OBJECTIVES = {
  "autoencoder": Objective(
    autoencoder, draw_deterministic, posterior="deterministic"
  ),
  "vae": Objective(vae, draw_gaussian),
  "beta_vae": Objective(beta_vae, draw_gaussian),
}
