"""The whole program, as a process: killed, resumed, refused, refined."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

import dvae_jax
from dvae_jax import main, rundir

ROOT = Path(__file__).parents[1]
TINY = f"--config={ROOT / 'tests' / 'helpers' / 'tiny.py'}"
SIGMA = ROOT / "tests" / "strangers" / "sigma_vae.py"
# None of these is in the experiment file.
ADDED = (
  f"--register={SIGMA}",
  "--config.likelihood=sigma",
  "--config.train.optimizer=adamw",
  "--config.hparams.weight_decay=0.1",
  "--config.train.schedule=warmup",
  "--config.sweep.warmup_steps=(1.0,20.0)",
)

# A lane's bank of past posteriors must come back, too.
BANK = (
  "--config.objective=beta_tcvae",
  "--config.estimator=bank_4096",
  "--config.hparams.alpha=1.0",
  "--config.hparams.gamma=1.0",
)


def start(workdir, *flags, stdout=None):
  command = [sys.executable, "-m", "dvae_jax.main", f"--workdir={workdir}"]
  return subprocess.Popen(
    [*command, TINY, *flags],
    cwd=ROOT,
    env=os.environ | {"JAX_PLATFORMS": "cpu"},
    stdout=stdout,
    stderr=subprocess.PIPE,
    text=True,
  )


def finish(workdir, *flags):
  process = start(workdir, *flags)
  _, error = process.communicate(timeout=300)
  return process.returncode, error


def logged_step(workdir):
  path = workdir / "metrics.jsonl"
  lines = path.read_text().splitlines() if path.exists() else []
  return json.loads(lines[-2])["step"] if len(lines) > 1 else 0


@pytest.mark.parametrize(
  ("steps", "moments", "method"),
  [
    (1600, (50,), ()),
    pytest.param(4000, (50, 1300, 2600), (), marks=pytest.mark.slow),
    pytest.param(4000, (50, 1300), BANK, marks=pytest.mark.slow),
  ],
)
def test_killed_run_resumes_bit_for_bit(tmp_path, steps, moments, method):
  flags = (
    *method,
    f"--config.train.steps={steps}",
    "--config.train.log_every=25",
    "--config.checkpoint.every=100",
    "--config.eval.metrics=('mig',)",
  )
  code, error = finish(tmp_path / "whole", *flags)
  assert code == 0, error
  killed = tmp_path / "killed"
  chance = random.Random(time.time_ns())
  for low in moments:
    step = low + chance.randrange(1000)
    process = start(killed, *flags)
    while logged_step(killed) < step and process.poll() is None:
      time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (killed / "results.jsonl").exists(), "killed too late"
  code, error = finish(killed, *flags)
  assert code == 0, error
  assert "Resuming at step" in error
  for name in ("metrics.jsonl", "results.jsonl"):
    assert (killed / name).read_text() == (
      tmp_path / "whole" / name
    ).read_text()
  runs = [dvae_jax.load_run(tmp_path / name) for name in ("whole", "killed")]
  jax.tree.map(np.testing.assert_array_equal, *(run.states for run in runs))


@pytest.fixture(scope="module")
def said(tmp_path_factory):
  """A finished run's directory, and what it said where nobody looks on."""
  workdir = tmp_path_factory.mktemp("finished")
  process = start(workdir, *ADDED, stdout=subprocess.PIPE)
  output, error = process.communicate(timeout=300)
  assert process.returncode == 0, error
  return workdir, output, error


@pytest.fixture(scope="module")
def finished(said):
  return said[0]


def test_a_run_says_what_it_trains_and_ends_with_its_scores(said):
  workdir, output, error = said
  assert "\x1b" not in output + error
  assert error.splitlines()[0].startswith("beta_vae on dsprites (rendered), 96")
  assert "4 lanes (beta 1, 4 x warmup_steps 1, 20 x seed 0)" in error
  assert error.splitlines()[-1] == f"Report: {workdir / 'report.html'}"
  head, *rows, _, last = output.splitlines()
  assert head.split()[:2] == ["setting", "seeds"]
  assert len(rows) == 4
  assert rows[1].startswith("beta 1, warmup_steps 20  1  ")
  assert last == f"Run: {workdir}"


def test_hyper_parameters_are_added_on_the_command_line(finished):
  found = [r["hparams"] for r in rundir.read_jsonl(finished / rundir.RESULTS)]
  assert [h["warmup_steps"] for h in found] == [1.0, 20.0, 1.0, 20.0]
  assert all(h["weight_decay"] == pytest.approx(0.1) for h in found)


def test_a_file_registers_what_another_ones_config_names(finished):
  # Whoever evaluates the run is told to register that file.
  assert rundir.read_config(finished)["experiment"] == str(SIGMA)


def test_finished_run_is_left_alone_but_reported_again(finished):
  kept = {p: p.read_bytes() for p in finished.glob("*.json*")}
  (finished / "report.html").unlink()
  process = start(finished, *ADDED, "--quiet", stdout=subprocess.PIPE)
  # Quiet, so that a script reads nothing but where it is.
  assert process.communicate(timeout=300) == (f"{finished}\n", "")
  assert process.returncode == 0
  assert {p: p.read_bytes() for p in finished.glob("*.json*")} == kept
  assert (finished / "report.html").exists()


@pytest.mark.parametrize(
  ("flag", "words"),
  [
    ("--config.train.stepz=3", "train.stepz: the config has no such field"),
    ("--config.trian.steps=3", 'Did you mean "train" instead of "trian"'),
    ("--config.hparams.bata=3", "hparams.bata: .* did you mean 'beta'"),
    ("--config.sweep.latent_dim=(5,)", "sweep.latent_dim: .* can't be swept"),
    ("--tracker=mlflow", "--tracker: 'mlflow' found, one of none"),
    ("--register=none.py", "--register: none.py is no Python file"),
    ("--config.train.batch_size=1000", "train.batch_size: 1000 found"),
    ("--config.data.resolution=24", "resolution"),
  ],
)
def test_bad_input_is_refused_without_touching_a_file(tmp_path, flag, words):
  workdir = tmp_path / "run"
  code, error = finish(workdir, flag)
  assert code != 0
  assert re.search(words, error)
  assert not workdir.exists()


def test_an_experiment_is_run_from_python_as_by_the_command(monkeypatch):
  seen = []
  monkeypatch.setattr(
    main, "run", lambda config, path, workdir: seen.append((config, workdir))
  )
  monkeypatch.setattr("dvae_jax.runs.load_run", lambda folder: "loaded")
  file = str(ROOT / "tests" / "helpers" / "tiny.py")
  found = dvae_jax.run_experiment(
    file, workdir="here", train__steps=30, hparams__clip=1.0, train__clip="norm"
  )
  assert found == "loaded"
  ((config, workdir),) = seen
  assert (config.train.steps, config.hparams.clip) == (30, 1.0)
  assert workdir == "here"
  with pytest.raises(ValueError, match=r"train\.stepz: the config has no such"):
    dvae_jax.run_experiment(file, train__stepz=3)
