"""The package as people install it: experiments come along, by their names."""

import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from dvae_jax import config, registration

ROOT = Path(__file__).parents[1]


def test_every_package_is_in_the_wheel():
  listed = tomllib.loads((ROOT / "pyproject.toml").read_text())
  files = (ROOT / "dvae_jax").rglob("__init__.py")
  there = {".".join(f.parent.relative_to(ROOT).parts) for f in files}
  setuptools = listed["tool"]["setuptools"]
  assert set(setuptools["packages"]) == there | {"dvae_jax.experiments"}
  assert setuptools["package-dir"] == {"dvae_jax.experiments": "experiments"}


def test_an_experiment_is_found_by_its_name(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  found = config.load("betavae_dsprites:quick")
  assert found.objective == "beta_vae"
  assert found.data.resolution == 32
  # A file of one's own comes first.
  Path("vae_mnist").write_text("")
  assert registration.find("vae_mnist") == Path("vae_mnist")
  for other in ("nothing", "vae_mnist.py", "a/vae_mnist"):
    assert registration.find(other) == Path(other)


@pytest.mark.slow
def test_the_wheel_trains_in_an_empty_environment(tmp_path):
  pip = [sys.executable, "-m", "pip"]
  wheel = [*pip, "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
  subprocess.run(wheel, check=True)
  (built,) = tmp_path.glob("*.whl")
  venv.create(tmp_path / "env", with_pip=True)
  python = tmp_path / "env" / "bin" / "python"
  install = [python, "-m", "pip", "install", "-q", str(built)]
  subprocess.run(install, check=True)
  command = [
    python, "-m", "dvae_jax.main", "--config=betavae_dsprites:quick",
    "--config.train.steps=20", "--config.checkpoint.every=20",
    "--config.train.log_every=20", "--config.eval.metrics=('mig',)",
  ]  # fmt: skip
  clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
  subprocess.run(command, check=True, cwd=tmp_path, env=clean)
  folder = tmp_path / "runs" / "betavae_dsprites_quick"
  assert (folder / "report.html").exists()
