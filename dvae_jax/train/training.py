"""The training of one lane, as pure functions: init, loss, update, steps."""

import dataclasses
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jax import Array

from dvae_jax.data.dataset import Dataset, draw_indices
from dvae_jax.data.sampling import pairs
from dvae_jax.methods.densities import gaussian_kl_per_latent
from dvae_jax.methods.models import Model, decode, encode, pick
from dvae_jax.train import sweep


@struct.dataclass
class TrainState:
  """One lane, arrays only: stacked, donated, sharded and saved as it is.

  Attributes:
    step: () int32, updates made.
    params: {"encoder", "decoder"} and, where the objective has one, "critic".
    opt_state: of the optimizer.
    key: (2,) uint32; step t draws from fold_in(key, t).
    hparams: traced () float32 each.
    diverged_at: () int32, the step of the first non-finite loss, or -1; a
      diverged lane keeps its last finite parameters.
  """

  step: Array
  params: Any
  opt_state: Any
  key: Array
  hparams: dict[str, Array]
  diverged_at: Array


class Batch(NamedTuple):
  """Images of one step: (B, H, W, C), or (2B, H, W, C) where pairs are stacked.

  `other` is a second batch or None; `weights` are (B,) sample weights or None.
  """

  images: Array
  other: Array | None = None
  weights: Array | None = None


def optimizer() -> optax.GradientTransformation:
  """Adam without its learning rate, which is traced and applied by the step.

  The critic's has the decay rates of Kim & Mnih 2018 (arXiv:1802.05983),
  appendix A.
  """
  return optax.partition(
    {
      "model": optax.scale_by_adam(),
      "critic": optax.scale_by_adam(b1=0.5, b2=0.9),
    },
    _labels,
  )


def _labels(params):
  return {k: "critic" if k == "critic" else "model" for k in params}


def init(
  model: Model, image_shape, seed: int, hparams: dict[str, float]
) -> TrainState:
  """The state of a new lane.

  Args:
    model: from `build`.
    image_shape: (H, W, C).
    seed: of the parameters, the batches and the noise.
    hparams: hyper-parameters as plain numbers.

  Returns:
    A TrainState at step 0.
  """
  key = jax.random.PRNGKey(seed)
  keys = jax.random.split(jax.random.fold_in(key, 2**32 - 1), 3)
  z = jnp.zeros((1, model.latent_dim))
  params = {
    "encoder": model.encoder.init(keys[0], jnp.zeros((1, *image_shape))),
    "decoder": model.decoder.init(keys[1], z),
  }
  if model.critic:
    params["critic"] = model.critic.init(keys[2], z)
  return TrainState(
    step=jnp.int32(0),
    params=params,
    opt_state=optimizer().init(params),
    key=key,
    hparams={name: jnp.float32(value) for name, value in hparams.items()},
    diverged_at=jnp.int32(-1),
  )


def init_lanes(
  model: Model, image_shape: tuple[int, int, int], lanes: list[sweep.Lane]
) -> TrainState:
  """The states of new lanes, stacked: NumPy arrays (L, ...)."""
  one = jax.jit(partial(init, model, image_shape))
  return sweep.stack([one(lane.seed, lane.hparams) for lane in lanes])


def loss(
  params, key, batch: Batch, step, hparams, *, model: Model, dataset_size: int
) -> tuple[Array, dict[str, Array]]:
  """mean_b w_b (reconstruction_b + penalty_b), in nats per image.

  Args:
    params: of a TrainState.
    key: JAX key of this step.
    batch: images in [0, 1].
    step: () int32.
    hparams: traced hyper-parameters.
    model: from `build`.
    dataset_size: number of training images.

  Returns:
    The loss, () float32, and the terms to log: () each, "kl_per_latent" (D,).
  """
  draw_key, other_key, penalty_key = jax.random.split(key, 3)
  objective = model.objective

  def draw(key, images):
    mean, logvar = encode(model, params, images)
    return objective.draw(key, mean, logvar, **pick(objective.draw, hparams))

  latents = draw(draw_key, batch.images)
  context = {
    **hparams,
    "step": step,
    "dataset_size": dataset_size,
    "estimator": model.estimator,
    "key": penalty_key,
  }
  if batch.other is not None:
    context["other"] = jax.lax.stop_gradient(draw(other_key, batch.other))
  if model.critic:
    context["critic"] = model.critic.apply
    context["critic_params"] = params["critic"]
  penalty, terms = objective.penalty(
    latents, **pick(objective.penalty, context)
  )
  logits = decode(model, params, latents.z)
  reconstruction = -model.log_prob(logits, batch.images)
  weights = 1.0 if batch.weights is None else batch.weights
  total = jnp.mean(weights * (reconstruction + penalty))
  terms = {"reconstruction": reconstruction, **terms}
  terms = {name: jnp.mean(term) for name, term in terms.items()}
  if objective.posterior != "deterministic":
    terms["kl_per_latent"] = jnp.mean(
      gaussian_kl_per_latent(latents.mean, latents.logvar), axis=0
    )
  return total, {"loss": total, **terms}


