"""Python blocks of README.md that are marked `python test` run as they are."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from dvae_jax import config as configs
from dvae_jax import data, models, training
from dvae_jax.objectives import OBJECTIVES

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```python test\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def blocks(monkeypatch, tmp_path):
  """Runs every block, from an empty folder; registries are put back after."""
  found = BLOCK.findall(README.read_text())
  monkeypatch.chdir(tmp_path)
  before = dict(OBJECTIVES)
  for block in found:
    exec(compile(block, str(README), "exec"), {})
  yield found
  OBJECTIVES.clear()
  OBJECTIVES.update(before)


def test_a_new_objective_takes_ten_lines_and_trains(blocks):
  block = next(block for block in blocks if "OBJECTIVES[" in block)
  lines = [line for line in block.splitlines() if line and "import" not in line]
  assert len(lines) <= 10
  name = list(OBJECTIVES)[-1]
  config = tiny.get_config(name)
  config.sweep = {"seed": (0,)}
  names = models.hparam_names(OBJECTIVES[name])
  config.hparams = {name: 1.0 for name in names} | {"learning_rate": 1e-3}
  configs.check(config)
  dataset = data.load(config.data)
  model = models.build(config, dataset.image_shape)
  state = training.init(model, dataset.image_shape, 0, config.hparams)
  images = dataset.render(dataset.arrays, jnp.arange(16))
  update = jax.jit(
    lambda state: training.update(
      state, training.Batch(images), model=model, dataset_size=96
    )
  )
  losses = []
  for _ in range(20):
    state, terms = update(state)
    losses.append(float(terms["loss"]))
  assert np.isfinite(losses).all()
  assert losses[-1] < losses[0]
