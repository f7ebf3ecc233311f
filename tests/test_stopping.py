"""Ctrl-C and SIGTERM: what is under way is kept, and nothing else is lost."""

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
