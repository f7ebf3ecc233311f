"""The training of one lane, as pure functions: init, update, steps."""

import dataclasses
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import struct
from jax import Array

from dvae_jax.data.dataset import (
  Dataset,
  draw_indices,
  factors_of,
  sizes_of,
)
from dvae_jax.methods import models, objective
from dvae_jax.methods.build import build
from dvae_jax.methods.models import Model
from dvae_jax.methods.objective import Batch
from dvae_jax.train import optimizers, sweep


@struct.dataclass
class TrainState:
  """One lane, arrays only: stacked, donated, sharded and saved as it is.

  Attributes:
    step: () int32, updates made.
    params: {"encoder", "head", "decoder"}, the objective's own networks and,
      where it learns something, "likelihood".
    opt_state: of the optimizer.
    key: (2,) uint32; step t draws from fold_in(key, t).
    hparams: traced () float32 each.
    diverged_at: () int32, the step of the first non-finite loss, or -1; a
      diverged lane keeps its last finite parameters.
    memories: of the model's memories' owners, what they hold.
  """

  step: Array
  params: Any
  opt_state: Any
  key: Array
  hparams: dict[str, Array]
  diverged_at: Array
  memories: dict[str, Any] = struct.field(default_factory=dict)


class Setup(NamedTuple):
  """What is static in a run.

  Attributes:
    model: modules and functions.
    optimizer: of all modules.
    dataset: its arrays come traced beside it.
    batch_size: B.
    pair_changes: number of factors in which a pair differs; 0 draws it.
  """

  model: Model
  optimizer: optimizers.Optimizer
  dataset: Dataset
  batch_size: int
  pair_changes: int


def set_up(config, dataset: Dataset) -> Setup:
  """Puts together what a checked config names.

  Raises:
    ValueError: the network doesn't take the data set's images.
  """
  model = build(config, dataset.image_shape)
  return Setup(
    model,
    optimizers.build(config.train, model.objective.networks),
    dataset,
    config.train.batch_size,
    config.data.pair_changes,
  )


def init(setup: Setup, seed: int, hparams: dict[str, float]) -> TrainState:
  """The state of a new lane.

  Args:
    setup: static.
    seed: of the parameters, the batches and the noise.
    hparams: hyper-parameters as plain numbers.

  Returns:
    A TrainState at step 0.
  """
  key = jax.random.PRNGKey(seed)
  traced = {name: jnp.float32(value) for name, value in hparams.items()}
  params = init_params(
    setup.model,
    setup.dataset.image_shape,
    jax.random.fold_in(key, 2**32 - 1),
    traced,
  )
  return TrainState(
    step=jnp.int32(0),
    params=params,
    opt_state=setup.optimizer.init(params, traced),
    key=key,
    hparams=traced,
    diverged_at=jnp.int32(-1),
    memories={
      owner: memory.start(setup.model.latent_dim)
      for owner, memory in setup.model.memories.items()
    },
  )


def init_params(model: Model, image_shape, key, hparams) -> dict[str, Any]:
  """First parameters of every module, and of the likelihood if it has any.

  Encoder and head share a key: the names of their parameters differ, and so do
  their values.
  """
  own = model.objective.networks
  encoder_key, decoder_key, *own_keys = jax.random.split(key, 2 + len(own))
  images = jnp.zeros((1, *image_shape))
  z = jnp.zeros((1, model.latent_dim))
  head = model.modules["head"]
  params = {"encoder": model.modules["encoder"].init(encoder_key, images)}
  features = model.modules["encoder"].apply(params["encoder"], images)
  given = models.pick(type(head).__call__, hparams)
  params["head"] = head.init(encoder_key, features, **given)
  params["decoder"] = model.modules["decoder"].init(decoder_key, z)
  for own_key, (name, network) in zip(own_keys, own.items(), strict=True):
    inputs = network.inputs(images, z)
    params[name] = model.modules[name].init(own_key, *inputs)
  learned = model.likelihood.parameters
  if learned:
    params["likelihood"] = {n: jnp.float32(v) for n, v in learned.items()}
  return params


def init_lanes(setup: Setup, lanes: list[sweep.Lane]) -> TrainState:
  """The states of new lanes, stacked: NumPy arrays (L, ...)."""
  one = jax.jit(partial(init, setup))
  return sweep.stack([one(lane.seed, lane.hparams) for lane in lanes])


def lane_shapes(setup: Setup, lanes: list[sweep.Lane]) -> TrainState:
  """Shapes and types of `init_lanes`, without computing anything."""
  one = jax.eval_shape(partial(init, setup), 0, lanes[0].hparams)
  return jax.tree.map(
    lambda leaf: jax.ShapeDtypeStruct((len(lanes), *leaf.shape), leaf.dtype),
    one,
  )


