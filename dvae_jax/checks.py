"""Checks of a config that name the bad field, before anything is compiled."""

import difflib
from collections.abc import Iterable
from typing import Any

import ml_collections

from dvae_jax import data
from dvae_jax.config import base
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import LIKELIHOODS, OBJECTIVES, build
from dvae_jax.methods.estimators import ESTIMATORS
from dvae_jax.metrics import single_model
from dvae_jax.networks import NETWORKS, RELUS
from dvae_jax.train import optimizers

COUNTS = (
  "latent_dim",
  "train.steps",
  "train.batch_size",
  "train.log_every",
  "checkpoint.every",
  "checkpoint.keep",
)
FLOAT32_MAX = 3.4e38  # hyper-parameters are traced in float32
# A name in neither may be any finite number: others train InfoVAE at alpha -9
# (AntixK/PyTorch-VAE), beta-TCVAE at alpha -5.
POSITIVE = (
  "learning_rate",
  "annealing_steps",
  "posterior_std",
  "clip",
  "laplace_rate",
  "noise_variance",
)
NON_NEGATIVE = (
  "beta",
  "gamma",
  "capacity",
  "lambda_od",
  "lambda_d",
  "weight_decay",
  "warmup_steps",
  "info",
  "noise_latents",
)


def check(config) -> None:
  """Checks every field that can be checked without loading the data.

  Args:
    config: as an experiment file returned it, with overrides.

  Raises:
    ValueError: names the field, the value found and the values allowed.
  """
  _check_fields(config, base())
  _one_of("objective", config.objective, OBJECTIVES)
  _one_of("network", config.network, NETWORKS)
  _one_of("likelihood", config.likelihood, LIKELIHOODS)
  _one_of("estimator", config.estimator, ESTIMATORS)
  _one_of("train.dtype", config.train.dtype, ("float32", "bfloat16"))
  _one_of("train.relu", config.train.relu, RELUS)
  for field, known in (
    ("optimizer", optimizers.OPTIMIZERS),
    ("clip", optimizers.CLIPS),
    ("schedule", optimizers.SCHEDULES),
  ):
    _one_of(f"train.{field}", config.train[field], known)
  _one_of("data.name", config.data.name, data.DATASETS)
  for name in config.eval.metrics:
    _one_of("eval.metrics", name, single_model())
  for field in COUNTS:
    _at_least(field, _get(config, field), 1)
  for field in ("train.steps_per_call", "train.lanes_per_call"):
    _at_least(field, _get(config, field), 0)
  if config.checkpoint.every % config.train.log_every:
    raise ValueError(
      f"checkpoint.every: {config.checkpoint.every} found, a multiple of"
      f" train.log_every = {config.train.log_every} expected"
    )
  _check_hparams(config)


def check_dataset(config, dataset: Dataset) -> None:
  """Checks what depends on the data set.

  Raises:
    ValueError: names the field, the value found and the values allowed.
  """
  available = dataset.num_train or dataset.num_images
  if config.train.batch_size > available:
    raise ValueError(
      f"train.batch_size: {config.train.batch_size} found, at most the"
      f" {available} training images of data.name = {dataset.name!r} allowed"
    )
  companions = OBJECTIVES[config.objective].companions
  if companions:
    try:
      companions.check(dataset, config.data.pair_changes)
    except ValueError as error:
      raise ValueError(
        f"objective: {config.objective!r} can't be trained on these images:"
        f" {error}"
      ) from error


def hparam_names(config) -> tuple[str, ...]:
  """Names of all traced hyper-parameters that a config's run takes."""
  names = optimizers.hparam_names(config.train) + build.hparam_names(config)
  return tuple(dict.fromkeys(names))


def _check_fields(config, known, above: str = "") -> None:
  """Refuses fields that nothing would read: a misspelt one, most likely.

  What a hyper-parameter or a sweep may be called, `_check_hparams` knows.
  """
  for name in config:
    field = above + name
    if name not in known:
      raise ValueError(
        f"{field}: the config has no such field, only"
        f" {_listed(known)}{_nearest(name, known)}"
      )
    nested = isinstance(known[name], ml_collections.ConfigDict)
    if nested and field not in ("hparams", "sweep"):
      _check_fields(config[name], known[name], f"{field}.")