def update(
  state: TrainState, batch: Batch, *, model: Model, dataset_size: int
) -> tuple[TrainState, dict[str, Array]]:
  """One step of Adam on one lane.

  Args:
    state: of the lane.
    batch: images in [0, 1].
    model: from `build`.
    dataset_size: number of training images.

  Returns:
    The next state and the step's terms. A step whose loss or gradient isn't
    finite marks the lane as diverged; from then on it keeps its parameters.
  """
  key = jax.random.fold_in(state.key, 2 * state.step + 1)
  gradient, terms = jax.grad(loss, has_aux=True)(
    state.params,
    key,
    batch,
    state.step,
    state.hparams,
    model=model,
    dataset_size=dataset_size,
  )
  finite = jnp.isfinite(terms["loss"]) & jnp.isfinite(optax.tree.norm(gradient))
  good = finite & (state.diverged_at < 0)
  updates, opt_state = optimizer().update(
    gradient, state.opt_state, state.params
  )
  updates = {
    name: jax.tree.map(partial(jnp.multiply, -rate), updates[name])
    for name, rate in _learning_rates(state).items()
  }
  keep = lambda new, old: jnp.where(good, new, old)
  return dataclasses.replace(
    state,
    step=state.step + 1,
    params=jax.tree.map(
      keep, optax.apply_updates(state.params, updates), state.params
    ),
    opt_state=jax.tree.map(keep, opt_state, state.opt_state),
    diverged_at=jnp.where(
      finite | (state.diverged_at >= 0), state.diverged_at, state.step
    ),
  ), terms


def _learning_rates(state: TrainState) -> dict[str, Array]:
  return {
    name: state.hparams[
      "critic_learning_rate" if name == "critic" else "learning_rate"
    ]
    for name in state.params
  }


def draw_batch_indices(
  key,
  step,
  arrays,
  *,
  dataset: Dataset,
  model: Model,
  batch_size: int,
  pair_changes: int,
) -> tuple[Array, Array | None]:
  """Indices of the images of one step: a pure function of lane key and step.

  Returns:
    The batch's indices, (B,) or (2B,) for pairs, and the second batch's or
    None.
  """
  key = jax.random.fold_in(key, 2 * step)
  first, second = jax.random.split(key)
  indices = draw_indices(dataset, arrays, first, batch_size)
  if model.objective.batch == "pairs":
    indices = jnp.concatenate(
      pairs.draw_pairs(second, indices, dataset.factor_sizes, pair_changes)
    )
  if model.objective.batch == "two":
    return indices, draw_indices(dataset, arrays, second, batch_size)
  return indices, None


def zero_terms(
  state: TrainState, image_shape, *, model: Model
) -> dict[str, Array]:
  """Zeros in the shape of the terms that `update` returns for one lane."""
  images: Any = jax.ShapeDtypeStruct((2, *image_shape), jnp.float32)
  other = images if model.objective.batch == "two" else None
  _, terms = jax.eval_shape(
    partial(update, model=model, dataset_size=2),
    state,
    Batch(images, other),
  )
  return jax.tree.map(lambda term: jnp.zeros(term.shape, term.dtype), terms)


def run_steps(
  lane: tuple[TrainState, dict[str, Array]],
  streamed: Batch | None,
  shared: tuple[Any, Array | None, Array],
  *,
  model: Model,
  dataset: Dataset,
  batch_size: int,
  pair_changes: int,
) -> tuple[TrainState, dict[str, Array]]:
  """Makes a traced number of steps with one lane.

  Args:
    lane: the state, and the sums of the terms so far.
    streamed: uint8 images of the only step where the data set is streamed.
    shared: the data set's arrays, its sample weights or None, and the number of
      steps, () int32.
    model: from `models.build`.
    dataset: static; its arrays come in `shared`.
    batch_size: B.
    pair_changes: number of factors in which a pair differs.

  Returns:
    The state after the last step, and the sums with every step's terms added.
  """
  arrays, weights, num_steps = shared

  def images_of(step_state):
    if streamed is not None:
      scale = lambda images: images.astype(jnp.float32) / 255.0
      return jax.tree.map(scale, streamed)
    indices, other = draw_batch_indices(
      step_state.key,
      step_state.step,
      arrays,
      dataset=dataset,
      model=model,
      batch_size=batch_size,
      pair_changes=pair_changes,
    )
    assert dataset.render is not None
    return Batch(
      dataset.render(arrays, indices),
      None if other is None else dataset.render(arrays, other),
      None if weights is None else weights[indices],
    )

  def step(_, lane):
    state, sums = lane
    state, terms = update(
      state,
      images_of(state),
      model=model,
      dataset_size=dataset.num_train or dataset.num_images,
    )
    return state, jax.tree.map(jnp.add, sums, terms)

  return jax.lax.fori_loop(0, num_steps, step, lane)