def update(
  setup: Setup, state: TrainState, batch: Batch
) -> tuple[TrainState, dict[str, Array]]:
  """One step of the optimizer on one lane.

  Args:
    setup: static.
    state: of the lane.
    batch: images in [0, 1].

  Returns:
    The next state and the step's terms. A step whose loss or gradient isn't
    finite marks the lane as diverged; from then on it keeps its parameters.
  """
  loss, dataset = setup.model.objective.loss, setup.dataset
  context = {
    **state.hparams,
    "model": setup.model,
    "hparams": state.hparams,
    "step": state.step,
    "dataset_size": dataset.num_train or dataset.num_images,
    "memories": state.memories,
    "other": batch.other,
    "factors": batch.factors,
    "factor_sizes": sizes_of(dataset),
  }
  gradient, terms = jax.grad(loss, has_aux=True)(
    state.params,
    jax.random.fold_in(state.key, 2 * state.step + 1),
    batch,
    **models.pick(loss, context),
  )
  memories = terms.pop("memories", state.memories)
  finite = jnp.isfinite(terms["loss"]) & jnp.isfinite(optax.tree.norm(gradient))
  good = finite & (state.diverged_at < 0)
  updates, opt_state = setup.optimizer.update(
    gradient,
    state.opt_state,
    state.params,
    step=state.step,
    hparams=state.hparams,
  )
  keep = lambda new, old: jnp.where(good, new, old)
  return dataclasses.replace(
    state,
    step=state.step + 1,
    params=jax.tree.map(
      keep, optax.apply_updates(state.params, updates), state.params
    ),
    opt_state=jax.tree.map(keep, opt_state, state.opt_state),
    memories=jax.tree.map(keep, memories, state.memories),
    diverged_at=jnp.where(
      finite | (state.diverged_at >= 0), state.diverged_at, state.step
    ),
  ), terms


def draw_batch_indices(
  setup: Setup, key, step, arrays
) -> tuple[Array, Array | None]:
  """Indices of the images of one step: a pure function of lane key and step.

  Args:
    setup: static.
    key: the lane's.
    step: () int32.
    arrays: of the data set.

  Returns:
    The batch's indices, (B,) or (2B,) for pairs, and the second batch's (B,) or
    None.
  """
  method, dataset = setup.model.objective, setup.dataset
  key = jax.random.fold_in(key, 2 * step)
  if method.companions:
    return method.companions.draw(
      key, dataset, arrays, setup.batch_size, num_changed=setup.pair_changes
    ), None
  first, second = jax.random.split(key)
  indices = draw_indices(dataset, arrays, first, setup.batch_size)
  if objective.reads(method, "other"):
    return indices, draw_indices(dataset, arrays, second, setup.batch_size)
  return indices, None


def make_batch(
  setup: Setup,
  indices: tuple[Array, Array | None],
  streamed: tuple[Array, Array | None] | None,
  arrays,
  weights: Array | None,
) -> Batch:
  """What belongs to the images of one step.

  Args:
    setup: static.
    indices: from `draw_batch_indices`.
    streamed: their uint8 images where the data set is streamed; else None.
    arrays: of the data set.
    weights: (N,) sample weights, or None.

  Returns:
    The Batch, images in [0, 1].
  """
  dataset, method = setup.dataset, setup.model.objective

  def shown(which):
    if indices[which] is None:
      return None
    if streamed is None:
      return dataset.render(arrays, indices[which])
    return streamed[which].astype(jnp.float32) / 255.0

  return sweep.split_batch(
    Batch(
      shown(0),
      shown(1),
      None if weights is None else weights[indices[0]],
      factors_of(dataset, indices[0])
      if objective.reads(method, "factors")
      else None,
    )
  )


def zero_terms(setup: Setup, state: TrainState) -> dict[str, np.ndarray]:
  """Zeros in the shape of the terms that `update` returns for one lane."""
  dataset = setup.dataset

  def terms_of(state, arrays, weights):
    indices = draw_batch_indices(setup, state.key, state.step, arrays)
    black = lambda i: jnp.zeros((len(i), *dataset.image_shape), jnp.uint8)
    streamed = tuple(None if i is None else black(i) for i in indices)
    batch = make_batch(setup, indices, streamed, arrays, weights)
    return update(setup, state, batch)[1]

  shapes = jax.eval_shape(terms_of, state, dataset.arrays, dataset.weights)
  return jax.tree.map(lambda term: np.zeros(term.shape, term.dtype), shapes)


def run_steps(
  setup: Setup,
  lane: tuple[TrainState, dict[str, Array]],
  streamed: tuple[Array, Array | None] | None,
  shared: tuple[Any, Array | None, Array],
) -> tuple[TrainState, dict[str, Array]]:
  """Makes a traced number of steps with one lane.

  Args:
    setup: static.
    lane: the state, and the sums of the terms so far.
    streamed: where the data set is streamed, uint8 images (S, B, H, W, C) of
      the chunk of S steps that these are among, step t's at t mod S, and of
      their second batches or None.
    shared: the data set's arrays, its sample weights or None, and the number of
      steps, () int32.

  Returns:
    The state after the last step, and the sums with every step's terms added.
  """
  arrays, weights, num_steps = shared

  def step(_, lane):
    state, sums = lane
    indices = draw_batch_indices(setup, state.key, state.step, arrays)
    shown = jax.tree.map(lambda i: i[state.step % len(i)], streamed)
    batch = make_batch(setup, indices, shown, arrays, weights)
    state, terms = update(setup, state, batch)
    return state, jax.tree.map(jnp.add, sums, terms)

  return jax.lax.fori_loop(0, num_steps, step, lane)