def _check_hparams(config) -> None:
  """Compares hparams and sweep with the objective's signature."""
  allowed = hparam_names(config)
  networks = OBJECTIVES[config.objective].networks
  positive = {*POSITIVE, *(network.rate for network in networks.values())}
  swept = _swept(config.sweep, allowed)
  for seed in swept.pop("seed", ()):
    _check_seed(seed)
  for name in config.hparams:
    if name not in allowed:
      raise ValueError(
        f"hparams.{name}: objective {config.objective!r} doesn't take it;"
        f" it takes {_listed(allowed)}{_nearest(name, allowed)}"
      )
  for name in allowed:
    if name not in config.hparams and name not in swept:
      raise ValueError(
        f"hparams.{name}: missing; objective {config.objective!r} takes"
        f" {_listed(allowed)}"
      )
    for value in swept.get(name, [config.hparams.get(name)]):
      where = f"{'sweep' if name in swept else 'hparams'}.{name}"
      _check_number(where, name, value, positive)


def _swept(sweep, allowed: tuple[str, ...]) -> dict[str, list]:
  """Name -> its values, of every swept name; joint ones taken apart."""
  swept: dict[str, list] = {}
  for names, values in sweep.items():
    listed = names.split(",")
    for name in listed:
      _check_swept(name, names, allowed)
    if not isinstance(values, tuple | list):
      raise ValueError(
        f"sweep.{names}: {values!r} found, a tuple expected, such as"
        f" ({values!r},)"
      )
    rows = [v if len(listed) > 1 else (v,) for v in values]
    for row in rows:
      if not isinstance(row, tuple | list) or len(row) != len(listed):
        raise ValueError(
          f"sweep.{names}: {row!r} found, a tuple of {len(listed)} numbers"
          " expected"
        )
    for name, column in zip(listed, zip(*rows, strict=True), strict=False):
      if name in swept:
        raise ValueError(
          f"sweep.{names}: {name!r} is swept twice; sweep it under one name"
        )
      swept[name] = list(column)
    repeated = [v for i, v in enumerate(values) if v in values[:i]]
    if repeated:
      raise ValueError(
        f"sweep.{names}: {repeated[0]!r} is given twice; both lanes would be"
        " the same model"
      )
  return swept


def _check_seed(seed: Any) -> None:
  whole = isinstance(seed, int) and not isinstance(seed, bool)
  if not whole or not 0 <= seed < 2**32:
    raise ValueError(
      f"sweep.seed: {seed!r} found, whole numbers from 0 to {2**32 - 1}"
      " expected"
    )


def _check_swept(name: str, names: str, allowed: tuple[str, ...]) -> None:
  if name not in (*allowed, "seed"):
    raise ValueError(
      f"sweep.{names}: {name!r} can't be swept; a sweep changes only the traced"
      f" numbers {_listed((*allowed, 'seed'))}; a static field needs a run of"
      f" its own{_nearest(name, allowed)}"
    )


def _check_number(field: str, name: str, value: Any, positive: set) -> None:
  bound, allowed = "a finite number", lambda value: True
  if name in NON_NEGATIVE:
    bound, allowed = "a number, 0 or above", lambda value: value >= 0
  if name in positive:
    bound, allowed = "a number above 0", lambda value: value > 0
  number = isinstance(value, int | float) and not isinstance(value, bool)
  if not number or not abs(value) < FLOAT32_MAX or not allowed(value):
    raise ValueError(f"{field}: {value!r} found, {bound} expected")


def _get(config, field: str):
  for name in field.split("."):
    config = config[name]
  return config


def _at_least(field: str, value: Any, least: int) -> None:
  if not isinstance(value, int) or value < least:
    raise ValueError(
      f"{field}: {value!r} found, a whole number from {least} on expected"
    )


def _one_of(field: str, value: Any, allowed: Iterable[str]) -> None:
  if value not in allowed:
    raise ValueError(
      f"{field}: {value!r} found, one of {_listed(allowed)}"
      f" expected{_nearest(value, allowed)}"
    )


def _listed(names: Iterable[str]) -> str:
  return ", ".join(names)


def _nearest(name: Any, allowed: Iterable[str]) -> str:
  close = difflib.get_close_matches(str(name), list(allowed), 1)
  return f"; did you mean {close[0]!r}?" if close else ""
