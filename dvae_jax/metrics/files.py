"""Codes on disk: anybody's npz, and the run directories of this package."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dvae_jax import arrays as stored
from dvae_jax import results, rundir
from dvae_jax.metrics.udr import Model

MODEL_ROWS = 10_000  # images on which models are compared
# The arrays that are read of anybody's file, and of a run that is compared.
CODES = ("codes", "means", "factors", "logvars", "factor_names", "discrete")
COMPARED = ("means", "indices", "kl")
# Fields of a config that say which lanes there are, or what is done with them.
BESIDE_TRAINING = ("sweep", "hparams", "eval", "checkpoint")


class Codes(NamedTuple):
  """One model's codes.

  Attributes:
    codes: (N, D) posterior means.
    factors: (N, K) integers, or None.
    logvars: (N, D) log variances of the posteriors, or None.
    factor_names: K names, or ().
    discrete: whether a latent takes few values.
  """

  codes: np.ndarray
  factors: np.ndarray | None
  logvars: np.ndarray | None
  factor_names: tuple[str, ...]
  discrete: bool


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
  """All arrays of an npz, none ever unpickled; raises as `arrays.read`."""
  return stored.read(path)


def read_codes(path: str | Path, lane: int | None = None) -> Codes:
  """Reads one model's codes.

  Args:
    path: npz with `codes` (N, D) or, of a run, `means` (L, N, D); where there
      are any, `factors` (N, K), `logvars` like the codes, `factor_names` and
      `discrete`.
    lane: which of the L models; needed when there is more than one.

  Returns:
    Codes, unchecked.

  Raises:
    ValueError: names the file, and the array that is missing or unusable.
  """
  arrays = stored.read(path, CODES)
  if not {"codes", "means"} & set(arrays):
    raise ValueError(
      f"{path}: has the arrays {sorted(arrays)}; needs 'codes' (or 'means' of"
      " several lanes), and 'factors' for most metrics"
    )
  names = tuple(map(str, arrays.get("factor_names", ())))
  logvars, found = arrays.get("logvars"), arrays.get("codes")
  if found is not None and lane is not None:
    raise ValueError(f"--lane: {lane}; {path} holds one model, not lanes")
  if found is None:
    means = arrays["means"]
    lane = _chosen_lane(path, means, lane)
    found = means[lane]
    logvars = None if logvars is None else logvars[lane]
  return Codes(
    found,
    arrays.get("factors"),
    logvars,
    names,
    bool(arrays.get("discrete", False)),
  )


def _chosen_lane(path, means: np.ndarray, lane: int | None) -> int:
  if means.ndim != 3:
    raise ValueError(
      f"{path}: means has shape {means.shape}; must be (L, N, D)"
    )
  lane = 0 if lane is None and len(means) == 1 else lane
  if lane is None or not 0 <= lane < len(means):
    raise ValueError(
      f"--lane: {lane}; {path} holds {len(means)} lanes, 0 to {len(means) - 1}"
    )
  return lane


def read_models(
  runs: Sequence[str | Path], max_rows: int = MODEL_ROWS
) -> tuple[list[Model], list[str]]:
  """Reads the lanes of several runs on the same images.

  Args:
    runs: run directories with `config.json`, `codes.npz` and `results.jsonl`.
    max_rows: the largest number of images kept, drawn from all of them.

  Returns:
    The lanes that didn't diverge, and a sentence for each that did.

  Raises:
    ValueError: names the run and what is missing, or the run whose images are
      others than the first one's.
  """
  models, skipped, first = [], [], None
  for run in map(Path, runs):
    config = rundir.read_config(run)
    arrays = stored.read(run / rundir.CODES, COMPARED)
    lines = _results(run)
    _check_comparable(run, arrays, lines)
    if first is None:
      first = config["data"], arrays["indices"]
      rows = np.random.default_rng(0).permutation(len(first[1]))[:max_rows]
    same = np.array_equal(arrays["indices"], first[1])
    if config["data"] != first[0] or not same:
      raise ValueError(
        f"{run}: its codes are of other images than those of {runs[0]}; UDR"
        " compares models on the same images in the same order"
      )
    for line in lines:
      lane, at = line["lane"], line.get("diverged_at", -1)
      if at >= 0:
        skipped.append(f"{run} lane {lane}: diverged at step {at}")
        continue
      models.append(
        Model(
          str(run),
          lane,
          _setting(config["config"], line["hparams"]),
          line["seed"],
          arrays["means"][lane][rows],
          arrays["kl"][lane],
        )
      )
  return models, skipped


def _check_comparable(
  run: Path, arrays: dict[str, np.ndarray], lines: list[dict]
) -> None:
  missing = {"means", "indices"} - set(arrays)
  if missing:
    raise ValueError(f"{run / rundir.CODES}: {sorted(missing)} missing")
  if "kl" not in arrays:
    raise ValueError(
      f"{run / rundir.CODES}: 'kl' missing; its posterior has no KL to a prior,"
      " by which UDR tells the informative latents"
    )
  stored.check_axes(
    run / rundir.CODES,
    arrays,
    rundir.CODE_ARRAYS,
    rundir.RESULTS,
    L=len(lines),
  )


def _setting(config: dict, hparams: dict) -> str:
  """What two trainings have in common if they differ in their seed only."""
  trained = {k: v for k, v in config.items() if k not in BESIDE_TRAINING}
  return rundir.to_json(dict(sorted(trained.items())) | {"hparams": hparams})


def _results(run: Path) -> list[dict]:
  path = run / rundir.RESULTS
  if not path.exists():
    raise ValueError(f"{path}: no such file")
  return results.read(run)
