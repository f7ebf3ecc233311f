"""Three biases at once: quantised latents that are independent and act apart.

Hsu et al. 2024 (arXiv:2404.10282), Tripod.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from dvae_jax.methods.densities import log_q_pairs, log_sums
from dvae_jax.methods.objective import Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import Quantised, finite_scalar
from dvae_jax.methods.shapes import Float, PRNGKeyArray

STEP, PROBES = 0.1, 2  # of the differences; per kind, as the authors have them
FLOOR = 1e-10  # of the denominator


def tripod(
  q: Quantised,
  z: Float[Array, "B D"],
  *,
  key: PRNGKeyArray,
  hidden_layers: Callable,
  information: Scalar,
  hessian: Scalar,
) -> Penalty:
  """information x multi-information + hessian x normalised Hessian penalty.

  Hsu et al. 2024 (arXiv:2404.10282) and the authors' code (kylehkhsu/tripod),
  but for kernels whose bandwidths, of the joint density and of the marginals,
  both are Silverman's. Their weights stand beside a mean over pixels:
  `convert.from_pixel_mean`.

  Args:
    q: Quantised, (B, D).
    z: (B, D), the code with the gradient of what the encoder says.
    key: draws the probes.
    hidden_layers: z -> outputs of the decoder's hidden layers.
    information, hessian: weights.

  Returns:
    (B,) nats per image, and both terms (B,) to log.
  """
  spread = spread_of(q.raw)
  marginal = silverman(len(z), 1) * spread
  return _penalty(z, spread, marginal, key, hidden_layers, information, hessian)


def tripod_published(
  q: Quantised,
  z: Float[Array, "B D"],
  *,
  key: PRNGKeyArray,
  hidden_layers: Callable,
  information: Scalar,
  hessian: Scalar,
) -> Penalty:
  """`tripod` whose marginals' bandwidth is the standard deviation itself.

  As the authors' code has it (kylehkhsu/tripod d794dc4, autoencoder.py), where
  the line with Silverman's is commented out: the marginals are then too smooth,
  and independent latents have a multi-information of their own.

  Args:
    q, z, key, hidden_layers, information, hessian: as for `tripod`.

  Returns:
    As `tripod`.
  """
  spread = spread_of(q.raw)
  return _penalty(z, spread, spread, key, hidden_layers, information, hessian)


def _penalty(z, spread, marginal, key, hidden_layers, information, hessian):
  joint = silverman(*z.shape) * spread
  shared = multi_information(z, joint, marginal)
  bent = hessian_penalty(hidden_layers, z, spread, key)
  terms = {"multi_information": shared, "hessian_penalty": bent}
  return information * shared + hessian * bent, terms


def spread_of(codes: Float[Array, "B D"]) -> Float[Array, " D"]:
  """Standard deviation over the batch, at least 1e-6, with a finite gradient.

  Hsu et al. 2024 (arXiv:2404.10282), the authors' code, add 1e-6.
  """
  return jnp.sqrt(codes.var(axis=0) + 1e-12) + 1e-6


def silverman(count: int, dim: int) -> float:
  """Bandwidth of a normal kernel in units of the standard deviation.

  Silverman 1986 (doi:10.1201/9781315140919), eq. 4.14:
  (4 / ((dim + 2) count))^(1 / (dim + 4)).

  Args:
    count: number of points.
    dim: of the space.
  """
  return (4.0 / ((dim + 2) * count)) ** (1.0 / (dim + 4))


def multi_information(
  z: Float[Array, "B D"],
  joint: Float[Array, " D"],
  marginal: Float[Array, " D"],
) -> Float[Array, " B"]:
  """log q(z) - sum_d log q(z_d) of kernel density estimates from the batch.

  Hsu et al. 2024 (arXiv:2404.10282), section 3.2. As there, a point counts
  among those that its density is made of.

  Args:
    z: (B, D).
    joint: (D,) standard deviations of the joint density's kernel.
    marginal: (D,) of each marginal's.

  Returns:
    (B,) nats.
  """
  even = -jnp.log(len(z)) * jnp.ones((1, len(z)))

  def densities(bandwidth):
    logvar = jnp.broadcast_to(2.0 * jnp.log(bandwidth)[None], z.shape)
    return log_sums(log_q_pairs(z, z, logvar), even)

  return densities(joint)[0] - densities(marginal)[1].sum(axis=1)


def hessian_penalty(
  hidden_layers: Callable,
  z: Float[Array, "B D"],
  spread: Float[Array, " D"],
  key: PRNGKeyArray,
) -> Float[Array, " B"]:
  """How much of layers' second derivatives mixes latents: 0 where none does.

  Hsu et al. 2024 (arXiv:2404.10282), section 3.3, after Peebles et al. 2020
  (arXiv:2008.10599), eq. 3: the variance over probes v of the second difference
  along v is twice the sum of squares of the Hessian's entries, off its diagonal
  where v has entries +-1, all of them where v is normal. Each layer's is the
  ratio of the two, of means over its outputs, so that it doesn't reward small
  derivatives.

  Args:
    hidden_layers: z (N, D) -> tuple of outputs (N, ...).
    z: (B, D).
    spread: (D,) deviation of each latent, the unit of its probes.
    key: JAX key of the probes.

  Returns:
    (B,), summed over layers.
  """
  sign_key, normal_key = jax.random.split(key)
  shape = (PROBES, *z.shape)
  signs = jax.random.rademacher(sign_key, shape, z.dtype)
  probes = jnp.stack([signs, jax.random.normal(normal_key, shape, z.dtype)])
  moves = STEP * spread[None, None, None] * probes  # (2, PROBES, B, D)
  points = [z[None, None] + moves, z[None, None] - moves]
  flat = [part.reshape(-1, z.shape[1]) for part in points]
  count = len(flat[0])
  total = jnp.zeros(len(z))
  for layer in hidden_layers(jnp.concatenate([*flat, z])):
    ahead, behind, here = jnp.split(
      layer.reshape(len(layer), -1), (count, 2 * count)
    )
    ahead, behind = (x.reshape(2, PROBES, *here.shape) for x in (ahead, behind))
    second = (ahead - 2.0 * here[None, None] + behind) / STEP**2
    mixed, every = second.var(axis=1).mean(axis=-1)
    total += mixed / (every + FLOOR)
  return total


OBJECTIVES = {
  "tripod": Objective(tripod, finite_scalar),
  "tripod_published": Objective(tripod_published, finite_scalar),
}
