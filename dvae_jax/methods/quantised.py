"""Methods whose latents take few values: QLAE, FactorQVAE."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.lax import stop_gradient

from dvae_jax.methods import models
from dvae_jax.methods.models import Model
from dvae_jax.methods.objective import (
  Batch,
  Network,
  Objective,
  Penalty,
  Scalar,
)
from dvae_jax.methods.posteriors import (
  Quantised,
  SharedCodebookHead,
  categorical,
  quantised,
)
from dvae_jax.methods.shapes import Float, PRNGKeyArray
from dvae_jax.methods.total_correlation import estimate_tc


def qlae(
  q: Quantised, z: Float[Array, "B D"], *, quantise: Scalar, commit: Scalar
) -> Penalty:
  """Draws codebook and encoder to each other (Hsu et al. 2023, eq. 3).

  quantise mean_d (sg(raw) - code)^2 + commit mean_d (raw - sg(code))^2, sg
  without gradient: the first moves the codebook alone, the second the encoder
  alone. The paper weighs both by 0.01 beside a mean over H x W x C pixels; in
  nats per image that is 0.01 H W C: `convert.from_latent_quantization`.

  Args:
    q: Quantised, (B, D).
    z: not used.
    quantise, commit: weights.

  Returns:
    (B,) nats per image, and the mean squared distance (B,) to log.
  """
  to_codebook = jnp.mean((stop_gradient(q.raw) - q.code) ** 2, axis=1)
  to_encoder = jnp.mean((q.raw - stop_gradient(q.code)) ** 2, axis=1)
  penalty = quantise * to_codebook + commit * to_encoder
  return penalty, {"distance": to_codebook}


def factor_qvae(
  params: Any,
  key: PRNGKeyArray,
  batch: Batch,
  *,
  model: Model,
  hparams: dict[str, Array],
  other: Array,
  temperature: Scalar,
  beta: Scalar,
  gamma: Scalar,
) -> tuple[Array, dict[str, Array]]:
  """Reconstruction + beta KL(q || uniform) + gamma TC of relaxed choices.

  Baykal et al. 2024 (arXiv:2409.14851), as in the authors' code: all latents
  share one codebook, a latent is decoded as the mean of the values under a
  Gumbel-softmax draw, and a critic sees these soft draws, not the values or
  one-hot choices: (B, D V) numbers. In their code the critic's loss isn't
  detached from the encoder; what gradient it leaves there is set to zero before
  it is used, so that here, too, it moves the critic alone. After training a
  latent takes its nearest value. They average over pixels, and the KL over
  latents: `convert.from_disent` for beta, `convert.from_pixel_mean` for gamma.

  Args:
    params: of a TrainState.
    key: JAX key of this step.
    batch: images in [0, 1].
    model: static.
    hparams: traced hyper-parameters.
    other: (B, H, W, C), the second batch, whose choices are permuted.
    temperature: of the Gumbel-softmax.
    beta, gamma: weights.

  Returns:
    The loss, () float32, and the terms to log, ().
  """
  draw_key, other_key, permute_key = jax.random.split(key, 3)
  q = models.encode(model, params, hparams, batch.images)
  choices = relaxed_choices(draw_key, q.logits, temperature)
  z = choices @ q.values
  others = models.encode(model, params, hparams, other).logits
  others = stop_gradient(relaxed_choices(other_key, others, temperature))
  permuted = permute_choices(permute_key, others)
  tc, critic_loss, terms = estimate_tc(
    model.modules["critic"].apply,
    params["critic"],
    choices.reshape(len(choices), -1),
    permuted.reshape(len(others), -1),
  )
  kl = kl_to_uniform(q.logits).sum(axis=1)
  reconstruction = -models.log_prob(model, params, hparams, z, batch.images)
  weights = 1.0 if batch.weights is None else batch.weights
  loss = jnp.mean(weights * (reconstruction + beta * kl + gamma * tc))
  parts = {"reconstruction": reconstruction, "kl": kl, "tc": tc, **terms}
  means = {name: jnp.mean(term) for name, term in parts.items()}
  total = loss + critic_loss - stop_gradient(critic_loss)
  return total, {"loss": loss, **means}


def relaxed_choices(
  key: PRNGKeyArray, logits: Float[Array, "B D V"], temperature: Scalar
) -> Float[Array, "B D V"]:
  """Draws from the Gumbel-softmax distribution; each sums to 1 over values.

  Jang et al. 2017 (arXiv:1611.01144), eq. 2.

  Args:
    key: JAX key.
    logits: (B, D, V).
    temperature: the lower, the nearer to one-hot.

  Returns:
    (B, D, V).
  """
  noise = jax.random.gumbel(key, logits.shape, logits.dtype)
  return jax.nn.softmax((logits + noise) / temperature, axis=-1)


def permute_choices(
  key: PRNGKeyArray, choices: Float[Array, "B D V"]
) -> Float[Array, "B D V"]:
  """Shuffles every latent's choice over the batch, its values together.

  Kim & Mnih 2018 (arXiv:1802.05983), algorithm 1.

  Args:
    key: JAX key.
    choices: (B, D, V).

  Returns:
    (B, D, V).
  """
  batch, latents, _ = choices.shape
  rows = jnp.tile(jnp.arange(batch)[:, None], (1, latents))
  rows = jax.random.permutation(key, rows, axis=0, independent=True)
  return jnp.take_along_axis(choices, rows[:, :, None], axis=0)


def kl_to_uniform(logits: Float[Array, "B D V"]) -> Float[Array, "B D"]:
  """KL of every latent's categorical distribution to the uniform one.

  log V - entropy (Jang et al. 2017, arXiv:1611.01144, section 3.2), in nats.

  Args:
    logits: (B, D, V).

  Returns:
    (B, D).
  """
  log_p = jax.nn.log_softmax(logits, axis=-1)
  return math.log(logits.shape[-1]) + jnp.sum(jnp.exp(log_p) * log_p, axis=-1)


# There the critic's Adam is as the model's, not as Kim & Mnih's.
CRITIC = Network(
  make=lambda latent_dim, network: network.critic,
  inputs=lambda images, z: (
    jnp.zeros((1, z.shape[1] * SharedCodebookHead.values)),
  ),
  optimizer=optax.scale_by_adam(),
  rate="critic_learning_rate",
)

OBJECTIVES = {
  "qlae": Objective(qlae, quantised),
  "factor_qvae": Objective(
    posterior=categorical, loss=factor_qvae, networks={"critic": CRITIC}
  ),
}
