"""Studies end the same whoever does them, in whatever order and pieces."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import dying, tiny

from dvae_jax import arrays, measuring, rundir, studies
from dvae_jax.studies import worker

TESTS = Path(__file__).parents[1]


def runs():
  found = {}
  for name, method in (("small", "beta_vae"), ("plain", "vae")):
    config = found[name] = tiny.get_config()
    config.objective = method
    config.sweep = {"seed": (0, 1)}
    if method == "beta_vae":
      config.sweep.beta = (1.0, 4.0)
    config.eval.metrics = ("mig",)
  return found


def study():
  return studies.plan(studies.Study(runs(), lanes=2), "study.py")


def lines(folder):
  found = {}
  for part in study().parts:
    path = folder / part.name / rundir.RESULTS
    found[part.name] = path.read_text() if path.exists() else ""
  return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  folder = tmp_path_factory.mktemp("study")
  found = studies.work(study(), folder)
  assert [state.name for state in found] == ["done"] * 3
  return folder


def test_every_lane_has_a_result(whole):
  text = "".join(lines(whole).values())
  results = [json.loads(line) for line in text.splitlines()]
  assert len(results) == 6
  assert all(line["metrics"]["mig"] is not None for line in results)
  assert "| all | 6 | 0 | 0 | 0 | 0 |" in studies.table(study(), whole)


def do_slice(folder, which):
  studies.work(study(), folder, which=which)


@pytest.mark.slow
def test_slices_side_by_side_give_the_same_results(whole, tmp_path):
  spawn = multiprocessing.get_context("spawn")
  processes = [
    spawn.Process(target=do_slice, args=(tmp_path, f"{i}/3")) for i in (1, 2, 3)
  ]
  for process in processes:
    process.start()
  for process in processes:
    process.join()
    assert process.exitcode == 0
  assert lines(tmp_path) == lines(whole)


def test_a_process_that_dies_measuring_costs_its_own_part_at_most(
  whole, tmp_path, monkeypatch, capfd
):
  folder, (one, two, three) = tmp_path / "study", study().parts
  shutil.copytree(whole, folder)
  for part, name in ((one, dying.ONCE), (two, dying.ALWAYS)):
    codes = arrays.read(folder / part.name / rundir.CODES)["means"]
    np.save(tmp_path / name, codes[1])
  for part in (one, two, three):
    (folder / part.name / rundir.RESULTS).unlink()
  monkeypatch.setenv("DYING", str(tmp_path))
  monkeypatch.setattr(measuring, "measure", dying.measure_or_die)
  found = studies.work(study(), folder)
  assert [state.name for state in found] == ["done", "failed", "done"]
  assert found[1].reason.endswith("type the same command to go on")
  assert not (tmp_path / dying.ONCE).exists()
  assert "Traceback" not in capfd.readouterr().err
  (tmp_path / dying.ALWAYS).unlink()
  studies.work(study(), folder)
  assert lines(folder) == lines(whole)


def test_what_is_done_is_left_alone(whole, monkeypatch):
  before = lines(whole)
  monkeypatch.setattr(worker.loop, "train", None)  # would be called
  assert {s.name for s in studies.work(study(), whole)} == {"done"}
  assert lines(whole) == before


def test_a_failed_part_has_its_reason_and_stops_nobody(tmp_path, monkeypatch):
  train = worker.loop.train

  def failing(config, setup, folder, **options):
    if "small/seeds_0-0" in str(folder):
      raise MemoryError("no room for 3 GiB")
    return train(config, setup, folder, **options)

  monkeypatch.setattr(worker.loop, "train", failing)
  found = [state.name for state in studies.work(study(), tmp_path)]
  assert found == ["failed", "done", "done"]
  table = studies.table(study(), tmp_path)
  assert "| small | 2 | 0 | 2 | 0 | 0 |" in table
  assert "small/seeds_0-0: MemoryError: no room for 3 GiB" in table
  monkeypatch.setattr(worker.loop, "train", train)
  assert {s.name for s in studies.work(study(), tmp_path)} == {"done"}
  assert not list(tmp_path.glob(f"*/*/{worker.FAILED}"))


@pytest.mark.slow
def test_a_part_in_other_hands_is_left_to_them(tmp_path):
  part = study().parts[0]
  folder = tmp_path / part.name
  with rundir.locked(folder):
    found = [state.name for state in studies.work(study(), tmp_path)]
    assert found == ["running", "done", "done"]
  assert studies.state(part, tmp_path).name == "left"  # its holder died


@pytest.mark.parametrize("which", ["3", "0/2", "3/2", "a/b"])
def test_a_slice_that_is_none_is_refused(tmp_path, which):
  with pytest.raises(ValueError, match="--slice"):
    studies.work(study(), tmp_path, which=which)


def test_slices_hold_every_part_once():
  parts = study().parts
  found = [p for i in (1, 2, 3) for p in worker.sliced(parts, f"{i}/3")]
  assert sorted(p.name for p in found) == sorted(p.name for p in parts)


STUDY_FILE = """
import sys
sys.path[:0] = [{tests!r}]
from studies.test_worker import runs
from dvae_jax.studies import Study

def get_study(profile=""):
  return Study(runs(), lanes=2)
"""


def test_a_flag_asks_for_further_metrics(whole, tmp_path):
  file = tmp_path / "study.py"
  file.write_text(STUDY_FILE.format(tests=str(TESTS)))
  command = [
    *(sys.executable, "-m", "dvae_jax.study", "status", f"--config={file}"),
    f"--workdir={whole}",
  ]
  for more, counts in (
    ([], "6 | 0 | 0 | 0"),
    (["--metrics=sap"], "0 | 0 | 0 | 6"),
  ):
    said = subprocess.run(
      [*command, *more], check=True, capture_output=True, text=True
    )
    assert f"| all | {counts} | 0 |" in said.stdout


@pytest.mark.slow
def test_ten_kills_change_no_result(whole, tmp_path):
  file = tmp_path / "study.py"
  file.write_text(STUDY_FILE.format(tests=str(TESTS)))
  command = [
    *(sys.executable, "-m", "dvae_jax.study", "run", f"--config={file}"),
    f"--workdir={tmp_path / 'study'}",
  ]
  rng, kills = np.random.default_rng(), 0
  while True:
    process = subprocess.Popen(command, start_new_session=True)
    try:
      process.wait(None if kills == 10 else rng.uniform(4, 25))
    except subprocess.TimeoutExpired:
      os.killpg(process.pid, signal.SIGKILL)
      process.wait()
      kills += 1
    else:
      assert process.returncode == 0
      break
  assert kills > 2
  assert lines(tmp_path / "study") == lines(whole)
