"""Every experiment file, in every profile it documents, passes the check."""

import importlib.util
import re
from pathlib import Path

import pytest

from dvae_jax import checks, data, rundir
from dvae_jax.methods import OBJECTIVES
from dvae_jax.train import loop, training

FOLDER = Path(__file__).parents[1] / "experiments"
# Studies are of several runs: tests/studies/test_plan.py reads theirs, and
# tests/studies/test_claims.py those of claims.
STUDIES = {*FOLDER.glob("study_*.py"), *FOLDER.glob("claim*.py")}
FILES = sorted(set(FOLDER.glob("*.py")) - STUDIES)
COMMAND = re.compile(
  r"    python -m dvae_jax\.main --config=experiments/(\w+)\.py(?::(\w+))?\n"
)


def module(path):
  spec = importlib.util.spec_from_file_location(path.stem, path)
  loaded = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(loaded)
  return loaded


def documented(path):
  """Profiles in the docstring's commands; "" is the reference protocol."""
  return [profile for _, profile in COMMAND.findall(path.read_text())]


CASES = [(path, profile) for path in FILES for profile in documented(path)]


@pytest.mark.parametrize(
  ("path", "profile"), CASES, ids=lambda value: getattr(value, "stem", value)
)
def test_experiment_passes_the_check(path, profile):
  checks.check(module(path).get_config(profile))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiment_documents_its_commands(path):
  text = path.read_text()
  assert {name for name, _ in COMMAND.findall(text)} == {path.stem}
  assert {"", "quick"} <= set(documented(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_unknown_profiles_are_refused(path):
  with pytest.raises(ValueError, match=r"quik.*quick"):
    module(path).get_config("quik")


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_quick_profile_trains(path, tmp_path):
  if path.stem == "betavae_celeba":
    pytest.importorskip("skimage")  # brings the faces that stand in
  config = module(path).get_config("quick")
  config.train.steps = config.checkpoint.every = 20
  config.train.log_every = 10
  dataset = data.load(config.data)
  checks.check_dataset(config, dataset)
  setup = training.set_up(config, dataset)
  states = loop.train(config, setup, tmp_path)
  assert (states.diverged_at == -1).all()
  lines = rundir.read_jsonl(tmp_path / "metrics.jsonl")
  assert len(lines) == 2 * len(states.step)


def test_every_objective_has_an_experiment():
  used = {module(path).get_config().objective for path in FILES}
  # Variations, which their methods' files name.
  variations = {
    "covariance_vae_learned": "covariancevae_dsprites",
    "factor_vae_same_batch": "factorvae_dsprites",
    "ada_mlvae_averaged": "adamlvae_dsprites",
    "tripod_published": "tripod_dsprites",
    "s2_beta_vae_100": "s2betavae_dsprites",
  }
  assert used == set(OBJECTIVES) - set(variations)
  for name, stem in variations.items():
    text = next(path for path in FILES if path.stem == stem).read_text()
    assert name in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_run_trains_several_lanes(path):
  config = module(path).get_config()
  assert any(len(values) > 1 for values in config.sweep.values())


def test_published_strengths():
  # Table 2 of Locatello et al. 2019; betas 250 and 5 of Higgins et al. 2017.
  sweep = lambda name: module(FOLDER / f"{name}.py").get_config().sweep
  assert sweep("betavae_dsprites").beta == (1, 2, 4, 6, 8, 16)
  assert sweep("annealedvae_dsprites").capacity == (5, 10, 25, 50, 75, 100)
  assert sweep("factorvae_dsprites").gamma == (10, 20, 30, 40, 50, 100)
  assert sweep("betatcvae_dsprites").beta == (1, 2, 4, 6, 8, 10)
  lambdas = (1, 2, 5, 10, 20, 50)
  for name, factor in (("dipvaei_dsprites", 10), ("dipvaeii_dsprites", 1)):
    pairs = sweep(name)["lambda_od,lambda_d"]
    assert pairs == tuple((value, factor * value) for value in lambdas)
  assert max(sweep("betavae_celeba").beta) == 250
  assert max(sweep("betavae_chairs3d").beta) == 5
