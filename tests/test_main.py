"""The whole program, as a process: killed, resumed, refused, refined."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

import dvae_jax

ROOT = Path(__file__).parents[1]
TINY = f"--config={ROOT / 'tests' / 'helpers' / 'tiny.py'}"


def start(workdir, *flags):
  command = [sys.executable, "-m", "dvae_jax.main", f"--workdir={workdir}"]
  return subprocess.Popen(
    [*command, TINY, *flags],
    cwd=ROOT,
    env=os.environ | {"JAX_PLATFORMS": "cpu"},
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
  "moments", [(50,), pytest.param((50, 1300, 2600), marks=pytest.mark.slow)]
)
def test_killed_run_resumes_bit_for_bit(tmp_path, moments):
  flags = (
    "--config.train.steps=4000",
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


def test_finished_run_is_left_alone_but_reported_again(tmp_path):
  assert finish(tmp_path)[0] == 0
  kept = {p: p.read_bytes() for p in tmp_path.glob("*.json*")}
  (tmp_path / "report.html").unlink()
  code, error = finish(tmp_path)
  assert code == 0, error
  assert {p: p.read_bytes() for p in tmp_path.glob("*.json*")} == kept
  assert (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
  ("flag", "words"),
  [
    ("--config.train.stepz=3", 'Did you mean "steps" instead of "stepz"'),
    (
      "--config.sweep.latent_dim=(5,)",
      "sweep.latent_dim: the config has no field",
    ),
    ("--config.train.batch_size=1000", "train.batch_size: 1000 found"),
    ("--config.data.resolution=24", "resolution"),
  ],
)
def test_bad_input_is_refused_without_touching_a_file(tmp_path, flag, words):
  workdir = tmp_path / "run"
  code, error = finish(workdir, flag)
  assert code != 0
  assert words in error
  assert not workdir.exists()
