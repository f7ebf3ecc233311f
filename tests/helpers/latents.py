"""Random posteriors, and objectives called with everything they ask for."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.methods import OBJECTIVES, objective
from dvae_jax.methods.estimators import ESTIMATORS
from dvae_jax.methods.models import pick
from dvae_jax.methods.posteriors import (
  Categorical,
  Gaussian,
  Point,
  Quantised,
  Recognised,
  categorical,
  deterministic,
  finite_scalar,
  quantised,
  recognised,
)
from helpers.strengths import HPARAMS

B, D, N = 12, 4, 500
KEY = jax.random.PRNGKey(3)


class Latents(NamedTuple):
  """z, and the mean and log variance that it was drawn from."""

  z: jax.Array
  mean: jax.Array
  logvar: jax.Array


def random_latents(seed, batch=B, dim=D):
  rng = np.random.default_rng(seed)
  mean = rng.normal(size=(batch, dim)).astype(np.float32)
  logvar = rng.normal(-1.0, 1.0, size=(batch, dim)).astype(np.float32)
  z = mean + np.exp(logvar / 2) * rng.normal(size=mean.shape)
  return Latents(*(jnp.asarray(a, jnp.float32) for a in (z, mean, logvar)))


def linear_critic(params, z):
  return z @ params["weight"] + params["bias"]


def critic_params(dim=D):
  weight = np.linspace(-1, 1, dim)
  return {"weight": jnp.asarray(weight, jnp.float32), "bias": jnp.float32(0.3)}


def as_q(name, latents):
  """q as the objective's posterior has it, and z."""
  family = OBJECTIVES[name].posterior
  if family.head is deterministic.head:
    return Point(latents.mean), latents.z
  if family is categorical:
    values = jnp.linspace(-2.0, 2.0, 64)
    logits = -((latents.mean[:, :, None] - values[None, None]) ** 2)
    return Categorical(logits, values), latents.z
  if family is recognised:
    known = jnp.ones((1, latents.mean.shape[1]))
    return Recognised(latents.mean, known, latents.mean[:, 0]), latents.z
  if family is finite_scalar:
    raw = jnp.tanh(latents.mean)
    return Quantised(raw, jnp.round(5.5 * raw + 5.5) / 5.5 - 1.0), latents.z
  if family is quantised:
    codebook = jnp.linspace(-0.5, 0.5, 10)
    nearest = jnp.abs(latents.mean[:, :, None] - codebook[None, None]).argmin(2)
    return Quantised(latents.mean, codebook[nearest]), latents.z
  return Gaussian(latents.mean, latents.logvar), latents.z


def bent_layers(z):
  """Two layers, (N, 24) and (N, 4, 6): sines of sums of latents, squared."""
  weight = np.random.default_rng(0).normal(size=(z.shape[1], 24))
  first = jnp.sin(z @ jnp.asarray(weight, z.dtype))
  return first, (first**2).reshape(-1, 4, 6)


def linear_prior(params, labels, weights):
  """A Gaussian that depends on the labels as `params` say, (D,)."""
  along = (weights * labels).sum(axis=1, keepdims=True)
  return Gaussian(along * params[None], 0.1 * along * params[None])


def prior_params(dim=D):
  return jnp.asarray(np.linspace(-1, 1, dim), jnp.float32)


def some_factors(batch=B):
  """(B, 3) labels."""
  return jnp.arange(3 * batch, dtype=jnp.int32).reshape(batch, 3) % 5


def estimate(name, dim=D):
  """What a penalty gets as `estimator` in a run's first step."""
  row = ESTIMATORS[name]
  own = (row.memory.start(dim),) if row.memory else ()
  return lambda z, q: row.log_qz(z, q.mean, q.logvar, N, *own)


def context(step=30, estimator="mss", dim=D, batch=B):
  return {
    "step": jnp.int32(step),
    "dataset_size": N,
    "estimator": estimate(estimator, dim),
    "memory": None,
    "key": KEY,
    "critic": linear_critic,
    "critic_params": critic_params(dim),
    "other": objective.Latents(*as_q("vae", random_latents(99, batch, dim))),
    "images": None,
    "factors": some_factors(batch),
    "prior": linear_prior,
    "prior_params": prior_params(dim),
    "decode": None,
    "hidden_layers": bent_layers,
  }


def penalty(name, latents, hparams=None, **changes):
  """What an objective says of latents: (penalty, terms)."""
  hparams = HPARAMS[name] if hparams is None else hparams
  batch, dim = latents.mean.shape
  estimator = changes.pop("estimator", "mss")
  available = {**context(estimator=estimator, batch=batch, dim=dim), **hparams}
  available |= changes
  function = OBJECTIVES[name].penalty
  return function(*as_q(name, latents), **pick(function, available))


def draw(name, key, mean, logvar):
  """Latents as the loss draws them, pairs sharing what they share."""
  method = OBJECTIVES[name]
  q, _ = as_q(name, Latents(mean, mean, logvar))
  q = method.share(q) if method.share else q
  z = method.posterior.draw(key, q)
  return Latents(z, *q) if isinstance(q, Gaussian) else Latents(z, mean, logvar)


def gradients(name, mean, logvar, hparams, **changes):
  """Value of the mean penalty, and its gradients by mean and logvar."""

  def mean_penalty(mean, logvar):
    latents = draw(name, KEY, mean, logvar)
    return jnp.mean(penalty(name, latents, hparams, **changes)[0])

  return jax.value_and_grad(mean_penalty, argnums=(0, 1))(mean, logvar)
