"""The programs that a run compiles, lowered for devices that aren't there."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dvae_jax import encoding
from dvae_jax.networks import layers
from dvae_jax.train import sweep, training

BATCH = 64


def mesh_of(devices) -> Mesh:
  """A mesh that has lanes on every device."""
  return Mesh(np.array(devices)[:, None], (sweep.LANE, sweep.BATCH))


def on(mesh: Mesh, tree, *axes: str):
  """Shapes of a pytree, sharded over the mesh along its first axis or not."""
  split = NamedSharding(mesh, PartitionSpec(*axes))
  return jax.tree.map(
    lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=split),
    tree,
  )


def lane_shapes(config, setup: training.Setup, lanes: int):
  """Shapes of the stacked states and of the sums of their terms."""
  hparams = sweep.grid(config.sweep, config.hparams)[0].hparams
  init = partial(training.init, setup, 0, hparams)
  state = jax.eval_shape(init)
  terms = jax.eval_shape(partial(training.zero_terms, setup), state)
  stack = lambda x: jax.ShapeDtypeStruct((lanes, *x.shape), x.dtype)
  return jax.tree.map(stack, (state, terms))


def train_program(config, dataset, mesh: Mesh, lanes: int, lanes_per_call: int):
  """The program that the trainer runs."""
  setup = training.set_up(config, dataset)
  run = sweep.over_lanes(
    partial(training.run_steps, setup), mesh, lanes_per_call=lanes_per_call
  )
  placed = lane_shapes(config, setup, lanes)
  steps = jax.ShapeDtypeStruct((), jnp.int32)
  shared = (dataset.arrays, dataset.weights, steps)
  return run.lower(on(mesh, placed, sweep.LANE), None, on(mesh, shared))


def encode_program(config, dataset, mesh: Mesh, *_):
  """Evaluation's encoder, which takes one lane after another."""
  setup = training.set_up(config, dataset)
  states, _ = lane_shapes(config, setup, 1)
  state = jax.tree.map(
    lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), states
  )
  encode = partial(
    encoding.encode_batch, images=None, model=setup.model, dataset=dataset
  )
  indices = jax.ShapeDtypeStruct((encoding.BATCH,), jnp.int32)
  shapes = (state.params, state.hparams, indices)
  arrays = on(mesh, dataset.arrays)
  return jax.jit(encode).lower(*on(mesh, shapes), arrays=arrays)


def plain_flax(config, dataset, mesh: Mesh, lanes: int, lanes_per_call: int):
  """`train_program` with Flax's own convolutions and ReLU."""
  ours = layers.Conv, layers.ConvTranspose
  layers.Conv = lambda f, k: nn.Conv(f, (k, k), (2, 2))
  layers.ConvTranspose = lambda f, k: nn.ConvTranspose(f, (k, k), (2, 2))
  config = config.copy_and_resolve_references()
  config.train.relu = "mask"
  lowered = train_program(config, dataset, mesh, lanes, lanes_per_call)
  layers.Conv, layers.ConvTranspose = ours
  return lowered
