"""Ctrl-C and SIGTERM: what is under way is kept, and nothing else is lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from helpers import tiny

from dvae_jax import data, rundir, session, stopping
from dvae_jax.train import loop, training

ROOT = Path(__file__).parents[1]
PROGRAM = """
import sys, time
from dvae_jax import stopping
stopping.GRACE = 1.5
try:
  with stopping.listening():
    print("ready", flush=True)
    {body}
except stopping.Stopped as stopped:
  stopping.leave(stopped.signum, " at the end")
"""
DEFERRED = """
    with stopping.deferring():
      while not stopping.requested(): time.sleep(0.01)
      time.sleep(0.3)
      print("kept", flush=True)
    raise stopping.Stopped(stopping.requested())
"""
BUSY = """
    with stopping.deferring(): time.sleep(60)
"""


def run(body, *signals, pause=0.1):
  """Exit status, output and seconds of a program that gets signals."""
  process = subprocess.Popen(
    [sys.executable, "-c", PROGRAM.format(body=body.strip())],
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
    cwd=ROOT,
  )
  assert process.stdout.readline() == "ready\n"
  began = time.monotonic()
  for number in signals:
    time.sleep(pause)
    process.send_signal(number)
  output = process.communicate(timeout=30)[0]
  return process.returncode, output, time.monotonic() - began


@pytest.mark.parametrize(
  ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_what_is_deferred_is_finished(number, status):
  code, output, _ = run(DEFERRED, number)
  assert code == status
  assert "kept" in output
  assert "at the end; type the same command to go on" in output


def test_elsewhere_the_work_is_left_at_once():
  code, output, seconds = run("time.sleep(60)", signal.SIGTERM)
  assert (code, "kept" in output) == (143, False)
  assert seconds < 5


def test_a_second_signal_ends_it_at_once():
  code, output, seconds = run(BUSY, signal.SIGTERM, signal.SIGINT)
  assert code == 130
  assert "Stopped at once" in output
  assert seconds < 1.4


def test_when_the_grace_is_over_it_ends():
  code, output, seconds = run(BUSY, signal.SIGINT)
  assert code == 130
  assert "Stopped after 1.5 seconds" in output
  assert 1.5 < seconds < 6


def test_handlers_are_put_back():
  before = [signal.getsignal(number) for number in stopping.SIGNALS]
  with stopping.listening():
    assert signal.getsignal(signal.SIGTERM) not in before
  assert [signal.getsignal(number) for number in stopping.SIGNALS] == before
  assert not stopping.requested()


def train(folder, monkeypatch, calls=None):
  """Trains the tiny experiment; a signal comes during the n-th call."""
  config = tiny.get_config()
  config.train.steps_per_call = 3
  asked = iter(range(10**6))
  monkeypatch.setattr(
    stopping,
    "requested",
    lambda: signal.SIGTERM if calls and next(asked) >= calls else 0,
  )
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  with session.opened(folder, config.to_dict(), dataset):
    return loop.train(config, setup, folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  folder = tmp_path_factory.mktemp("whole")
  with pytest.MonkeyPatch.context() as patch:
    return folder, train(folder, patch)


@pytest.mark.parametrize(
  ("calls", "step"),
  # Calls end at 3, 6, 9, 10, 13, ...: 13 is between two lines, 30 is a line
  # without a checkpoint, 20 a line with one.
  [
    (4, 13),
    pytest.param(11, 30, marks=pytest.mark.slow),
    pytest.param(7, 20, marks=pytest.mark.slow),
  ],
)
def test_training_goes_on_where_it_was_stopped(
  tmp_path, monkeypatch, whole, calls, step
):
  with pytest.raises(stopping.Stopped):
    train(tmp_path, monkeypatch, calls)
  kept = {int(path.name) for path in (tmp_path / "checkpoints").iterdir()}
  assert max(kept) == step
  logged = rundir.read_jsonl(tmp_path / rundir.LOGGED)
  assert logged[-1]["step"] == step // 10 * 10
  found = train(tmp_path, monkeypatch)
  jax.tree.map(np.testing.assert_array_equal, found, whole[1])
  for name in (rundir.LOGGED, f"{rundir.CLOUDS}/40.npy"):
    assert (tmp_path / name).read_bytes() == (whole[0] / name).read_bytes()
  clouds = {path.name for path in (tmp_path / rundir.CLOUDS).iterdir()}
  assert clouds == {path.name for path in (whole[0] / rundir.CLOUDS).iterdir()}
  timings = rundir.read_jsonl(tmp_path / rundir.TIMINGS)
  assert sum(line["steps"] for line in timings) >= 40 - step % 10


TINY = f"--config={ROOT / 'tests' / 'helpers' / 'tiny.py'}"
LONG = (
  "--config.network=mlp_tiny",
  "--config.train.steps=40000",
  "--config.train.log_every=100",
  "--config.checkpoint.every=10000",
)
STUDY = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
from dvae_jax.studies import Study
from helpers import tiny
def get_study(profile=""):
  config = tiny.get_config()
  config.network, config.train.steps = "mlp_tiny", 40000
  config.checkpoint.every = 10000
  return Study({{"a": config}}, lanes=2)
"""


def start(module, *arguments):
  """A command of the package as a process."""
  return subprocess.Popen(
    [sys.executable, "-m", module, *arguments],
    cwd=ROOT,
    env=os.environ | {"JAX_PLATFORMS": "cpu"},
    stderr=subprocess.PIPE,
    text=True,
  )


def stop_in_training(process, folder, number):
  """Sends a signal once lines are logged: status, output, seconds."""
  path = folder / rundir.LOGGED
  while not path.exists() or path.stat().st_size < 5000:
    assert process.poll() is None, process.communicate()[1]
    time.sleep(0.05)
  began = time.monotonic()
  process.send_signal(number)
  error = process.communicate(timeout=60)[1]
  return process.returncode, error, time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize(
  ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_run_ends_in_ten_seconds_and_goes_on(tmp_path, number, status):
  process = start("dvae_jax.main", f"--workdir={tmp_path}", TINY, *LONG)
  code, error, seconds = stop_in_training(process, tmp_path, number)
  assert code == status
  assert seconds < 10
  assert error.endswith("Stopped; type the same command to go on\n")
  kept = max(int(p.name) for p in (tmp_path / rundir.CHECKPOINTS).iterdir())
  assert f"Step {kept} of 40000 is kept" in error
  again = start("dvae_jax.main", f"--workdir={tmp_path}", TINY, *LONG)
  for line in again.stderr:
    if "Resuming" in line:
      assert f"Resuming at step {kept} of 40000" in line
      break
  again.send_signal(signal.SIGKILL)
  again.communicate()


@pytest.mark.slow
def test_a_study_ends_with_its_processes(tmp_path):
  (tmp_path / "study.py").write_text(STUDY)
  process = start(
    "dvae_jax.study",
    "run",
    f"--config={tmp_path / 'study.py'}",
    f"--workdir={tmp_path / 'x'}",
  )
  part = tmp_path / "x" / "a" / "seeds_0-0"
  code, error, seconds = stop_in_training(process, part, signal.SIGTERM)
  assert (code, seconds < 10) == (143, True)
  assert "type the same command to go on" in error
  assert not (part / "failed.json").exists()
