"""What a command imports before it does anything, and what training needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "dvae_jax.main"]
EXPERIMENT = "--config=experiments/betavae_dsprites.py:quick"
# The package's dependencies that training does without; Flax and JAX bring
# Rich, SciPy and what they need.
OTHERS = (
  "PIL", "grain", "jaxtyping", "jinja2", "matplotlib", "scipy.stats", "sklearn",
  "tensorboardX", "tensorflow", "tensorflow_datasets", "threadpoolctl", "torch",
)  # fmt: skip
TRAIN = f"""
import sys
from pathlib import Path

sys.modules.update(dict.fromkeys({OTHERS!r}))
sys.path[:0] = ["tests"]
from helpers import tiny
from dvae_jax import checks, data, session
from dvae_jax.train import loop, training
session.set_up()
config = tiny.get_config()
checks.check(config)
dataset = data.load(config.data)
setup = training.set_up(config, dataset)
folder = Path(sys.argv[1])
settings = config.to_dict()
with session.opened(folder, settings, dataset) as folder:
  loop.train(config, setup, folder)
"""


def imported_by(arguments):
  """Packages that a command imports, and its exit status."""
  program = (
    "import runpy, sys\n"
    f"sys.argv = {['main', *arguments]!r}\n"
    "try:\n"
    "  runpy.run_module('dvae_jax.main', run_name='__main__')\n"
    "except SystemExit as end:\n"
    "  print('status', end.code)\n"
    "print('imported', *{name.partition('.')[0] for name in sys.modules})\n"
  )
  result = subprocess.run(
    [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT
  )
  return set(result.stdout.split("imported ")[-1].split()), result.stdout


@pytest.mark.parametrize("flag", ["--help", "--nonsense=3"])
def test_help_and_refused_flags_wait_for_no_library(flag):
  found, output = imported_by([flag])
  assert "status" in output
  assert not found & {"jax", "flax", "numpy", "matplotlib", "orbax"}


def test_a_refused_field_waits_for_nothing_that_only_a_run_needs():
  found, output = imported_by([EXPERIMENT, "--config.train.stepz=3"])
  assert "train.stepz" in output
  assert not found & {"orbax", *OTHERS} - {"jaxtyping"}
  assert "jax" in found  # the check knows the methods


def test_training_needs_neither_pictures_nor_tensorboard(tmp_path):
  result = subprocess.run(
    [sys.executable, "-c", TRAIN, str(tmp_path / "run")],
    capture_output=True,
    text=True,
    cwd=ROOT,
  )
  assert result.returncode == 0, result.stderr
  assert "tensorboardX isn't installed" in result.stderr
  assert (tmp_path / "run" / "metrics.jsonl").read_text().count("\n") > 1
  assert not (tmp_path / "run" / "tensorboard").exists()


def test_what_jax_compiles_is_logged_where_that_is_asked_for():
  program = (
    "from dvae_jax import session; session.set_up()\n"
    "import jax; jax.jit(lambda x: x + 1)(1.0)"
  )
  result = subprocess.run(
    [sys.executable, "-c", program],
    capture_output=True,
    text=True,
    cwd=ROOT,
    env={"JAX_LOG_COMPILES": "1", "PATH": "", "HOME": "/nonexistent"},
  )
  assert "Compiling" in result.stderr


@pytest.mark.slow
def test_a_run_compiles_few_programs(tmp_path):
  result = subprocess.run(
    [
      *COMMAND,
      EXPERIMENT,
      "--config.train.steps=100",
      "--config.checkpoint.every=100",
      "--config.eval.metrics=('mig',)",
      f"--workdir={tmp_path / 'run'}",
    ],
    capture_output=True,
    text=True,
    cwd=ROOT,
    env=os.environ | {"JAX_LOG_COMPILES": "1"},
  )
  assert result.returncode == 0, result.stderr[-2000:]
  assert 5 < result.stderr.count("Compiling jit") < 25
