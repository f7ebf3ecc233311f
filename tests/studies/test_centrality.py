"""ModelCentrality in a study's results, without touching what is there."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from helpers import trained
from ml_collections import ConfigDict

import dvae_jax
from dvae_jax import results, rundir, runs, studies
from dvae_jax.metrics.model_centrality import Coder, model_centrality
from dvae_jax.studies import choosing, findings

SIZES = {"votes": 40, "group_size": 10}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  """A study of two parts of one run, evaluated."""
  root = tmp_path_factory.mktemp("study")
  fields = {"sweep.seed": (0, 1), "sweep.beta": (1.0, 4.0)}
  for seed in (0, 1):
    part = root / f"beta_vae/seeds_{seed}-{seed}"
    trained.make_evaluated(part, **fields | {"sweep.seed": (seed,)})
  config = ConfigDict(rundir.read_config(part)["config"])
  config.sweep.seed, config.sweep.beta = (0, 1), (1.0, 4.0)
  plan = studies.plan(studies.Study({"beta_vae": config}, lanes=2), "file.py")
  studies.hold_to(plan, root)
  return root


@pytest.fixture
def study(whole, tmp_path):
  """The same to write into."""
  return Path(shutil.copytree(whole, tmp_path / "study"))


def lines_of(study):
  parts = sorted(study.glob("beta_vae/*"))
  return [line for part in parts for line in results.evaluated(part)]


def test_lanes_of_all_parts_are_compared(study):
  before = lines_of(study)
  assert studies.add_centrality(study, **SIZES) == 4
  coders = []
  for part in sorted(study.glob("beta_vae/*")):
    run = runs.load_run(part)
    prior = lambda number, seed, run=run: run.prior(number, seed=seed)
    for lane in (0, 1):
      own = partial(run.decode, lane=lane), partial(run.encode, lane=lane)
      coders.append(Coder(prior, *own))
  expected = model_centrality(
    coders, rng=np.random.default_rng(0), num_votes=40, group_size=10
  )
  after = lines_of(study)
  for value, old, new in zip(expected, before, after, strict=True):
    assert new["metrics"].pop("model_centrality") == pytest.approx(value)
    told = new["details"].pop("model_centrality")["variant"]
    assert told == "lin2020, 4 models, 40 votes of 10 images"
    assert new == old


def test_it_is_measured_once_and_gathered_as_a_criterion(study, capsys):
  studies.add_centrality(study, **SIZES)
  assert studies.add_centrality(study, **SIZES) == 0
  assert "beta_vae: has it" in capsys.readouterr().err
  studies.gather([study], study / "kept")
  table = findings.table_of(dvae_jax.load_study(study / "kept").lanes)
  assert "model_centrality" in choosing.choices(table, "mig", samples=2)


def test_results_that_somebody_writes_are_left_to_them(study):
  before = lines_of(study)
  with (
    rundir.locked(study / "beta_vae/seeds_1-1"),
    pytest.raises(rundir.InUse, match="seeds_1-1"),
  ):
    studies.add_centrality(study, **SIZES)
  assert lines_of(study) == before


def test_what_cannot_be_compared_is_said(study, capsys):
  (study / "beta_vae/seeds_1-1" / rundir.RESULTS).unlink()
  assert studies.add_centrality(study, **SIZES) == 0
  assert "beta_vae: not evaluated yet" in capsys.readouterr().err
  with pytest.raises(ValueError, match="no study"):
    studies.add_centrality(study / "beta_vae", **SIZES)


def test_models_without_a_prior_are_left_out(tmp_path, capsys):
  made = tmp_path / "made"
  trained.make_evaluated(made, objective="autoencoder", **{"sweep.beta": ()})
  config = ConfigDict(rundir.read_config(made)["config"])
  plan = studies.plan(studies.Study({"plain": config}), "file.py")
  studies.hold_to(plan, tmp_path)
  (part,) = plan.parts
  shutil.copytree(made, tmp_path / part.name)
  assert studies.add_centrality(tmp_path, **SIZES) == 0
  assert "plain: its models have no prior" in capsys.readouterr().err
