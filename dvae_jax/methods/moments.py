"""Methods that match moments of the code: DIP-VAE and the covariance VAE."""

import jax
import jax.numpy as jnp
from jax import Array

from dvae_jax.methods.densities import gaussian_kl
from dvae_jax.methods.objective import Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import Gaussian, fixed_variance
from dvae_jax.methods.shapes import Float


def dip_vae_i(
  q: Gaussian, z: Float[Array, "B D"], *, lambda_od: Scalar, lambda_d: Scalar
) -> Penalty:
  """KL + distance of Cov[mean] from the identity (Kumar et al. 2018, eq. 6).

  Args:
    q: Gaussian, (B, D).
    z: not used.
    lambda_od, lambda_d: weights off and on the diagonal.

  Returns:
    (B,) nats per image; KL (B,) and both squared distances () to log.
  """
  return _dip_vae(q, _covariance(q.mean), lambda_od, lambda_d)


def dip_vae_ii(
  q: Gaussian, z: Float[Array, "B D"], *, lambda_od: Scalar, lambda_d: Scalar
) -> Penalty:
  """KL + distance of Cov[z] from the identity (Kumar et al. 2018, eq. 7).

  Arguments and results as of `dip_vae_i`.
  """
  # Law of total covariance: Cov[z] = Cov[mean] + E[Cov[z | x]].
  expected_variance = jnp.diag(jnp.exp(q.logvar).mean(axis=0))
  covariance = _covariance(q.mean) + expected_variance
  return _dip_vae(q, covariance, lambda_od, lambda_d)


def covariance_vae(
  q: Gaussian, z: Float[Array, "B D"], *, beta: Scalar, gamma: Scalar
) -> Penalty:
  """beta KL + gamma 2 / (D (D - 1)) sum_{i<j} |mean_i mean_j|.

  The "entanglement loss" of the Keras covariance code, in nats per image:
  `convert.from_keras_covariance` gives its beta and gamma.

  Args:
    q: Gaussian, (B, D).
    z: not used.
    beta: weight of the KL.
    gamma: weight of the mean product.

  Returns:
    (B,) nats per image; KL and the mean product (B,) to log.
  """
  kl = gaussian_kl(q.mean, q.logvar)
  products = jnp.abs(q.mean[:, :, None] * q.mean[:, None, :])
  latent_dim = q.mean.shape[1]
  num_pairs = max(latent_dim * (latent_dim - 1) // 2, 1)
  entanglement = jnp.triu(products, k=1).sum(axis=(1, 2)) / num_pairs
  penalty = beta * kl + gamma * entanglement
  return penalty, {"kl": kl, "entanglement": entanglement}


def _covariance(mean: Float[Array, "B D"]) -> Float[Array, "D D"]:
  """The batch's covariance, divided by B."""
  centred = mean - mean.mean(axis=0, keepdims=True)
  highest = jax.lax.Precision.HIGHEST  # a TPU would round to bfloat16
  return jnp.matmul(centred.T, centred, precision=highest) / mean.shape[0]


def _dip_vae(
  q: Gaussian,
  covariance: Float[Array, "D D"],
  lambda_od: Scalar,
  lambda_d: Scalar,
) -> Penalty:
  """KL + lambda_od sum_{i!=j} S_ij^2 + lambda_d sum_i (S_ii - 1)^2."""
  kl = gaussian_kl(q.mean, q.logvar)
  diagonal = jnp.diag(covariance)
  off_diagonal = jnp.sum((covariance - jnp.diag(diagonal)) ** 2)
  variance = jnp.sum((diagonal - 1.0) ** 2)
  penalty = kl + lambda_od * off_diagonal + lambda_d * variance
  return penalty, {"kl": kl, "off_diagonal": off_diagonal, "diagonal": variance}


OBJECTIVES = {
  "dip_vae_i": Objective(dip_vae_i),
  "dip_vae_ii": Objective(dip_vae_ii),
  "covariance_vae": Objective(covariance_vae, fixed_variance),
  "covariance_vae_learned": Objective(covariance_vae),
}
