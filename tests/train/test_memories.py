"""What lanes carry beside their parameters: alone, stacked, and resumed."""

import shutil

import jax
import numpy as np
import pytest
from helpers import tiny

from dvae_jax import data
from dvae_jax.train import loop, sweep, training

STEPS, BATCH = 40, 16  # of the tiny experiment
pytestmark = pytest.mark.usefixtures("compiled_quickly")


@pytest.fixture(scope="module", params=["bank_4096"])
def parts(request):
  """Config and setup of beta-TCVAE at two betas, with a memory."""
  config = tiny.get_config("beta_tcvae")
  config.estimator = request.param
  config.hparams.update(alpha=1.0, gamma=1.0)
  return config, training.set_up(config, data.load(config.data))


def train(parts, folder, **swept):
  config, setup = parts
  config = config.copy_and_resolve_references()
  config.sweep.update(swept)
  folder.mkdir(exist_ok=True)
  return loop.train(config, setup, folder)


@pytest.fixture(scope="module")
def whole(parts, tmp_path_factory):
  """The folder of both lanes, trained in one go, and their last states."""
  folder = tmp_path_factory.mktemp("whole")
  return folder, train(parts, folder)


def test_a_memory_holds_every_past_posterior(whole):
  _, states = whole
  bank = states.memories["estimator"]
  filled = np.isfinite(bank.logvar).all(axis=2).sum(axis=1)
  assert filled.tolist() == [STEPS * BATCH] * 2


def test_a_lane_with_a_memory_equals_the_same_lane_alone(
  parts, whole, tmp_path
):
  _, both = whole
  assert sweep.grid(parts[0].sweep, {})[1].hparams == {"beta": 4.0}
  alone = train(parts, tmp_path / "alone", beta=(4.0,))
  close = lambda a, b: np.testing.assert_allclose(
    a[0], b[1], rtol=1e-4, atol=1e-5
  )
  jax.tree.map(close, alone.params, both.params)
  jax.tree.map(close, alone.memories, both.memories)


def test_a_resumed_run_with_a_memory_is_the_uninterrupted_one(
  parts, whole, tmp_path
):
  folder, states = whole
  shutil.copytree(folder, tmp_path / "killed")
  shutil.rmtree(tmp_path / "killed" / "checkpoints" / str(STEPS))
  resumed = train(parts, tmp_path / "killed")
  jax.tree.map(np.testing.assert_array_equal, resumed, states)
