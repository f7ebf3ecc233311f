"""Python blocks of README.md marked `python test`, run through the commands."""

import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import commands

from dvae_jax import data, rundir
from dvae_jax.metrics import METRICS, score

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"^```python test\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README.read_text())
# What trains the method on the data set and scores it by the metric.
CONFIG = """

def get_config(profile=""):
  from dvae_jax.config import base
  config = base()
  config.objective, config.network = "thrifty_vae", "mlp_small"
  config.data.name = "bars"
  config.hparams.beta, config.hparams.allowance = 1.0, 3.0
  config.train.steps = config.checkpoint.every = 200
  config.eval.metrics = ("spread", "mig")
  return config
"""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
  """All blocks in one experiment file, as a reader would paste them."""
  path = tmp_path_factory.mktemp("readme") / "recipes.py"
  path.write_text("\n".join(BLOCKS) + CONFIG)
  return path


@pytest.fixture(scope="module")
def trained(experiment):
  folder = experiment.parent / "run"
  commands.train(folder, experiment)
  return folder


@pytest.fixture
def registered(experiment):
  """The registries with the recipes' rows, as their file leaves them."""
  exec(compile(experiment.read_text(), str(experiment), "exec"), {})


def test_a_new_objective_takes_ten_lines():
  block = next(block for block in BLOCKS if "OBJECTIVES[" in block)
  lines = [line for line in block.splitlines() if line and "import" not in line]
  assert len(lines) <= 10


def test_the_recipes_train_evaluate_and_report(trained):
  lines = rundir.read_jsonl(trained / "metrics.jsonl")
  assert lines[-1]["loss"] < 0.9 * lines[0]["loss"]
  # beta max(KL - allowance, 0) lets the KL reach its allowance.
  assert lines[-1]["kl"] > 1.0
  (result,) = rundir.read_jsonl(trained / "results.jsonl")
  with np.load(trained / "codes.npz") as codes:
    deviations = codes["means"][0].std(0)
  wanted = deviations.min() / deviations.max()
  np.testing.assert_allclose(result["metrics"]["spread"], wanted, rtol=1e-4)
  assert "spread ↑" in (trained / "report.html").read_text()


def test_the_recipes_work_in_the_other_commands(trained, experiment, tmp_path):
  own, workdir = f"--register={experiment}", f"--workdir={trained}"
  with pytest.raises(SystemExit, match=f"'thrifty_vae' isn't reg.*{own}"):
    commands.run("dvae_jax.evaluate", workdir)
  commands.run("dvae_jax.evaluate", workdir, "--metrics=spread", own)
  picture = tmp_path / "traverse.png"
  commands.run("dvae_jax.show", "traverse", workdir, f"--out={picture}", own)
  assert picture.exists()
  commands.run("dvae_jax.report", workdir, own)
  codes = trained / "codes.npz"
  said = commands.run("dvae_jax.metrics", codes, "--metrics=spread", own)
  assert re.search(r"spread +0\.\d+", said)
  listed = commands.run("dvae_jax.data", "list", own)
  assert "bars: 256 images of 16 x 16 x 1" in listed


@pytest.mark.usefixtures("registered")
def test_the_data_set_is_a_grid_of_bars():
  dataset = data.load({"name": "bars"})
  images = dataset.render(dataset.arrays, jnp.arange(dataset.num_images))
  assert images.shape == (dataset.num_images, *dataset.image_shape)
  assert dataset.num_images == np.prod(dataset.factor_sizes)
  assert np.asarray(images[18]).sum() == 31  # a row and a column share a pixel


@pytest.mark.usefixtures("registered")
def test_the_metric_scores():
  codes = np.random.default_rng(0).normal(size=(50, 3)) * [1.0, 2.0, 4.0]
  factors = np.arange(50)[:, None] % 5
  found = score("spread", codes, factors, rng=np.random.default_rng(0))
  deviations = codes.std(0)
  assert found["spread"] == deviations.min() / deviations.max()
  assert METRICS["spread"].better == "high"
