"""No step of any objective sees an image that a split holds out."""

import dataclasses
import inspect
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from golden import trajectory_cases as given

from dvae_jax import config as configs
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.sampling import splits
from dvae_jax.methods import OBJECTIVES
from dvae_jax.methods.models import keywords
from dvae_jax.methods.objective import LOSS_CONTEXT
from dvae_jax.train import training
from dvae_jax.train.optimizers import Optimizer

pytestmark = pytest.mark.usefixtures("compiled_quickly")
STEPS = 100
OWN = np.flatnonzero(np.arange(given.NUM_IMAGES) % 4 == 1)
SPLITS = {**given.SPLITS, "its own": {}}


def marked(config, split):
  """The grid with a split; images of one pixel are 1 where held out, else 0."""
  plain = Dataset(
    "marks",
    "rendered",
    (1, 1, 1),
    given.NUM_IMAGES,
    given.NAMES,
    given.SIZES,
    arrays=None,
    render=None,
    held_out=OWN if split == "its own" else None,
  )
  dataset = splits.apply(plain, config.data)
  marks = np.zeros(given.NUM_IMAGES, np.float32)
  marks[[] if dataset.held_out is None else dataset.held_out] = 1.0
  render = lambda _, indices: jnp.asarray(marks)[indices].reshape(-1, 1, 1, 1)
  return dataset._replace(render=render)


def counting(method):
  """The method with a loss that counts the images it is given."""

  def count(params, key, batch, *, dataset_size, **_):
    images = [i for i in (batch.images, batch.other) if i is not None]
    marks = jnp.concatenate(images)
    nothing = jnp.float32(0)
    return nothing, {
      "loss": nothing,
      "seen": jnp.float32(marks.size),
      "held out": marks.sum(),
      "dataset size": jnp.float32(dataset_size),
    }

  # The step gives it what the loss reads of a batch, and the number of images.
  keyword = inspect.Parameter.KEYWORD_ONLY
  read = {*keywords(method.loss)} & {*LOSS_CONTEXT} | {"dataset_size"}
  parameters = [inspect.Parameter(name, keyword) for name in sorted(read)]
  count.__signature__ = inspect.Signature(parameters)
  return method._replace(loss=count)


def count_seen(name, split):
  """The Setup, and the sums over steps of what the loss counted."""
  config = configs.base()
  config.objective, config.network = name, "mlp_small"
  config.train.batch_size = given.BATCH
  config.data.update(SPLITS[split])
  config.data.pair_changes = 1
  setup = training.set_up(config, marked(config, split))
  method = counting(setup.model.objective)
  setup = setup._replace(
    model=dataclasses.replace(setup.model, objective=method),
    optimizer=Optimizer(
      lambda *_: {}, lambda gradient, *_, **__: (gradient, {})
    ),
  )
  state = training.TrainState(
    step=jnp.int32(0),
    params={"no": jnp.float32(0)},
    opt_state={},
    key=jax.random.PRNGKey(0),
    hparams={},
    diverged_at=jnp.int32(-1),
  )
  zeros = training.zero_terms(setup, state)
  shared = setup.dataset.arrays, None, jnp.int32(STEPS)
  run = jax.jit(partial(training.run_steps, setup))
  return setup, run((state, zeros), None, shared)[1]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_steps_see_no_held_out_image(name, split):
  setup, sums = count_seen(name, split)
  assert sums["seen"] >= STEPS * given.BATCH
  assert sums["held out"] == 0
  held_out = setup.dataset.held_out
  number = given.NUM_IMAGES - (0 if held_out is None else len(held_out))
  assert sums["dataset size"] == STEPS * number
