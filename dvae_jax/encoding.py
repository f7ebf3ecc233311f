"""Every image of a run's evaluation grid, encoded once per lane."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtri

from dvae_jax import checks
from dvae_jax.data.dataset import Dataset
from dvae_jax.measuring import varying
from dvae_jax.methods import models
from dvae_jax.methods.densities import decompose_kl, log_aggregate, log_normal
from dvae_jax.metrics.aggregate import log_marginals
from dvae_jax.metrics.udr import INFORMATIVE_KL as INACTIVE_KL
from dvae_jax.runs import Run

BATCH = 512  # images encoded at a time
SMALLEST = 2.0**-31  # chance that a noise so far out stands for
EXACT_SAMPLES = 512  # draws over which the exact MI, TC and DWKL are averaged


class Encoded(NamedTuple):
  """What N images become.

  Attributes:
    codes: (N, D).
    reconstruction: (N,) nats, of one draw of z per image.
    logvars: (N, D) log variances, or None where q isn't Gaussian.
    kl: (N, D) nats per latent, or None where there is no KL.
  """

  codes: np.ndarray
  reconstruction: np.ndarray
  logvars: np.ndarray | None = None
  kl: np.ndarray | None = None

  def rows(self, chosen: np.ndarray) -> "Encoded":
    """The same of some images."""
    parts = {n: a for n, a in self._asdict().items() if a is not None}
    return Encoded(**{name: array[chosen] for name, array in parts.items()})


def grid_indices(dataset: Dataset, stride: tuple[int, ...]) -> np.ndarray:
  """Indices of the images to evaluate.

  Args:
    dataset: loaded.
    stride: () for every image, or every stride-th value of each factor.

  Returns:
    (N,) int32, ascending.

  Raises:
    ValueError: eval.stride doesn't fit the factors.
  """
  if not stride:
    return np.arange(dataset.num_images, dtype=np.int32)
  checks.check_stride(stride, dataset)
  axes = [
    np.arange(0, size, step)
    for size, step in zip(dataset.factor_sizes, stride, strict=True)
  ]
  grid = np.meshgrid(*axes, indexing="ij")
  return (
    np.ravel_multi_index(grid, dataset.factor_sizes).ravel().astype("int32")
  )


def varying_factors(
  dataset: Dataset, indices: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]] | None:
  """Factors (N, K) that take more than one value, and their names."""
  if dataset.factor_sizes:
    columns = np.unravel_index(indices, dataset.factor_sizes)
    factors = np.stack(columns, axis=-1)
  elif dataset.factors is not None:
    factors = dataset.factors[indices]
  else:
    return None
  kept, names = varying(factors, dataset.factor_names)
  return None if kept is None else (kept, names)


def encode_batch(
  params, hparams, indices, images, *, model, dataset, arrays
) -> dict[str, jax.Array]:
  """Encodes one batch of images.

  Args:
    params: of one lane.
    hparams: of one lane.
    indices: (B,) int32.
    images: (B, H, W, C) uint8 of a streamed data set; None draws them.
    model: static.
    dataset: static.
    arrays: of the data set.

  Returns:
    The fields of Encoded that the posterior has, of B rows.
  """
  if images is None:
    images = dataset.render(arrays, indices)
  else:
    images = images.astype(jnp.float32) / 255.0
  key = jax.random.fold_in(jax.random.PRNGKey(0), indices[0])
  q, z = models.infer(model, params, hparams, key, images)
  posterior = model.objective.posterior
  found = {
    "codes": posterior.code(q),
    "reconstruction": -models.log_prob(model, params, hparams, z, images),
  }
  if posterior.logvar:
    found["logvars"] = posterior.logvar(q)
  if posterior.kl:
    found["kl"] = posterior.kl(q)
  return found


def batch_encoder(run: Run) -> Callable:
  """Compiles `encode_batch` for a run: (params, hparams, indices, images)."""
  function = partial(encode_batch, model=run.model, dataset=run.dataset)
  jitted = jax.jit(lambda arrays, *args: function(*args, arrays=arrays))
  return partial(jitted, jax.device_put(run.dataset.arrays))


def encode_all(
  run: Run, encoder: Callable, indices: np.ndarray, lane: int, advance
) -> Encoded:
  """Encodes images with one lane's model.

  Args:
    run: loaded.
    encoder: from `batch_encoder`.
    indices: (N,) int32 of the images.
    lane: which model.
    advance: called with the number of images done, for a progress bar.

  Returns:
    Encoded: NumPy arrays of N rows.
  """
  state = run.state(lane)
  parts: dict[str, list[np.ndarray]] = {}
  for start in range(0, len(indices), BATCH):
    rows = indices[start : start + BATCH]
    padded = np.pad(rows, (0, BATCH - len(rows)), mode="edge")
    images = None if run.dataset.read is None else run.dataset.read(padded)
    found = encoder(state.params, state.hparams, padded, images)
    for name, array in found.items():
      parts.setdefault(name, []).append(np.asarray(array)[: len(rows)])
    advance(len(rows))
  return Encoded(**{n: np.concatenate(arrays) for n, arrays in parts.items()})


def bound_terms(encoded: Encoded) -> dict[str, Any]:
  """Reconstruction, KL and what follows from them, in nats per image.

  Args:
    encoded: of one lane.

  Returns:
    reconstruction; where there is a KL, also kl, elbo (Kingma & Welling 2014,
    eq. 3), kl_per_latent (D,) and active_units, the number of latents with a KL
    above INACTIVE_KL.
  """
  reconstruction = float(encoded.reconstruction.mean(dtype=np.float64))
  if encoded.kl is None:
    return {"reconstruction": reconstruction}
  kl = encoded.kl.mean(axis=0, dtype=np.float64)
  return {
    "reconstruction": reconstruction,
    "kl": float(kl.sum()),
    "elbo": -reconstruction - float(kl.sum()),
    "kl_per_latent": kl,
    "active_units": int((kl > INACTIVE_KL).sum()),
  }


def exact_decomposition(encoded: Encoded, *, seed: int = 0) -> dict[str, float]:
  """MI, TC and dimension-wise KL against the mixture of all posteriors.

  Chen et al. 2018 (arXiv:1802.04942), eq. 2, averaged over EXACT_SAMPLES draws.
  Images and noise are the points of a scrambled Sobol sequence (Owen 1998,
  doi:10.1006/jcom.1998.0487), spread evenly over the images in their order and
  over the posteriors: on those of tests/test_encoding.py their means scatter
  less than those of a thousand independent draws.

  Args:
    encoded: of one lane.
    seed: of the scrambling.

  Returns:
    mi, tc and dwkl in nats; {} where q isn't Gaussian.
  """
  if encoded.logvars is None:
    return {}
  rows, eps = _spread_draws(encoded.codes.shape, seed)
  mean, logvar = encoded.codes[rows], encoded.logvars[rows]
  z = mean + np.exp(0.5 * logvar) * eps
  joint = _log_densities(z, mean, logvar, encoded.codes, encoded.logvars)
  marginals = jnp.float32(log_marginals(encoded.codes, encoded.logvars, z))
  split = decompose_kl(joint[0], joint[1], joint[2], marginals)
  return {name: float(np.mean(term)) for name, term in split._asdict().items()}


def _spread_draws(shape: tuple[int, ...], seed: int):
  """EXACT_SAMPLES (S,) of N images and their noise (S, D), of shape (N, D)."""
  number, latents = shape
  from scipy.stats import qmc

  points = qmc.Sobol(latents + 1, rng=seed).random(EXACT_SAMPLES)
  noise = ndtri(np.clip(points[:, 1:], SMALLEST, 1 - SMALLEST))
  return (points[:, 0] * number).astype(int), noise.astype(np.float32)


@jax.jit
def _log_densities(z, mean, logvar, mean_all, logvar_all):
  return (
    log_normal(z, mean, logvar).sum(-1),
    log_normal(z, jnp.zeros_like(z), jnp.zeros_like(z)).sum(-1),
    log_aggregate(z, mean_all, logvar_all),
  )
