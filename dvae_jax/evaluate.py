"""Evaluates a run: `python -m dvae_jax.evaluate --workdir=runs/x`.

Every image of the evaluation grid is encoded once per lane; metrics, results
and pictures are made from that.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from absl import app, flags

from dvae_jax import config as configs
from dvae_jax import metrics, rundir, runs
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import models
from dvae_jax.methods.densities import (
  decompose_kl,
  gaussian_kl_per_latent,
  log_normal,
  log_qz_exact,
)
from dvae_jax.progress import progress_bar, say
from dvae_jax.report import pictures
from dvae_jax.runs import Run

BATCH = 512  # images encoded at a time
ACTIVE_KL = 0.01  # nats; a latent with less is inactive (Duan et al. 2020)
EXACT_SAMPLES = 1000  # draws over which the exact MI, TC and DWKL are averaged


class Encoded(NamedTuple):
  """Posteriors of N images: mean and logvar (N, D), reconstruction (N,)."""

  mean: np.ndarray
  logvar: np.ndarray
  reconstruction: np.ndarray


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
  if len(stride) != len(dataset.factor_sizes) or min(stride) < 1:
    raise ValueError(
      f"eval.stride: {tuple(stride)} found, () or one whole number from 1 on"
      f" for each factor of {dataset.factor_names} expected"
    )
  axes = [
    np.arange(0, size, step)
    for size, step in zip(dataset.factor_sizes, stride, strict=True)
  ]
  grid = np.meshgrid(*axes, indexing="ij")
  return (
    np.ravel_multi_index(grid, dataset.factor_sizes).ravel().astype("int32")
  )


def factors_of(
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
  vary = [
    k for k in range(factors.shape[1]) if len(np.unique(factors[:, k])) > 1
  ]
  names = tuple(dataset.factor_names[k] for k in vary)
  return (factors[:, vary], names) if vary else None


def encode_batch(params, hparams, indices, images, *, model, dataset, arrays):
  """Posterior and reconstruction, in nats, of one batch of images.

  Args:
    params: of one lane.
    hparams: of one lane.
    indices: (B,) int32.
    images: (B, H, W, C) uint8 of a streamed data set; None draws them.
    model: static.
    dataset: static.
    arrays: of the data set.

  Returns:
    mean, logvar (B, D), and the reconstruction (B,) of one draw of z per image.
  """
  if images is None:
    images = dataset.render(arrays, indices)
  else:
    images = images.astype(jnp.float32) / 255.0
  key = jax.random.fold_in(jax.random.PRNGKey(0), indices[0])
  latents = models.infer(model, params, hparams, key, images)
  logits = models.decode(model, params, latents.z)
  return latents.mean, latents.logvar, -model.log_prob(logits, images)


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
  parts = []
  for start in range(0, len(indices), BATCH):
    rows = indices[start : start + BATCH]
    padded = np.pad(rows, (0, BATCH - len(rows)), mode="edge")
    images = None if run.dataset.read is None else run.dataset.read(padded)
    found = encoder(state.params, state.hparams, padded, images)
    parts.append([np.asarray(array)[: len(rows)] for array in found])
    advance(len(rows))
  return Encoded(
    *(np.concatenate(column) for column in zip(*parts, strict=True))
  )


def bound_terms(run: Run, encoded: Encoded) -> dict[str, Any]:
  """Reconstruction, KL and what follows from them, in nats per image.

  Args:
    run: loaded.
    encoded: of one lane.

  Returns:
    reconstruction; unless the objective has no posterior, also kl, elbo,
    kl_per_latent (D,) and active_units, the number of latents with a KL above
    ACTIVE_KL.
  """
  reconstruction = float(encoded.reconstruction.mean(dtype=np.float64))
  if run.model.objective.posterior == "deterministic":
    return {"reconstruction": reconstruction}
  each = gaussian_kl_per_latent(
    jnp.asarray(encoded.mean), jnp.asarray(encoded.logvar)
  )
  kl = np.asarray(each).mean(axis=0, dtype=np.float64)
  return {
    "reconstruction": reconstruction,
    "kl": float(kl.sum()),
    "elbo": -reconstruction - float(kl.sum()),
    "kl_per_latent": kl,
    "active_units": int((kl > ACTIVE_KL).sum()),
  }


def exact_decomposition(encoded: Encoded) -> dict[str, float]:
  """MI, TC and dimension-wise KL against the mixture of all posteriors.

  Chen et al. 2018 (arXiv:1802.04942), eq. 2, averaged over EXACT_SAMPLES draws.

  Returns:
    mi, tc and dwkl in nats.
  """
  rng = np.random.default_rng(0)
  rows = rng.integers(0, len(encoded.mean), EXACT_SAMPLES)
  mean, logvar = encoded.mean[rows], encoded.logvar[rows]
  eps = rng.standard_normal(mean.shape, dtype=np.float32)
  z = mean + np.exp(0.5 * logvar) * eps
  split = _decompose(z, mean, logvar, encoded.mean, encoded.logvar)
  return {name: float(term.mean()) for name, term in split._asdict().items()}


@jax.jit
def _decompose(z, mean, logvar, mean_all, logvar_all):
  return decompose_kl(
    log_normal(z, mean, logvar).sum(-1),
    log_normal(z, jnp.zeros_like(z), jnp.zeros_like(z)).sum(-1),
    *log_qz_exact(z, mean_all, logvar_all),
  )


def supervised(run: Run, encoded: Encoded, indices, names, advance) -> tuple:
  """Runs the metrics that need factors.

  Returns:
    {name: headline value} and {name: everything the metric returned}; a metric
    that refuses the codes has the value None and its reason.
  """
  found = factors_of(run.dataset, indices)
  deterministic = run.model.objective.posterior == "deterministic"
  headline: dict[str, float | None] = {}
  details: dict[str, dict] = {}
  if found is None:
    return headline, details
  factors, factor_names = found
  for name in names:
    try:
      details[name] = metrics.score(
        name,
        encoded.mean,
        factors,
        rng=np.random.default_rng(0),
        logvars=None if deterministic else encoded.logvar,
        factor_names=factor_names,
      )
    except ValueError as error:
      say(f"Metric {name}: {error}")
      details[name] = {name: None, "refused": str(error)}
    headline[name] = details[name].pop(name)
    advance(1)
  return headline, details


def result_of(
  run: Run, lane: int, indices, encoded: Encoded, settings: dict, advance
) -> dict[str, Any]:
  """The line of results.jsonl of one lane."""
  values = bound_terms(run, encoded)
  if "kl" in values:
    values |= exact_decomposition(encoded)
  headline, details = supervised(
    run, encoded, indices, settings["metrics"], advance
  )
  if run.dataset.held_out is not None:
    rows = np.isin(indices, run.dataset.held_out)
    if rows.any():
      held_out = Encoded(*(array[rows] for array in encoded))
      details["held_out"] = bound_terms(run, held_out)
  return {
    **run.lanes[lane],
    "step": run.step,
    "diverged_at": int(run.state(lane).diverged_at),
    "metrics": headline | values,
    "details": details,
    "data": runs.describe(run.dataset),
    "eval": settings,
  }


def evaluate(run: Run, settings: dict[str, Any]) -> list[dict]:
  """Evaluates every lane and writes results.jsonl, codes.npz and pictures.npz.

  A lane that an interrupted evaluation with the same settings has finished is
  not measured again.

  Args:
    run: loaded, its directory held by this process.
    settings: config.eval as a dict: metrics, stride, codes.

  Returns:
    The lines of results.jsonl.

  Raises:
    ValueError: eval.stride doesn't fit the data set.
  """
  settings = rundir.plain(settings)
  indices = grid_indices(run.dataset, tuple(settings["stride"]))
  settings["num_images"] = len(indices)
  unfinished = run.workdir / rundir.UNFINISHED
  lines = [
    line
    for line in rundir.read_jsonl(unfinished)
    if (line["step"], line["eval"]) == (run.step, settings)
  ]
  encoder, codes = batch_encoder(run), []
  with progress_bar() as bar:
    for lane in range(len(run.lanes)):
      measured = lane < len(lines)
      if measured and not settings["codes"]:
        continue
      task = bar.add_task(f"Encoding lane {lane}", total=len(indices))
      encoded = encode_all(
        run, encoder, indices, lane, partial(bar.advance, task)
      )
      if settings["codes"]:
        codes.append(encoded)
      if measured:
        continue
      task = bar.add_task(
        f"Measuring lane {lane}", total=len(settings["metrics"])
      )
      advance = partial(bar.advance, task)
      line = result_of(run, lane, indices, encoded, settings, advance)
      lines.append(rundir.plain(line))
      rundir.write_jsonl(unfinished, lines)
  if codes:
    write_codes(run, indices, codes)
  pictures.write(run)
  unfinished.replace(run.workdir / rundir.RESULTS)
  return lines


def write_codes(run: Run, indices: np.ndarray, codes: list[Encoded]) -> None:
  """Writes codes.npz, which any tool's metrics can read."""
  arrays: dict[str, Any] = {
    "means": np.stack([encoded.mean for encoded in codes]),
    "logvars": np.stack([encoded.logvar for encoded in codes]),
    "indices": indices,
  }
  found = factors_of(run.dataset, indices)
  if found is not None:
    arrays["factors"], arrays["factor_names"] = found[0], np.array(found[1])
  rundir.write_atomic(
    run.workdir / rundir.CODES, lambda file: np.savez(file, **arrays)
  )


def main(_) -> None:
  """Evaluates the newest checkpoint of a run directory again."""
  runs.set_up()
  with runs.refusing():
    if flags.FLAGS.workdir is None:
      raise ValueError("--workdir: missing; name a run directory")
    run = runs.load_run(flags.FLAGS.workdir)
    settings = run.config.eval.to_dict()
    if flags.FLAGS.metrics is not None:
      run.config.eval.metrics = tuple(flags.FLAGS.metrics)
      configs.check(run.config)
      settings["metrics"] = flags.FLAGS.metrics
    with rundir.locked(run.workdir):
      evaluate(run, settings)


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "Run directory to evaluate.")
  flags.DEFINE_list(
    "metrics", None, "Metrics; those of the run's config if unset."
  )
  app.run(main)
