"""What holds for every objective once it trains."""

import dataclasses
from functools import cache, partial, wraps
from types import SimpleNamespace

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import tiny
from helpers.strengths import HPARAMS

from dvae_jax import data
from dvae_jax.config import base
from dvae_jax.methods import OBJECTIVES, models
from dvae_jax.networks import RELUS
from dvae_jax.networks.architectures import MLPDecoder, MLPEncoder
from dvae_jax.train import loop, sweep, training

BATCH = 16


class SmallCritic(nn.Module):
  """z (B, D) -> logit (B,): the six wide layers would take most of the time."""

  @nn.compact
  def __call__(self, z):
    return nn.Dense(1)(nn.leaky_relu(nn.Dense(32)(z)))[:, 0]


@cache
def tiny_dataset():
  """96 images, rendered once: what is tested here is the training."""
  dataset = data.load(tiny.get_config().data)
  images = jax.jit(dataset.render)(
    dataset.arrays, jnp.arange(dataset.num_images)
  )
  return dataset._replace(arrays=images, render=lambda images, i: images[i])


def set_up(name):
  """Setup and three lanes of one objective; the third will diverge."""
  config = tiny.get_config(name)
  config.sweep = {"seed": (0,)}
  config.hparams.update(HPARAMS[name])
  if name == "dc_ign" or name.startswith("s2_"):
    config.latent_dim = 5  # a latent for each factor
  config.data.pair_changes = 1
  setup = training.set_up(config, tiny_dataset())
  small = {
    "encoder": MLPEncoder((32,), nn.relu),
    "decoder": MLPDecoder((32,), setup.dataset.image_shape),
  }
  own = setup.model.objective.networks
  if "critic" in own:
    small["critic"] = SmallCritic()
  config.hparams.update({network.rate: 1e-3 for network in own.values()})
  model = dataclasses.replace(
    setup.model, modules={**setup.model.modules, **small}
  )
  (weak,) = sweep.grid(config.sweep, config.hparams)
  strong = {k: v if "rate" in k else 2 * v for k, v in weak.hparams.items()}
  doomed = {**weak.hparams, "learning_rate": 1e37}
  lanes = [weak, sweep.Lane(0, strong), sweep.Lane(0, doomed)]
  return setup._replace(model=model), lanes


def steps_of(setup, num_lanes):
  """(states, number of steps) -> states and means, all lanes vectorised."""
  dataset = setup.dataset
  mesh = sweep.device_mesh(1)
  run = sweep.over_lanes(
    partial(training.run_steps, setup), mesh, lanes_per_call=num_lanes
  )

  def call(states, num_steps):
    one = jax.tree.map(lambda leaf: leaf[0], states)
    zeros = training.zero_terms(setup, one)
    placed = sweep.place((states, sweep.stack([zeros] * num_lanes)), mesh)
    shared = dataset.arrays, dataset.weights, jnp.int32(num_steps)
    states, sums = run(placed, None, sweep.replicate(shared, mesh))
    states, sums = sweep.unplace((states, sums))
    return states, {key: value / num_steps for key, value in sums.items()}

  return call


@pytest.fixture(scope="module", params=OBJECTIVES)
def trained(request, compiled_quickly):
  """200 steps of three lanes, with what was seen on the way."""
  setup, lanes = set_up(request.param)
  method = setup.model.objective
  traces = []

  @wraps(method.loss)
  def counted(*batch, **context):
    traces.append(1)
    return method.loss(*batch, **context)

  model = dataclasses.replace(
    setup.model, objective=method._replace(loss=counted)
  )
  states = {0: training.init_lanes(setup, lanes)}
  call = steps_of(setup._replace(model=model), 3)
  means = {}
  for start, stop in ((0, 1), (1, 20), (20, 190), (190, 200)):
    states[stop], means[stop] = call(states[start], stop - start)
  return SimpleNamespace(
    setup=setup,
    lanes=lanes,
    states=states,
    means=means,
    traces=len(traces),
  )


def lane_of(states, lane):
  return jax.tree.map(lambda leaf: leaf[lane], states)


def close(actual, expected, rtol, atol):
  compare = partial(np.testing.assert_allclose, rtol=rtol, atol=atol)
  jax.tree.map(compare, actual, expected)


def test_strengths_share_one_trace(trained):
  # One for the shapes of the terms at each of four calls, one to compile.
  assert trained.traces == 4 + 1


