"""Methods that weigh the KL: autoencoder, VAE, beta-VAE, annealed VAE."""

import jax.numpy as jnp
from jax import Array

from dvae_jax.methods.densities import gaussian_kl
from dvae_jax.methods.objective import Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import Gaussian, deterministic
from dvae_jax.methods.shapes import Float, Int


def beta_vae(q: Gaussian, z: Float[Array, "B D"], *, beta: Scalar) -> Penalty:
  """beta KL (Higgins et al. 2017, eq. 4); beta = 1 is the VAE.

  Args:
    q: Gaussian, (B, D).
    z: not used.
    beta: weight of the KL.

  Returns:
    (B,) nats per image, and the KL (B,) to log.
  """
  kl = gaussian_kl(q.mean, q.logvar)
  return beta * kl, {"kl": kl}


def vae(q: Gaussian, z: Float[Array, "B D"]) -> Penalty:
  """KL (Kingma & Welling 2014, eq. 10), as `beta_vae`."""
  return beta_vae(q, z, beta=1.0)


def annealed_vae(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  step: Int[Array, ""],
  gamma: Scalar,
  capacity: Scalar,
  annealing_steps: Scalar,
) -> Penalty:
  """gamma |KL - C(step)|, KL the mean over the batch.

  Burgess et al. 2018 (arXiv:1804.03599), eq. 8. C grows linearly from 0 to
  `capacity` nats within `annealing_steps` and stays there.

  Args:
    q: Gaussian, (B, D).
    z: not used.
    step: () number of updates made.
    gamma: weight of the distance.
    capacity: C at the end, nats.
    annealing_steps: updates until then.

  Returns:
    () nats per image, and the KL (B,) and C () to log.
  """
  kl = gaussian_kl(q.mean, q.logvar)
  progress = jnp.minimum(step / annealing_steps, 1.0)
  target = capacity * progress
  penalty = gamma * jnp.abs(kl.mean() - target)
  return penalty, {"kl": kl, "capacity": target}


OBJECTIVES = {
  "autoencoder": Objective(posterior=deterministic),
  "vae": Objective(vae),
  "beta_vae": Objective(beta_vae),
  "annealed_vae": Objective(annealed_vae),
}
