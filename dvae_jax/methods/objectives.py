"""The loss of each method, as one pure function in nats per image.

The total loss is mean_b [reconstruction_b + penalty_b]; an objective supplies
the penalty and says how z is drawn. Its keyword-only arguments are its schema:
names in CONTEXT are given by the training step, every other one is a traced
hyper-parameter that `config.hparams` must hold.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient
from jax.nn import sigmoid, softplus
from jaxtyping import Float, Int, PRNGKeyArray

from dvae_jax.methods.densities import (
  decompose_kl,
  gaussian_kl,
  kl_between_gaussians,
  log_normal,
  log_qz_mss,
  log_qz_mws,
)

CONTEXT = (
  "step",  # () int32, number of updates made so far
  "dataset_size",  # N, number of training images (static)
  "estimator",  # config.estimator, a name in ESTIMATORS (static)
  "key",  # a JAX key of the penalty's own
  "critic",  # (critic_params, z (B, D)) -> logit (B,) of "z is from q(z)"
  "critic_params",  # parameters of the critic
  "other",  # Latents of a second, independent batch, without gradient
)

ESTIMATORS = {"mws": log_qz_mws, "mss": log_qz_mss}

Scalar = Float[Array, ""] | float
Term = Float[Array, " B"] | Float[Array, ""]
Penalty = tuple[Term, dict[str, Term]]
MeanAndLogvar = tuple[Float[Array, "B D"], Float[Array, "B D"]]


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


def draw_gaussian(
  key: PRNGKeyArray, mean: Float[Array, "B D"], logvar: Float[Array, "B D"]
) -> Latents:
  """Draws z = mean + exp(logvar / 2) eps (Kingma & Welling 2014, sec. 2.4)."""
  eps = jax.random.normal(key, mean.shape, mean.dtype)
  return Latents(mean + jnp.exp(0.5 * logvar) * eps, mean, logvar)


def draw_deterministic(
  key: PRNGKeyArray, mean: Float[Array, "B D"], logvar: Float[Array, "B D"]
) -> Latents:
  """Returns z = mean: an autoencoder's code has no noise."""
  del key
  return Latents(mean, mean, logvar)


def draw_fixed_variance(
  key: PRNGKeyArray,
  mean: Float[Array, "B D"],
  logvar: Float[Array, "B D"],
  *,
  posterior_std: Scalar,
) -> Latents:
  """Draws z = mean + posterior_std eps, whatever logvar the encoder gives."""
  fixed = jnp.full_like(logvar, 2.0 * jnp.log(posterior_std))
  return draw_gaussian(key, mean, fixed)


def draw_ada_gvae(
  key: PRNGKeyArray, mean: Float[Array, "B D"], logvar: Float[Array, "B D"]
) -> Latents:
  """Averages means and variances of the latents a pair shares, then draws.

  Locatello et al. 2020 (arXiv:2002.02886), section 4, with the average of
  Hosoya 2019. Rows [0, B) hold the pairs' first images, [B, 2B) the second.
  """

  def average(mean1, logvar1, mean2, logvar2):
    logvar = jnp.logaddexp(logvar1, logvar2) - jnp.log(2.0)
    return 0.5 * (mean1 + mean2), logvar

  return draw_gaussian(key, *_average_shared(mean, logvar, average))


def draw_ada_mlvae(
  key: PRNGKeyArray, mean: Float[Array, "B D"], logvar: Float[Array, "B D"]
) -> Latents:
  """Multiplies the posteriors of the latents a pair shares, then draws.

  Locatello et al. 2020 (arXiv:2002.02886), section 4, with the product of
  Gaussians of Bouchacourt et al. 2018: precisions add up, means are weighted by
  precision. (disentanglement_lib averages precisions: twice this variance.)
  Rows [0, B) hold the pairs' first images, [B, 2B) the second.
  """

  def multiply(mean1, logvar1, mean2, logvar2):
    weight1, weight2 = sigmoid(logvar2 - logvar1), sigmoid(logvar1 - logvar2)
    logvar = -jnp.logaddexp(-logvar1, -logvar2)
    return weight1 * mean1 + weight2 * mean2, logvar

  return draw_gaussian(key, *_average_shared(mean, logvar, multiply))