def test_jit_equals_eager(trained):
  state = jax.tree.map(jnp.asarray, lane_of(trained.states[0], 1))
  setup, arrays = trained.setup, tiny_dataset().arrays
  indices = training.draw_batch_indices(setup, state.key, state.step, arrays)
  batch = training.make_batch(setup, indices, None, arrays, None)
  loss = setup.model.objective.loss
  context = {
    **state.hparams,
    "model": setup.model,
    "hparams": state.hparams,
    "step": state.step,
    "dataset_size": setup.dataset.num_images,
    "memories": state.memories,
    "other": batch.other,
    "factors": batch.factors,
    "factor_sizes": setup.dataset.factor_sizes,
  }
  key = jax.random.fold_in(state.key, 1)
  given = models.pick(loss, context)
  _, terms = loss(state.params, key, batch, **given)
  close(lane_of(trained.means[1], 1), terms, rtol=1e-4, atol=1e-5)


def test_lane_equals_the_same_lane_alone(trained):
  state = jax.tree.map(lambda leaf: leaf[1:2], trained.states[0])
  state, _ = steps_of(trained.setup, 1)(state, 20)
  params = lane_of(trained.states[20].params, 1)
  close(lane_of(state.params, 0), params, rtol=1e-4, atol=1e-4)


def test_200_steps_lower_the_loss(trained):
  # Of an adversarial method the players' losses may balance.
  adversarial = "recognition" in trained.means[1]
  name = "recognition" if adversarial else "loss"
  before, after = trained.means[1][name], trained.means[200][name]
  assert (after[:2] < 0.9 * before[:2]).all()


def test_diverged_lanes_stop_and_the_others_go_on(trained):
  assert trained.states[200].diverged_at.tolist() == [-1, -1, 1]
  assert trained.states[200].step.tolist() == [200, 200, 200]
  # Its loss stopped being finite at step 1: the parameters made by step 0 stay.
  kept = lane_of(trained.states[1].params, 2)
  last = lane_of(trained.states[200].params, 2)
  jax.tree.map(np.testing.assert_array_equal, last, kept)
  assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(last))
  for lane in (0, 1):
    assert np.isfinite(trained.means[200]["loss"][lane])
    moved = jax.tree.map(
      lambda a, b: np.any(a != b),
      lane_of(trained.states[200].params, lane),
      lane_of(trained.states[190].params, lane),
    )
    assert any(jax.tree.leaves(moved))


def test_sample_weights_scale_the_loss_of_each_image():
  setup, (lane, *_) = set_up("covariance_vae")
  images = tiny_dataset().arrays[:4]
  hparams = {**lane.hparams, "posterior_std": 1e-6}  # noise too small to see
  state = training.init(setup, 0, hparams)

  @jax.jit
  def loss(batch):
    return setup.model.objective.loss(
      state.params,
      state.key,
      batch,
      model=setup.model,
      hparams=state.hparams,
      step=state.step,
      dataset_size=96,
      memories={},
    )[0]

  each = [loss(training.Batch(images[i : i + 1])) for i in range(4)]
  weights = np.array([0.0, 1.0, 2.0, 0.5])
  weighted = loss(training.Batch(images, weights=jnp.asarray(weights)))
  np.testing.assert_allclose(
    weighted, np.mean(weights * np.array(each)), rtol=1e-4
  )


@pytest.mark.slow  # five minutes: 4,000 steps of a convolutional network
def test_both_relus_end_at_the_same_loss():
  config = base()
  config.network, config.sweep.beta = "conv_k4", (4.0,)
  dataset = data.load(config.data)
  lanes = sweep.grid(config.sweep, config.hparams)
  mesh, losses = sweep.device_mesh(1), {}
  for config.train.relu in RELUS:
    setup = training.set_up(config, dataset)
    states = training.init_lanes(setup, lanes)
    zeros = training.zero_terms(setup, lane_of(states, 0))
    placed = sweep.place((states, sweep.stack([zeros])), mesh)
    call = loop.compiled_steps(setup, mesh)
    states, before = call(placed, None, 1900)
    total = float(before["loss"][0])
    _, after = call((states, before), None, 100)
    losses[config.train.relu] = (float(after["loss"][0]) - total) / 100
  print(losses)
  assert losses["sign"] == pytest.approx(losses["mask"], rel=0.01)
