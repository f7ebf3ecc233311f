"""Methods that labels make identifiable, through the prior: iVAE."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import optax
from jax import Array

from dvae_jax.methods.densities import kl_between_gaussians
from dvae_jax.methods.objective import Network, Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import (
  Gaussian,
  bound_logvar,
  labelled_gaussian,
)
from dvae_jax.methods.shapes import Float, Int

MOST_FACTORS, MOST_VALUES = 16, 256  # that labels can have


def ivae(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  factors: Int[Array, "B K"],
  prior: Callable,
  prior_params: Any,
  label: Scalar,
  location: Scalar,
  beta: Scalar,
) -> Penalty:
  """beta KL(q(z|x) || p(z|u)), u the label of the image.

  Khemakhem et al. 2020 (arXiv:1907.04809), section 3, with the normal prior of
  the authors' code (ilkhem/iVAE), whose latents are independent given u: there
  only its variances depend on u (`location` = 0), in the theory its means may,
  too. Theirs encodes image and label, q(z|x,u); here the image alone, so that a
  code needs no label. That is still a bound: p(z|x,u) doesn't depend on u where
  the image tells z.

  Args:
    q: Gaussian, (B, D).
    z: not used.
    factors: (B, K) ground-truth factors.
    prior: (prior_params, factors, weights (1, K)) -> Gaussian (B, D).
    prior_params: its parameters.
    label: index of the factor that is u; a negative one: all of them are.
    location: of the prior's mean, 0 or 1.
    beta: 1 is the bound.

  Returns:
    (B,) nats per image, and the KL (B,) and the prior's mean log variance (B,)
    to log.
  """
  index = jnp.arange(factors.shape[1])
  weights = jnp.where((label < 0) | (index == label), 1.0, 0.0)
  given = prior(prior_params, factors, weights[None])
  mean = location * given.mean
  kl = kl_between_gaussians(q.mean, q.logvar, mean, given.logvar).sum(axis=1)
  return beta * kl, {"kl": kl, "prior_logvar": given.logvar.mean(axis=1)}


class LabelledPrior(nn.Module):
  """Labels (B, K) -> Gaussian of each latent; one hidden layer of 50 follows.

  The first layer is that of a dense one on every label's one-hot vector, side
  by side, of which it adds up a row a label. A value from MOST_VALUES on gives
  NaN. As the authors', leaky ReLU of slope 0.1.
  """

  latent_dim: int
  width: int = 50

  @nn.compact
  def __call__(self, labels, weights):
    count = labels.shape[1]
    if count > MOST_FACTORS:
      raise ValueError(
        f"data.name: {count} factors found, at most {MOST_FACTORS} of them can"
        " be labels"
      )
    shape = (MOST_FACTORS * MOST_VALUES, self.width)
    rows = self.param("rows", nn.initializers.normal(0.3), shape)
    start = MOST_VALUES * jnp.arange(count)
    within = labels < MOST_VALUES
    found = rows[jnp.where(within, labels + start[None], 0)]
    found = jnp.where(within[:, :, None], found, jnp.nan)
    bias = self.param("bias", nn.initializers.zeros, (self.width,))
    h = (weights[:, :, None] * found).sum(axis=1) + bias[None]
    h = nn.leaky_relu(nn.Dense(self.width)(nn.leaky_relu(h, 0.1)), 0.1)
    dense = lambda name: nn.Dense(self.latent_dim, name=name)
    return Gaussian(dense("mean")(h), bound_logvar(dense("logvar")(h)))


PRIOR = Network(
  make=lambda latent_dim, network: LabelledPrior(latent_dim),
  inputs=lambda images, z: (jnp.zeros((1, 1), jnp.int32), jnp.ones((1, 1))),
  optimizer=optax.scale_by_adam(),
  rate="prior_learning_rate",
)

OBJECTIVES = {
  "ivae": Objective(ivae, labelled_gaussian, networks={"prior": PRIOR})
}
