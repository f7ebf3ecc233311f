"""Estimators of the aggregate posterior in training, in nats.

Each says log q(z) and log prod_j q(z_j) of a batch's samples without encoding
all N images. Shapes: B images in the batch, M other posteriors, D latents.
docs/estimators.md has how far each is off, in value and gradient.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.lax import stop_gradient
from jax.nn import logsumexp

from dvae_jax.methods.densities import LOG_2PI, log_q_pairs, log_sums
from dvae_jax.methods.shapes import Float

MARGINAL_ROWS = 1024  # posteriors that a latent's own density is estimated from


class Memory(NamedTuple):
  """What a lane carries from step to step beside its parameters.

  Attributes:
    start: latent_dim -> pytree of arrays.
    renew: (pytree, q, z (B, D)) -> the next step's, of the same shapes, after
      the loss; what it keeps is a constant to every gradient.
  """

  start: Callable[[int], Any]
  renew: Callable[[Any, Any, Array], Any]


class Estimator(NamedTuple):
  """One way to estimate log q(z) and log prod_j q(z_j), each (B,).

  Attributes:
    log_qz: (z, mean, logvar, dataset_size), then the memory where there is one.
    memory: of past steps, or None.
  """

  log_qz: Callable[..., tuple[Array, Array]]
  memory: Memory | None = None


class Bank(NamedTuple):
  """Posteriors of past steps, the latest first, both (M, D).

  A row not filled yet is infinitely wide: its density is 0 everywhere.
  """

  mean: Array
  logvar: Array


def log_qz_mws(
  z: Float[Array, "B D"],
  mean: Float[Array, "B D"],
  logvar: Float[Array, "B D"],
  dataset_size: int,
) -> tuple[Float[Array, " B"], Float[Array, " B"]]:
  """Estimates log q(z) and log prod_j q(z_j) by minibatch weighted sampling.

  Chen et al. 2018 (arXiv:1802.04942), eq. 5, and the same for each latent. All
  constants are kept. Where posteriors don't overlap, total correlation comes
  out up to (D - 1) log(B N) too high, and in a small batch its gradient moves
  widths more than it decorrelates (`python -m benchmarks.estimators`).

  Args:
    z: (B, D) samples; z[i] was drawn from q(z | x_i).
    mean: (B, D) means of q(z | x_i).
    logvar: (B, D) log variances of q(z | x_i).
    dataset_size: N, number of training images.

  Returns:
    log q(z) and log prod_j q(z_j), each (B,), in nats.
  """
  batch_size = z.shape[0]
  constant = -float(np.log(batch_size) + np.log(dataset_size))
  log_weights = jnp.full((batch_size, batch_size), constant)
  return _log_mixture(log_q_pairs(z, mean, logvar), log_weights)


def log_qz_mss(
  z: Float[Array, "B D"],
  mean: Float[Array, "B D"],
  logvar: Float[Array, "B D"],
  dataset_size: int,
) -> tuple[Float[Array, " B"], Float[Array, " B"]]:
  """Estimates log q(z) and log prod_j q(z_j) by minibatch stratified sampling.

  Chen et al. 2018 (arXiv:1802.04942), appendix C.2. The sample's own posterior
  has weight 1/N, on the diagonal. All constants are kept. It is no measurement:
  the total correlation of a small batch is nats off, to either side, and its
  gradient too steep (`python -m benchmarks.estimators`).

  Args:
    z: (B, D) samples; z[i] was drawn from q(z | x_i).
    mean: (B, D) means of q(z | x_i).
    logvar: (B, D) log variances of q(z | x_i).
    dataset_size: N, number of training images.

  Returns:
    log q(z) and log prod_j q(z_j), each (B,), in nats.

  Raises:
    ValueError: dataset_size is smaller than the batch.
  """
  log_weights = jnp.log(mss_weights(z.shape[0], dataset_size))
  return _log_mixture(log_q_pairs(z, mean, logvar), log_weights)


def mss_weights(batch_size: int, dataset_size: int) -> Float[Array, "B B"]:
  """The weights of minibatch stratified sampling; every row sums to one.

  Chen et al. 2018 (arXiv:1802.04942), appendix C.2, with M = B - 1: 1/N on the
  diagonal, (N - M) / (N M) right of it (cyclically), 1/M elsewhere. One image
  alone stands for the whole set: its weight is 1.

  Args:
    batch_size: B.
    dataset_size: N, number of training images.

  Returns:
    (B, B): row i weighs the posteriors q(. | x_j) that z_i is evaluated under.

  Raises:
    ValueError: dataset_size is smaller than the batch.
  """
  if dataset_size < batch_size:
    raise ValueError(
      f"dataset_size={dataset_size}: minibatch stratified sampling needs at "
      f"least as many images as train.batch_size={batch_size}"
    )
  if batch_size == 1:
    return jnp.ones((1, 1))
  others = batch_size - 1
  index = jnp.arange(batch_size)
  right_of_diagonal = (index[None, :] - index[:, None]) % batch_size
  stratum = (dataset_size - others) / (dataset_size * others)
  return jnp.select(
    [right_of_diagonal == 0, right_of_diagonal == 1],
    [1 / dataset_size, stratum],
    1 / others,
  )


def log_qz_stratified(
  z: Float[Array, "B D"],
  mean: Float[Array, "M D"],
  logvar: Float[Array, "M D"],
  dataset_size: int,
) -> tuple[Float[Array, " B"], Float[Array, " B"]]:
  """Estimates log q(z) and log prod_j q(z_j) from a sample of posteriors.

  q(z_i) = q(z_i | x_i) / N + (N - 1) / N mean_j q(z_i | x_j), j over the other
  rows: Chen et al. 2018 (arXiv:1802.04942), section 2.1, with its sum over
  all other images replaced by a sample's mean. The gradient goes through z
  alone, as in Roeder et al. 2017 (arXiv:1703.09194): that through the
  mixture's parameters is 0 on average, E_q[d log q(z)] = 0, and is most of the
  noise and of the bias of a small batch. What stays is the density's: where few
  posteriors reach z it is too low, and the sample's own weighs too much.
  `python -m benchmarks.estimators` measures both.

  Args:
    z: (B, D) samples; z[i] was drawn from q(z | x_i).
    mean: (M, D) means, those of z first; M >= B.
    logvar: (M, D) log variances; an infinite one stands for no posterior.
    dataset_size: N, number of training images.

  Returns:
    log q(z) and log prod_j q(z_j), each (B,), in nats; the latter from the
    first MARGINAL_ROWS posteriors.
  """
  mean, logvar = stop_gradient(mean), stop_gradient(logvar)
  log_weights = _log_weights(len(z), logvar, dataset_size)
  joint = logsumexp(_log_q_joint(z, mean, logvar) + log_weights, axis=1)
  # A line of numbers is full where ten dimensions are still empty.
  few = max(len(z), MARGINAL_ROWS)
  mean, logvar = mean[:few], logvar[:few]
  log_weights = _log_weights(len(z), logvar, dataset_size)
  log_q = log_q_pairs(z, mean, logvar)
  return joint, logsumexp(log_q + log_weights[:, :, None], axis=1).sum(axis=1)


def log_qz_bank(
  z: Float[Array, "B D"],
  mean: Float[Array, "B D"],
  logvar: Float[Array, "B D"],
  dataset_size: int,
  bank: Bank,
) -> tuple[Float[Array, " B"], Float[Array, " B"]]:
  """Estimates log q(z) and log prod_j q(z_j) from the batch and past ones.

  As `log_qz_stratified`, from the batch's posteriors and those of the bank, to
  which parameters of a few steps ago gave their shape.

  Args:
    z: (B, D) samples; z[i] was drawn from q(z | x_i).
    mean: (B, D) means of q(z | x_i).
    logvar: (B, D) log variances of q(z | x_i).
    dataset_size: N, number of training images.
    bank: of M past posteriors.

  Returns:
    log q(z) and log prod_j q(z_j), each (B,), in nats.
  """
  return log_qz_stratified(
    z,
    jnp.concatenate([mean, bank.mean]),
    jnp.concatenate([logvar, bank.logvar]),
    dataset_size,
  )


def bank_of(size: int) -> Memory:
  """The memory of `log_qz_bank`: the `size` latest posteriors.

  First in, first out, as the queue of He et al. 2020 (arXiv:1911.05722),
  section 3.2, but of what one encoder said a few steps ago.
  """

  def start(latent_dim: int) -> Bank:
    shape = size, latent_dim
    return Bank(jnp.zeros(shape), jnp.full(shape, jnp.inf))

  def renew(bank: Bank, q: Any, z: Array) -> Bank:
    del z
    join = lambda new, old: jnp.concatenate([stop_gradient(new), old])[:size]
    return Bank(join(q.mean, bank.mean), join(q.logvar, bank.logvar))

  return Memory(start, renew)


def _log_weights(batch_size: int, logvar, dataset_size: int):
  """log w_ij of row i's sample under posterior j, (B, M): a row sums to one."""
  others = jnp.isfinite(logvar[:, 0]).sum() - 1
  log_own = jnp.where(others > 0, -float(np.log(dataset_size)), 0.0)
  log_other = jnp.log1p(-1.0 / dataset_size) - jnp.log(jnp.maximum(others, 1))
  is_own = jnp.eye(batch_size, len(logvar), dtype=bool)
  return jnp.where(is_own, log_own, log_other)