def shared_latents(
  mean: Float[Array, "B D"], logvar: Float[Array, "B D"]
) -> Array:
  """Which latents a pair shares: those whose KL is below the midpoint.

  Locatello et al. 2020 (arXiv:2002.02886), section 4: the threshold is halfway
  between a pair's smallest and largest KL(q(z_d | x_1) || q(z_d | x_2)).

  Args:
    mean: (2B, D), the pairs' first images before the second ones.
    logvar: (2B, D).

  Returns:
    (B, D) booleans.
  """
  (mean1, mean2), (logvar1, logvar2) = jnp.split(mean, 2), jnp.split(logvar, 2)
  kl = kl_between_gaussians(mean1, logvar1, mean2, logvar2)
  smallest, largest = kl.min(axis=1), kl.max(axis=1)
  return kl < (0.5 * (smallest + largest))[:, None]


def autoencoder(latents: Latents) -> Penalty:
  """No penalty: the loss is the reconstruction alone."""
  return jnp.zeros(latents.z.shape[0]), {}


def beta_vae(latents: Latents, *, beta: Scalar) -> Penalty:
  """beta KL (Higgins et al. 2017, eq. 4); beta = 1 is the VAE."""
  kl = gaussian_kl(latents.mean, latents.logvar)
  return beta * kl, {"kl": kl}


def vae(latents: Latents) -> Penalty:
  """KL (Kingma & Welling 2014, eq. 10)."""
  return beta_vae(latents, beta=1.0)


def annealed_vae(
  latents: Latents,
  *,
  step: Int[Array, ""],
  gamma: Scalar,
  capacity: Scalar,
  annealing_steps: Scalar,
) -> Penalty:
  """gamma |KL - C(step)|, KL the mean over the batch.

  Burgess et al. 2018 (arXiv:1804.03599), eq. 8. C grows linearly from 0 to
  `capacity` nats within `annealing_steps` and stays there.
  """
  kl = gaussian_kl(latents.mean, latents.logvar)
  progress = jnp.minimum(step / annealing_steps, 1.0)
  target = capacity * progress
  penalty = gamma * jnp.abs(kl.mean() - target)
  return penalty, {"kl": kl, "capacity": target}


def factor_vae(
  latents: Latents,
  *,
  key: PRNGKeyArray,
  critic: Callable,
  critic_params: Any,
  other: Latents,
  gamma: Scalar,
) -> Penalty:
  """KL + gamma TC, the TC estimated by a critic (Kim & Mnih 2018, eq. 2).

  The critic learns to tell z from a second batch with every latent permuted
  (algorithm 2); its logit estimates log q(z) / prod_j q(z_j). The critic's own
  loss enters as a gradient of value zero, so that the loss is the encoder's:
  gamma reaches no critic parameter and the critic's loss no encoder parameter.
  """
  kl = gaussian_kl(latents.mean, latents.logvar)
  tc = critic(stop_gradient(critic_params), latents.z)
  permuted = permute_latents(key, stop_gradient(other.z))
  logit = critic(critic_params, stop_gradient(latents.z))
  logit_permuted = critic(critic_params, permuted)
  critic_loss = 0.5 * (softplus(-logit) + softplus(logit_permuted)).mean()
  accuracy = 0.5 * ((logit > 0).mean() + (logit_permuted < 0).mean())
  penalty = kl + gamma * tc + (critic_loss - stop_gradient(critic_loss))
  terms = {"critic_loss": critic_loss, "critic_accuracy": accuracy}
  return penalty, {"kl": kl, "tc": tc, **terms}


def permute_latents(
  key: PRNGKeyArray, z: Float[Array, "B D"]
) -> Float[Array, "B D"]:
  """Shuffles every latent over the batch, independently of the others."""
  return jax.random.permutation(key, z, axis=0, independent=True)


def dip_vae_i(
  latents: Latents, *, lambda_od: Scalar, lambda_d: Scalar
) -> Penalty:
  """KL + distance of Cov[mean] from the identity (Kumar et al. 2018, eq. 6)."""
  covariance = _covariance(latents.mean)
  return _dip_vae(latents, covariance, lambda_od, lambda_d)


def dip_vae_ii(
  latents: Latents, *, lambda_od: Scalar, lambda_d: Scalar
) -> Penalty:
  """KL + distance of Cov[z] from the identity (Kumar et al. 2018, eq. 7)."""
  # Law of total covariance: Cov[z] = Cov[mean] + E[Cov[z | x]].
  expected_variance = jnp.diag(jnp.exp(latents.logvar).mean(axis=0))
  covariance = _covariance(latents.mean) + expected_variance
  return _dip_vae(latents, covariance, lambda_od, lambda_d)


