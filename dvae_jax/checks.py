"""Checks of a config that name the bad field, before anything is compiled."""

import contextlib
import difflib
import math
from collections.abc import Iterable
from typing import Any

import jax

from dvae_jax import data, memory, schema
from dvae_jax.config import base
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import LIKELIHOODS, OBJECTIVES, build
from dvae_jax.methods.estimators import ESTIMATORS
from dvae_jax.metrics import single_model
from dvae_jax.networks import NETWORKS, RELUS
from dvae_jax.train import optimizers, sweep, training

# Fields that name a row of a registry.
REGISTRIES: dict[str, Iterable[str]] = {
  "objective": OBJECTIVES,
  "network": NETWORKS,
  "likelihood": LIKELIHOODS,
  "estimator": ESTIMATORS,
  "train.dtype": ("float32", "bfloat16"),
  "train.relu": RELUS,
  "train.optimizer": optimizers.OPTIMIZERS,
  "train.clip": optimizers.CLIPS,
  "train.schedule": optimizers.SCHEDULES,
  "data.name": data.DATASETS,
}
LISTED = 110  # characters of the names that a sentence lists
MOST_LANES = 10**6  # of a run; what memory allows is checked beside it


def check(config) -> None:
  """Checks every field that can be checked without loading the data.

  Args:
    config: as an experiment file returned it, with overrides.

  Raises:
    ValueError: names the field, the value found and the values allowed.
  """
  check_trained(config)
  for name in config.eval.metrics:
    _one_of("eval.metrics", name, single_model())


def check_trained(config) -> None:
  """As `check`, but for which metrics there are.

  A run is loaded without what registers the metrics that it was measured by.
  """
  fields = config.to_dict()
  _check_fields(fields, base().to_dict())
  schema.check_values(fields)
  for field, known in REGISTRIES.items():
    _one_of(field, schema.value_of(fields, field), known)
  if config.checkpoint.every % config.train.log_every:
    raise ValueError(
      f"checkpoint.every: {config.checkpoint.every} found, a multiple of"
      f" train.log_every = {config.train.log_every} expected"
    )
  _check_hparams(config)
  if num_lanes(config) > MOST_LANES:
    raise ValueError(
      f"sweep: {num_lanes(config):,} lanes found, at most {MOST_LANES:,}"
      " allowed"
    )


def num_lanes(config) -> int:
  """How many lanes a sweep has, without listing them."""
  return math.prod(len(values) for values in config.sweep.values() if values)


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
  check_stride(config.eval.stride, dataset)
  companions = OBJECTIVES[config.objective].companions
  if companions:
    try:
      companions.check(dataset, config.data.pair_changes)
    except ValueError as error:
      raise ValueError(
        f"objective: {config.objective!r} can't be trained on these images:"
        f" {error}"
      ) from error


def check_stride(stride, dataset: Dataset) -> None:
  """Refuses an eval.stride that doesn't fit the data set.

  Args:
    stride: () or one whole number a factor.
    dataset: loaded.
  """
  field, sizes = schema.FIELDS["eval.stride"], dataset.factor_sizes
  if not schema.fits(field, stride) or len(stride) not in (0, len(sizes)):
    raise ValueError(
      f"eval.stride: {schema.shown(stride)} found, () or one whole number from"
      f" 1 on for each factor of {dataset.factor_names[:12]} expected"
    )


def check_size(config, setup: training.Setup) -> None:
  """Refuses a run whose arrays alone don't fit into memory.

  The estimate is low: activations aren't in it.

  Args:
    config: checked.
    setup: of the same.

  Raises:
    ValueError: names the field that needs the most, how much, and how much
      there is.
  """
  lane = sum(
    math.prod(leaf.shape) * leaf.dtype.itemsize
    for leaf in jax.tree.leaves(training.lane_shapes(setup, _one(config)))
  )
  lanes, pixels = num_lanes(config), math.prod(setup.dataset.image_shape)
  needs = {
    "latent_dim": 2 * lane,  # as trained, and a copy to be saved
    "sweep": 2 * lane * lanes,
    "train.batch_size": 4 * config.train.batch_size * pixels,
  }
  most = memory.available()
  for field, needed in needs.items():
    if needed > most:
      value = (
        schema.value_of(config, field)
        if field != "sweep"
        else f"{lanes:,} lanes"
      )
      raise ValueError(
        f"{field}: {value} found, which needs {memory.in_words(needed)} at"
        f" least where {memory.in_words(most)} are free"
      )


def _one(config) -> list[sweep.Lane]:
  """The first lane."""
  first = {names: values[:1] for names, values in config.sweep.items()}
  return sweep.grid(first, config.hparams)


