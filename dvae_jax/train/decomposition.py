"""The parts of the KL while a run trains, from a sample of all posteriors."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import models
from dvae_jax.methods.densities import decompose_kl, log_normal
from dvae_jax.methods.estimators import log_qz_stratified
from dvae_jax.train.training import Setup

POSTERIORS = 2048  # that stand for the aggregate posterior
DRAWS = 256  # of z, over which the terms are averaged
BATCH = 256  # images encoded at a time


def decomposer(setup: Setup) -> Callable[[object], dict[str, np.ndarray]]:
  """A function of the states: what each lane's KL consists of, in nats.

  Chen et al. 2018 (arXiv:1802.04942), eq. 2. log q(z) is
  `estimators.log_qz_stratified` of POSTERIORS training images, or of all of
  them where they are fewer: no batch's estimate, which is nats off.

  Returns:
    states (L, ...) -> sample_mi, sample_tc and sample_dwkl, each (L,); {} where
    q isn't Gaussian.
  """
  model, dataset = setup.model, setup.dataset
  posterior = model.objective.posterior
  if posterior.logvar is None:
    return lambda states: {}
  logvar_of = posterior.logvar
  indices = training_images(dataset, POSTERIORS)
  images = indices if dataset.read is None else dataset.read(indices)

  @jax.jit
  def decompose(states, images, arrays):
    def of_lane(state):
      def encode(image):
        if dataset.render is None:
          batch = image[None].astype(jnp.float32) / 255.0
        else:
          batch = dataset.render(arrays, image[None])
        q = models.encode(model, state.params, state.hparams, batch)
        return posterior.code(q)[0], logvar_of(q)[0]

      means, logvars = jax.lax.map(encode, images, batch_size=BATCH)
      mean, logvar = means[:DRAWS], logvars[:DRAWS]
      eps = jax.random.normal(jax.random.PRNGKey(0), mean.shape)
      z = mean + jnp.exp(0.5 * logvar) * eps
      number = dataset.num_train or dataset.num_images
      split = decompose_kl(
        log_normal(z, mean, logvar).sum(-1),
        log_normal(z, jnp.zeros_like(z), jnp.zeros_like(z)).sum(-1),
        *log_qz_stratified(z, means, logvars, number),
      )
      return {f"sample_{n}": t.mean() for n, t in split._asdict().items()}

    return jax.lax.map(of_lane, states)

  return lambda states: jax.device_get(
    decompose(states, images, dataset.arrays)
  )


def training_images(dataset: Dataset, number: int) -> np.ndarray:
  """Training images drawn without replacement, in random order.

  Args:
    dataset: loaded.
    number: most that are wanted.

  Returns:
    (M,) int32 indices; M is less where fewer can be drawn.
  """
  chance = np.ones(dataset.num_images)
  if dataset.acceptance is not None:
    every = jnp.arange(dataset.num_images, dtype=jnp.int32)
    chance = np.asarray(dataset.acceptance(dataset.arrays, every), np.float64)
  count = min(number, int(np.count_nonzero(chance)))
  rng = np.random.default_rng(0)
  drawn = rng.choice(len(chance), count, replace=False, p=chance / chance.sum())
  return drawn.astype(np.int32)