def beta_tcvae(
  latents: Latents,
  *,
  dataset_size: int,
  estimator: str,
  alpha: Scalar,
  beta: Scalar,
  gamma: Scalar,
) -> Penalty:
  """alpha MI + beta TC + gamma DWKL (Chen et al. 2018, eq. 4).

  Written as KL + (alpha - 1) MI + (beta - 1) TC + (gamma - 1) DWKL: the same
  expectation, but the part with weight one is the KL in closed form, so that
  alpha = beta = gamma = 1 is the VAE, not just on average.
  """
  z, mean, logvar = latents
  kl = gaussian_kl(mean, logvar)
  log_qz_given_x = log_normal(z, mean, logvar).sum(axis=1)
  zeros = jnp.zeros_like(z)
  log_pz = log_normal(z, zeros, zeros).sum(axis=1)
  log_qz = ESTIMATORS[estimator](z, mean, logvar, dataset_size)
  mi, tc, dwkl = decompose_kl(log_qz_given_x, log_pz, *log_qz)
  penalty = kl + (alpha - 1) * mi + (beta - 1) * tc + (gamma - 1) * dwkl
  return penalty, {"kl": kl, "mi": mi, "tc": tc, "dwkl": dwkl}


def covariance_vae(latents: Latents, *, beta: Scalar, gamma: Scalar) -> Penalty:
  """beta KL + gamma 2 / (D (D - 1)) sum_{i<j} |mean_i mean_j|.

  The "entanglement loss" of the Keras covariance code, in nats per image:
  `convert.from_keras_covariance` gives its beta and gamma.
  """
  kl = gaussian_kl(latents.mean, latents.logvar)
  mean = latents.mean
  products = jnp.abs(mean[:, :, None] * mean[:, None, :])
  num_pairs = max(mean.shape[1] * (mean.shape[1] - 1) // 2, 1)
  entanglement = jnp.triu(products, k=1).sum(axis=(1, 2)) / num_pairs
  penalty = beta * kl + gamma * entanglement
  return penalty, {"kl": kl, "entanglement": entanglement}


def _average_shared(
  mean: Float[Array, "B D"], logvar: Float[Array, "B D"], average: Callable
) -> MeanAndLogvar:
  """Replaces both posteriors of every shared latent by their average."""
  (mean1, mean2), (logvar1, logvar2) = jnp.split(mean, 2), jnp.split(logvar, 2)
  shared = jnp.tile(shared_latents(mean, logvar), (2, 1))
  averages = average(mean1, logvar1, mean2, logvar2)
  both_mean, both_logvar = (jnp.tile(each, (2, 1)) for each in averages)
  return (
    jnp.where(shared, both_mean, mean),
    jnp.where(shared, both_logvar, logvar),
  )


def _covariance(mean: Float[Array, "B D"]) -> Float[Array, "D D"]:
  """The batch's covariance, divided by B."""
  centred = mean - mean.mean(axis=0, keepdims=True)
  highest = jax.lax.Precision.HIGHEST  # a TPU would round to bfloat16
  return jnp.matmul(centred.T, centred, precision=highest) / mean.shape[0]


def _dip_vae(
  latents: Latents,
  covariance: Float[Array, "D D"],
  lambda_od: Scalar,
  lambda_d: Scalar,
) -> Penalty:
  """KL + lambda_od sum_{i!=j} S_ij^2 + lambda_d sum_i (S_ii - 1)^2."""
  kl = gaussian_kl(latents.mean, latents.logvar)
  diagonal = jnp.diag(covariance)
  off_diagonal = jnp.sum((covariance - jnp.diag(diagonal)) ** 2)
  variance = jnp.sum((diagonal - 1.0) ** 2)
  penalty = kl + lambda_od * off_diagonal + lambda_d * variance
  return penalty, {"kl": kl, "off_diagonal": off_diagonal, "diagonal": variance}


OBJECTIVES = {
  "autoencoder": Objective(
    autoencoder, draw_deterministic, posterior="deterministic"
  ),
  "vae": Objective(vae, draw_gaussian),
  "beta_vae": Objective(beta_vae, draw_gaussian),
  "annealed_vae": Objective(annealed_vae, draw_gaussian),
  "factor_vae": Objective(factor_vae, draw_gaussian, batch="two", critic=True),
  "dip_vae_i": Objective(dip_vae_i, draw_gaussian),
  "dip_vae_ii": Objective(dip_vae_ii, draw_gaussian),
  "beta_tcvae": Objective(beta_tcvae, draw_gaussian),
  "covariance_vae": Objective(
    covariance_vae, draw_fixed_variance, posterior="fixed_variance"
  ),
  "covariance_vae_learned": Objective(covariance_vae, draw_gaussian),
  "ada_gvae": Objective(beta_vae, draw_ada_gvae, batch="pairs"),
  "ada_mlvae": Objective(beta_vae, draw_ada_mlvae, batch="pairs"),
}