def hparam_names(config) -> tuple[str, ...]:
  """Names of all traced hyper-parameters that a config's run takes."""
  names = optimizers.hparam_names(config.train) + build.hparam_names(config)
  return tuple(dict.fromkeys(names))


def _check_fields(config: dict, known: dict, above: str = "") -> None:
  """Refuses fields that nothing would read: a misspelt one, most likely.

  What a hyper-parameter or a sweep may be called, `_check_hparams` knows.
  """
  for name in config:
    field = above + name
    if name not in known:
      raise ValueError(
        f"{schema.shown_name(field)}: the config has no such field, only"
        f" {_listed(known)}{_nearest(name, known)}"
      )
    if isinstance(known[name], dict):
      below = dict(schema.group_of(config, name))
      if field not in ("hparams", "sweep"):
        _check_fields(below, known[name], f"{field}.")


def _check_hparams(config) -> None:
  """Compares hparams and sweep with the objective's signature."""
  allowed = hparam_names(config)
  networks = OBJECTIVES[config.objective].networks
  rates = {network.rate for network in networks.values()}
  swept = _swept(config.sweep, allowed)
  for seed in swept.pop("seed", ()):
    schema.check_value("sweep.seed", schema.SEED, seed)
  for name in config.hparams:
    if name not in allowed:
      raise ValueError(
        f"hparams.{schema.shown_name(name)}: objective {config.objective!r}"
        f" doesn't take it; it takes {_listed(allowed)}"
        f"{_nearest(name, allowed)}"
      )
  for name in allowed:
    if name not in config.hparams and name not in swept:
      raise ValueError(
        f"hparams.{name}: missing; objective {config.objective!r} takes"
        f" {_listed(allowed)}"
      )
    field = schema.HPARAMS.get(name, schema.ANY_NUMBER)
    field = schema.HPARAMS["learning_rate"] if name in rates else field
    for value in swept.get(name, [config.hparams.get(name)]):
      where = f"{'sweep' if name in swept else 'hparams'}.{name}"
      schema.check_value(where, field, value)


def _swept(swept_by, allowed: tuple[str, ...]) -> dict[str, list]:
  """Name -> its values, of every swept name; joint ones taken apart."""
  swept: dict[str, list] = {}
  for names, values in swept_by.items():
    listed, field = names.split(","), f"sweep.{names}"
    if isinstance(values, tuple | list) and not values:
      continue  # empty = not swept
    for name in listed:
      _check_swept(name, names, allowed)
    if not isinstance(values, tuple | list):
      raise ValueError(
        f"{field}: {schema.shown(values)} found, a tuple expected, such as"
        f" ({schema.shown(values)},)"
      )
    rows = [v if len(listed) > 1 else (v,) for v in values]
    for row in rows:
      if not isinstance(row, tuple | list) or len(row) != len(listed):
        raise ValueError(
          f"{field}: {schema.shown(row)} found, a tuple of {len(listed)}"
          " numbers expected"
        )
    for name, column in zip(listed, zip(*rows, strict=True), strict=False):
      if name in swept:
        raise ValueError(
          f"{field}: {name!r} is swept twice; sweep it under one name"
        )
      swept[name] = list(column)
    _check_different(field, rows, joint=len(listed) > 1)
  return swept


def _check_different(field: str, rows: list, *, joint: bool) -> None:
  """Refuses a value that is there twice; what isn't numbers is left alone."""
  seen = set()
  with contextlib.suppress(TypeError):
    for row in map(tuple, rows):
      if row in seen:
        raise ValueError(
          f"{field}: {schema.shown(row if joint else row[0])} is given twice;"
          " both lanes would be the same model"
        )
      seen.add(row)


def _check_swept(name: str, names: str, allowed: tuple[str, ...]) -> None:
  if name not in (*allowed, "seed"):
    raise ValueError(
      f"sweep.{schema.shown_name(names)}: {schema.shown(name)} can't be swept;"
      f" only the traced numbers {_listed((*allowed, 'seed'))} can; a static"
      f" field needs a run of its own{_nearest(name, allowed)}"
    )


def _one_of(field: str, value: Any, allowed: Iterable[str]) -> None:
  if value not in allowed:
    raise ValueError(
      f"{field}: {schema.shown(value)} found, one of {_listed(allowed)}"
      f" expected{_nearest(value, allowed)}"
    )


def _listed(names: Iterable[str]) -> str:
  """Names, as many as a sentence holds."""
  found, rest = "", list(names)
  while rest and len(found) + len(rest[0]) < LISTED:
    found += f"{', ' if found else ''}{rest.pop(0)}"
  return f"{found} and {len(rest)} more" if rest else found


def _nearest(name: Any, allowed: Iterable[str]) -> str:
  close = difflib.get_close_matches(str(name)[:100], list(allowed), 1)
  return f"; did you mean {close[0]!r}?" if close else ""