def _log_q_joint(
  z: Float[Array, "B D"],
  mean: Float[Array, "M D"],
  logvar: Float[Array, "M D"],
) -> Float[Array, "B M"]:
  """log q(z_i | x_j), all latents together: two products instead of B M D."""
  precision = jnp.exp(-logvar)
  product = lambda a, b: jnp.matmul(a, b.T, precision="highest")
  squares = product(z**2, precision) - 2.0 * product(z, mean * precision)
  squares = squares + jnp.sum(mean**2 * precision, axis=1)[None, :]
  log_scale = jnp.sum(LOG_2PI + logvar, axis=1)[None, :]
  return -0.5 * (log_scale + jnp.maximum(squares, 0.0))


def _log_mixture(
  log_q: Float[Array, "B M D"], log_weights: Float[Array, "B M"]
) -> tuple[Float[Array, " B"], Float[Array, " B"]]:
  """log q(z) and log prod_j q(z_j) of a weighted mixture."""
  joint, marginals = log_sums(log_q, log_weights)
  return joint, marginals.sum(axis=1)


ESTIMATORS = {
  "mws": Estimator(log_qz_mws),
  "mss": Estimator(log_qz_mss),
  "bank_4096": Estimator(log_qz_bank, bank_of(4096)),
  "bank_16384": Estimator(log_qz_bank, bank_of(16_384)),
}
