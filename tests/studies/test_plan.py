"""A study file becomes parts; what doesn't fit is refused by name."""

import json

import pytest
from helpers import tiny

from dvae_jax import studies


def two_methods(lanes=4, seeds=(0, 1, 2), betas=(1.0, 4.0)):
  runs = {}
  for name in ("beta_vae", "again"):
    config = runs[name] = tiny.get_config()
    config.sweep.beta, config.sweep.seed = betas, seeds
    config.latent_dim = 3 if name == "again" else 4
  return studies.Study(runs, lanes)


def test_parts_hold_every_lane_once():
  plan = studies.plan(two_methods(), "file.py")
  names = [part.name for part in plan.parts]
  assert names == [
    f"{run}/seeds_{seeds}"
    for run in ("beta_vae", "again")
    for seeds in ("0-1", "2-2")
  ]
  assert [part.lanes for part in plan.parts] == [4, 2, 4, 2]
  seeds = [part.config.sweep.seed for part in plan.parts]
  assert seeds == [(0, 1), (2,)] * 2
  assert all(part.config.sweep.beta == (1.0, 4.0) for part in plan.parts)


@pytest.mark.parametrize(
  ("study", "words"),
  [
    (two_methods(lanes=1), "2 strengths found, at most lanes = 1"),
    (two_methods(lanes=0), "lanes: 0 found"),
    (two_methods(seeds=(0, 0)), "sweep.seed: 0 is given twice"),
    (studies.Study({"a/b": tiny.get_config()}), "'a/b' found, a folder's"),
  ],
)
def test_what_does_not_fit_is_refused(study, words):
  with pytest.raises(ValueError, match=words):
    studies.plan(study, "file.py")


@pytest.mark.parametrize(
  ("text", "words"),
  [
    (None, "is no Python file"),
    ("x = 1", "has no get_study"),
    ("def get_study(profile): return 3", "returned 'int'"),
  ],
)
def test_a_file_without_a_study_is_refused(tmp_path, text, words):
  path = tmp_path / "study.py"
  if text:
    path.write_text(text)
  with pytest.raises(ValueError, match=words):
    studies.load(str(path))


def test_a_run_given_twice_is_refused():
  runs = {name: tiny.get_config() for name in ("a", "b")}
  with pytest.raises(ValueError, match="'b' trains the models of 'a'"):
    studies.plan(studies.Study(runs), "file.py")


def test_a_changed_study_is_refused_by_field(tmp_path):
  studies.hold_to(studies.plan(two_methods(), "a.py"), tmp_path)
  written = (tmp_path / "study.json").read_text()
  assert len(set(json.loads(written)["parts"].values())) == 4
  changed = two_methods()
  changed.runs["again"].train.steps = 41
  with pytest.raises(
    ValueError, match=r"runs.again.train.steps was 40, now 41"
  ):
    studies.hold_to(studies.plan(changed, "a.py"), tmp_path)
  other = two_methods()  # evaluation may change
  other.runs["again"].eval.metrics = ("sap",)
  studies.hold_to(studies.plan(other, "a.py"), tmp_path)
  assert (tmp_path / "study.json").read_text() == written


def test_the_reference_study_is_the_papers():
  plan = studies.plan(studies.load("experiments/study_reference.py"), "")
  assert sum(part.lanes for part in plan.parts) == 12_600
  assert len({part.run for part in plan.parts}) == 42
  laptop = studies.load("experiments/study_reference.py:laptop")
  plan = studies.plan(laptop, "")
  assert sum(part.lanes for part in plan.parts) == 360
  quick = studies.load("experiments/study_reference.py:quick")
  assert sum(part.lanes for part in studies.plan(quick, "").parts) == 27
