"""Python blocks of README.md that are marked `python test` run as they are."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import tiny

from dvae_jax import config as configs
from dvae_jax import data
from dvae_jax.methods import models
from dvae_jax.methods.objectives import OBJECTIVES
from dvae_jax.metrics import METRICS, score
from dvae_jax.train import training

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```python test\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def blocks(monkeypatch, tmp_path):
  """Runs every block, from an empty folder; registries are put back after."""
  found = BLOCK.findall(README.read_text())
  monkeypatch.chdir(tmp_path)
  registries = (OBJECTIVES, data.DATASETS, METRICS)
  before = [dict(registry) for registry in registries]
  for block in found:
    exec(compile(block, str(README), "exec"), {})
  yield found
  for registry, entries in zip(registries, before, strict=True):
    registry.clear()
    registry.update(entries)


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


@pytest.mark.usefixtures("blocks")
def test_a_new_data_set_loads():
  dataset = data.load({"name": list(data.DATASETS)[-1]})
  images = dataset.render(dataset.arrays, jnp.arange(dataset.num_images))
  assert images.shape == (dataset.num_images, *dataset.image_shape)
  assert dataset.num_images == np.prod(dataset.factor_sizes)
  assert np.asarray(images[18]).sum() == 31  # a row and a column share a pixel


@pytest.mark.usefixtures("blocks")
def test_a_new_metric_scores():
  name = list(METRICS)[-1]
  codes = np.random.default_rng(0).normal(size=(50, 3)) * [1.0, 2.0, 4.0]
  factors = np.arange(50)[:, None] % 5
  found = score(name, codes, factors, rng=np.random.default_rng(0))
  deviations = codes.std(0)
  assert found[name] == deviations.min() / deviations.max()
