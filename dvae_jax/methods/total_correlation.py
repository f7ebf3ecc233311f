"""Methods that weigh the total correlation: FactorVAE and beta-TCVAE."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.lax import stop_gradient
from jax.nn import softplus

from dvae_jax.methods.densities import (
  decompose_kl,
  gaussian_kl,
  log_normal,
)
from dvae_jax.methods.objective import (
  Latents,
  Network,
  Objective,
  Penalty,
  Scalar,
)
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.shapes import Float, PRNGKeyArray


def factor_vae(
  q: Gaussian,
  z: Float[Array, "B D"],
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

  Args:
    q: Gaussian, (B, D).
    z: (B, D) draws from it.
    key: JAX key of the permutation.
    critic: (critic_params, z (B, D)) -> logit (B,).
    critic_params: its parameters.
    other: of the second batch.
    gamma: weight of the total correlation.

  Returns:
    (B,) nats per image; KL and TC (B,), the critic's loss () and accuracy () to
    log.
  """
  kl = gaussian_kl(q.mean, q.logvar)
  permuted = permute_latents(key, stop_gradient(other.z))
  tc, critic_loss, terms = estimate_tc(critic, critic_params, z, permuted)
  penalty = kl + gamma * tc + (critic_loss - stop_gradient(critic_loss))
  return penalty, {"kl": kl, "tc": tc, **terms}


def estimate_tc(
  critic: Callable,
  critic_params: Any,
  z: Float[Array, "B D"],
  permuted: Float[Array, "B D"],
) -> tuple[Float[Array, " B"], Float[Array, ""], dict[str, Array]]:
  """What a critic makes of the total correlation, and the critic's own loss.

  Kim & Mnih 2018 (arXiv:1802.05983), eq. 3 and algorithm 2.

  Args:
    critic: (critic_params, z) -> logit (B,) of z not being permuted.
    critic_params: its parameters, which the first result doesn't move.
    z: (B, D), which the critic's loss doesn't move.
    permuted: (B, D) of other images, every latent permuted; without gradient.

  Returns:
    The estimate (B,); the critic's loss (); that and its accuracy () to log.
  """
  tc = critic(stop_gradient(critic_params), z)
  logit = critic(critic_params, stop_gradient(z))
  logit_permuted = critic(critic_params, permuted)
  critic_loss = 0.5 * (softplus(-logit) + softplus(logit_permuted)).mean()
  accuracy = 0.5 * ((logit > 0).mean() + (logit_permuted < 0).mean())
  terms = {"critic_loss": critic_loss, "critic_accuracy": accuracy}
  return tc, critic_loss, terms


def factor_vae_same_batch(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  key: PRNGKeyArray,
  critic: Callable,
  critic_params: Any,
  gamma: Scalar,
) -> Penalty:
  """`factor_vae` whose critic sees the batch itself permuted, no second one.

  As disentanglement_lib trains it. Its counter moves twice a step, so that its
  300,000 steps are 150,000 updates (`convert.from_disentanglement_lib`).

  Args:
    q, z, key, critic, critic_params, gamma: as for `factor_vae`.

  Returns:
    As `factor_vae`.
  """
  return factor_vae(
    q,
    z,
    key=key,
    critic=critic,
    critic_params=critic_params,
    other=Latents(q, z),
    gamma=gamma,
  )


def permute_latents(
  key: PRNGKeyArray, z: Float[Array, "B D"]
) -> Float[Array, "B D"]:
  """Shuffles every latent over the batch, independently of the others.

  Kim & Mnih 2018 (arXiv:1802.05983), algorithm 1.

  Args:
    key: JAX key.
    z: (B, D).

  Returns:
    (B, D), a draw from about prod_j q(z_j).
  """
  return jax.random.permutation(key, z, axis=0, independent=True)


def beta_tcvae(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  estimator: Callable,
  alpha: Scalar,
  beta: Scalar,
  gamma: Scalar,
) -> Penalty:
  """alpha MI + beta TC + gamma DWKL (Chen et al. 2018, eq. 4).

  Written as KL + (alpha - 1) MI + (beta - 1) TC + (gamma - 1) DWKL: the same
  expectation, but the part with weight one is the KL in closed form, so that
  alpha = beta = gamma = 1 is the VAE, not just on average.

  Args:
    q: Gaussian, (B, D).
    z: (B, D) draws from it.
    estimator: (z, q) -> log q(z) and log prod_j q(z_j), each (B,).
    alpha, beta, gamma: weights of the three terms.

  Returns:
    (B,) nats per image; KL, MI, TC and DWKL (B,) to log.
  """
  kl = gaussian_kl(q.mean, q.logvar)
  log_qz_given_x = log_normal(z, q.mean, q.logvar).sum(axis=1)
  zeros = jnp.zeros_like(z)
  log_pz = log_normal(z, zeros, zeros).sum(axis=1)
  mi, tc, dwkl = decompose_kl(log_qz_given_x, log_pz, *estimator(z, q))
  penalty = kl + (alpha - 1) * mi + (beta - 1) * tc + (gamma - 1) * dwkl
  return penalty, {"kl": kl, "mi": mi, "tc": tc, "dwkl": dwkl}


def alpha_tcvae(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  estimator: Callable,
  alpha: Scalar,
) -> Penalty:
  """K alpha / (K - alpha) MI + (1 - alpha) / (1 - alpha / K) DWKL, K latents.

  Meo et al. 2024 (arXiv:2411.00588) by the authors' only public loss
  (Cmeo97/Alpha-TCVAE, losses/alphatcvae.py), which doesn't run as it is: its K
  is the batch's size less one, an undefined name stands for K once, and the
  second term is subtracted, so that it would grow without bound. The first, its
  conditional entropy bottleneck, is log q(z|x) - log q(z); the second, its
  variational information bottleneck, log prod_j q(z_j) - log p(z); no term has
  the total correlation. With the KL to the prior for the second it is
  `beta_tcvae`, its beta and gamma the second weight, its alpha the sum of both.

  Args:
    q: Gaussian, (B, D).
    z: (B, D) draws from it.
    estimator: (z, q) -> log q(z) and log prod_j q(z_j), each (B,).
    alpha: 0 to below 1.

  Returns:
    (B,) nats per image; KL, MI, TC and DWKL (B,) to log.
  """
  latents = z.shape[1]
  _, terms = beta_tcvae(
    q, z, estimator=estimator, alpha=1.0, beta=1.0, gamma=1.0
  )
  conditional = latents * alpha / (latents - alpha)
  variational = (1.0 - alpha) / (1.0 - alpha / latents)
  return conditional * terms["mi"] + variational * terms["dwkl"], terms


# Kim & Mnih 2018 (arXiv:1802.05983), appendix A: Adam's decay rates.
CRITIC = Network(
  make=lambda latent_dim, network: network.critic,
  inputs=lambda images, z: (z,),
  optimizer=optax.scale_by_adam(b1=0.5, b2=0.9),
  rate="critic_learning_rate",
)

OBJECTIVES = {
  "factor_vae": Objective(factor_vae, networks={"critic": CRITIC}),
  "factor_vae_same_batch": Objective(
    factor_vae_same_batch, networks={"critic": CRITIC}
  ),
  "beta_tcvae": Objective(beta_tcvae),
  "alpha_tcvae": Objective(alpha_tcvae),
}
