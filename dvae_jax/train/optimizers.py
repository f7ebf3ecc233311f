"""Optax transformations with traced rates, and schedules of the rate.

Numbers are keyword-only arguments and traced hyper-parameters, so that all of
them can be swept; which transformation is used is static.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array

from dvae_jax.methods.models import keywords, pick
from dvae_jax.methods.objective import Network


class Optimizer(NamedTuple):
  """The optimizers of all modules of one lane.

  Attributes:
    init: (params, hparams) -> opt_state.
    update: (gradient, opt_state, params, *, step, hparams) -> (updates to be
      added to the parameters, opt_state).
  """

  init: Callable
  update: Callable


def adam() -> optax.GradientTransformation:
  """Adam, decay rates .9 and .999 (Kingma & Ba 2015, arXiv:1412.6980)."""
  return optax.scale_by_adam()


def adam_half() -> optax.GradientTransformation:
  """Adam, decay rates .5 and .999, as Radford et al. 2016 train GANs.

  arXiv:1511.06434, section 4.
  """
  return optax.scale_by_adam(b1=0.5)


def adamw(*, weight_decay: Array) -> optax.GradientTransformation:
  """Adam with decoupled weight decay, inside the rate and its schedule.

  Loshchilov & Hutter 2019 (arXiv:1711.05101), algorithm 2. Only what Flax calls
  a kernel decays: no bias, scale, codebook or parameter of a likelihood.
  """
  return _adamw(weight_decay, lambda module, name: name == "kernel")


def adamw_all_but_bias(*, weight_decay: Array) -> optax.GradientTransformation:
  """AdamW that decays normalisations' scales and constant inputs as well.

  As Hsu et al. 2023 (arXiv:2305.18378) train QLAE: no bias, codebook or
  parameter of a likelihood decays, everything else does.
  """
  return _adamw(
    weight_decay,
    lambda module, name: (
      module != "likelihood" and name not in ("bias", "codebook")
    ),
  )


def _adamw(weight_decay: Array, decays: Callable[[str, str], bool]):
  """AdamW; decays: (module, name of a parameter) -> whether it decays."""
  mask = lambda params: jax.tree_util.tree_map_with_path(
    lambda path, _: decays(path[0].key, path[-1].key), params
  )
  return optax.chain(
    optax.scale_by_adam(),
    optax.add_decayed_weights(weight_decay, mask=mask),
  )


def clip_value(*, clip: Array) -> optax.GradientTransformation:
  """Clips each component of the gradient to [-clip, clip]."""
  return optax.clip(clip)


def clip_norm(*, clip: Array) -> optax.GradientTransformation:
  """Shrinks the gradient to a norm of at most `clip`.

  Pascanu et al. 2013 (arXiv:1211.5063), algorithm 1; over encoder, head and
  decoder together.
  """
  return optax.clip_by_global_norm(clip)


def constant(step: Array) -> float:
  """The rate as it is."""
  return 1.0


def warmup(step: Array, *, warmup_steps: Array) -> Array:
  """Grows linearly to the rate in `warmup_steps`; the first isn't 0."""
  return jnp.minimum((step + 1) / jnp.maximum(warmup_steps, 1), 1.0)


def cosine(step: Array, *, num_steps: int) -> Array:
  """Falls from the rate to 0 along half a cosine.

  Loshchilov & Hutter 2017 (arXiv:1608.03983), eq. 5, without restarts.
  """
  return 0.5 * (1.0 + jnp.cos(jnp.pi * jnp.minimum(step / num_steps, 1.0)))


def warmup_cosine(step: Array, *, num_steps: int, warmup_steps: Array) -> Array:
  """`warmup` times `cosine`."""
  return cosine(step, num_steps=num_steps) * warmup(
    step, warmup_steps=warmup_steps
  )


OPTIMIZERS = {
  "adam": adam,
  "adam_half": adam_half,
  "adamw": adamw,
  "adamw_all_but_bias": adamw_all_but_bias,
}
CLIPS = {"none": optax.identity, "value": clip_value, "norm": clip_norm}
SCHEDULES = {
  "constant": constant,
  "warmup": warmup,
  "cosine": cosine,
  "warmup_cosine": warmup_cosine,
}


def build(train, networks: Mapping[str, Network]) -> Optimizer:
  """The optimizer that `config.train` names.

  Args:
    train: config.train.
    networks: the objective's own, with their own optimizers; the schedule holds
      for them too.

  Returns:
    The Optimizer, which holds no arrays.
  """
  own = {name: network.optimizer for name, network in networks.items()}
  rates = {name: network.rate for name, network in networks.items()}
  schedule = SCHEDULES[train.schedule]
  parts = CLIPS[train.clip], OPTIMIZERS[train.optimizer]

  def transformation(hparams):
    model = optax.chain(*(part(**pick(part, hparams)) for part in parts))
    labels = lambda params: {n: n if n in own else "model" for n in params}
    return optax.partition({"model": model, **own}, labels)

  def update(gradient, opt_state, params, *, step, hparams):
    updates, opt_state = transformation(hparams).update(
      gradient, opt_state, params
    )
    available = {**hparams, "num_steps": train.steps}
    share = schedule(step, **pick(schedule, available))

    def scaled(name, tree):
      rate = hparams[rates.get(name, "learning_rate")]
      return jax.tree.map(partial(jnp.multiply, -rate * share), tree)

    return {n: scaled(n, tree) for n, tree in updates.items()}, opt_state

  return Optimizer(
    lambda params, hparams: transformation(hparams).init(params), update
  )


def hparam_names(train: Any) -> tuple[str, ...]:
  """Names of the traced hyper-parameters that `config.train` asks for."""
  chosen: tuple[Any, ...] = (
    CLIPS[train.clip],
    OPTIMIZERS[train.optimizer],
    SCHEDULES[train.schedule],
  )
  names = [name for function in chosen for name in keywords(function)]
  return ("learning_rate", *(n for n in names if n != "num_steps"))
