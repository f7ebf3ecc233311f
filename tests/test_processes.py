"""Several processes do one run: as one would, or they end in words."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from helpers import tiny

import dvae_jax
from dvae_jax import data, evaluate, processes, rundir, session, stopping
from dvae_jax.train import loop, training

ROOT = Path(__file__).parents[1]
TINY = f"--config={ROOT / 'tests' / 'helpers' / 'tiny.py'}"
EIGHT = (
  "--config.sweep.seed=(0,1,2,3)",
  "--config.network=mlp_tiny",
)  # x 2 betas
LONG = (
  "--config.train.steps=600",
  "--config.checkpoint.every=60",
  "--config.eval.metrics=('mig','sap')",
)
# What `main` does, without a report.
PROGRAM = """
import sys
sys.path.insert(0, "tests")
import test_processes as test
from dvae_jax import processes, session
with session.refusing(), processes.joined(sys.argv[2], 2, int(sys.argv[3])):
  test.do(sys.argv[1], sys.argv[4] == "streamed")
"""


def free_port():
  with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    return f"127.0.0.1:{probe.getsockname()[1]}"


def begin(command, *, devices=1, cwd=ROOT):
  forced = f"--xla_force_host_platform_device_count={devices}"
  path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
  changed = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": forced, "PYTHONPATH": path}
  return subprocess.Popen(
    [sys.executable, *map(str, command)],
    cwd=cwd,
    env=os.environ | changed,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


def start(workdir, number, *flags, devices=2, own=lambda process: ()):
  """`main` in so many processes, each with its own flags, too."""
  place = free_port()
  together = [f"--coordinator={place}", f"--num_processes={number}"]
  return [
    begin(
      [
        *("-m", "dvae_jax.main", TINY, f"--workdir={workdir}", *flags),
        *([*together, f"--process_id={p}"] if number > 1 else ()),
        *own(p),
      ],
      devices=devices,
    )
    for p in range(number)
  ]


def ends(started, timeout=300):
  """Exit status and words of each process."""
  said = [process.communicate(timeout=timeout)[1] for process in started]
  return [process.returncode for process in started], said


def config_of(folder):
  config = tiny.get_config()
  config.network, config.eval.metrics = "mlp_tiny", ("mig",)
  return config


def do(folder, from_host=False):
  """Trains and evaluates, as far as that isn't done."""
  config = config_of(folder)
  dataset = data.load(config.data)
  if from_host:
    dataset = tiny.streamed(dataset)
  setup = training.set_up(config, dataset)
  with session.opened(folder, config.to_dict(), dataset) as folder:
    loop.train(config, setup, folder)
    run = dvae_jax.load_run(folder)
    evaluate.evaluate(run, config.eval.to_dict())


def assert_same(folder, other):
  """Metrics and results to the byte; codes, pictures and states to the bit."""
  for name in (rundir.LOGGED, rundir.RESULTS):
    assert (folder / name).read_bytes() == (other / name).read_bytes(), name
  for name in (rundir.CODES, rundir.PICTURES):
    with np.load(folder / name) as ours, np.load(other / name) as theirs:
      assert ours.files == theirs.files
      for key in ours.files:
        np.testing.assert_array_equal(ours[key], theirs[key])
  states = [dvae_jax.load_run(place).states for place in (folder, other)]
  jax.tree.map(np.testing.assert_array_equal, *states)
  litter = [p.name for p in folder.rglob(".*") if p.name != ".lock"]
  assert not litter
  assert not [*folder.glob("*.0.*")]


@pytest.mark.parametrize(
  "placement",
  ["device", pytest.param("streamed", marks=pytest.mark.slow)],
)
def test_two_processes_go_on_with_what_one_began(
  tmp_path, monkeypatch, placement
):
  do(tmp_path / "whole", placement == "streamed")
  with monkeypatch.context() as patched:
    patched.setattr(stopping, "requested", lambda: signal.SIGTERM)
    with pytest.raises(stopping.Stopped):
      do(tmp_path / "shared", placement == "streamed")
  place = free_port()
  started = [
    begin(["-c", PROGRAM, tmp_path / "shared", place, p, placement])
    for p in range(2)
  ]
  codes, said = ends(started)
  assert codes == [0, 0], said
  assert "Resuming at step 1 of 40" in said[0]
  assert "Resuming" not in said[1]  # the leader alone speaks
  assert_same(tmp_path / "shared", tmp_path / "whole")


@pytest.mark.parametrize(
  ("given", "words"),
  [
    (("10.0.0.1:80", None, 0), "--num_processes: missing"),
    ((None, 2, 0), "--coordinator: missing"),
    (("10.0.0.1:80", 2, None), "--process_id: missing"),
    (("10.0.0.1", 2, 0), "'10.0.0.1' found, HOST:PORT of process 0 expected"),
    (("here:99999", 2, 0), "HOST:PORT"),
    (("here:80", 2, 2), "--process_id: 2 found, 0 to 1 expected"),
    (("here:80", 0, 0), "--num_processes: 0 found"),
  ],
)
def test_flags_that_dont_fit_are_refused(given, words):
  with pytest.raises(ValueError, match=words):
    processes.wanted(*given)


@pytest.mark.parametrize(
  ("given", "several"),
  [
    ({}, False),
    ({"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "4"}, False),
    ({"SLURM_STEP_NUM_TASKS": "4"}, True),
    ({"OMPI_COMM_WORLD_SIZE": "2"}, True),
    ({"KUBERNETES_SERVICE_HOST": "x"}, False),
    ({"KUBERNETES_SERVICE_HOST": "x", "JOB_COMPLETION_INDEX": "0"}, True),
  ],
)
def test_launchers_are_recognised(monkeypatch, given, several):
  for name in (*processes.COUNTS, "JOB_COMPLETION_INDEX"):
    monkeypatch.delenv(name, raising=False)
  for name, value in given.items():
    monkeypatch.setenv(name, value)
  assert processes.wanted(None, None, None) == several
  assert not processes.wanted(None, 1, None)


def test_things_are_shared_out_once():
  for number in range(9):
    for count in range(1, 6):
      with pytest.MonkeyPatch.context() as patched:
        patched.setattr(processes._State, "count", count)
        shares = [processes.share(number, p) for p in range(count)]
      assert [i for share in shares for i in share] == [*range(number)]
      lengths = [len(share) for share in shares]
      assert max(lengths) - min(lengths) <= 1
      assert lengths[0] == max(lengths)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  """What one process makes of eight lanes."""
  folder = tmp_path_factory.mktemp("whole") / "run"
  codes, said = ends(start(folder, 1, *EIGHT, *LONG))
  assert codes == [0], said
  return folder


def logged(folder):
  path = folder / rundir.LOGGED
  lines = path.read_text().splitlines() if path.exists() else []
  return json.loads(lines[-2])["step"] if len(lines) > 1 else 0


def wait_until(folder, step, started):
  while logged(folder) < step:
    assert all(process.poll() is None for process in started), ends(started)
    time.sleep(0.02)


@pytest.mark.slow
def test_killed_at_random_and_resumed_by_another_number(whole, tmp_path):
  folder, chance = tmp_path / "run", random.Random(time.time_ns())
  for number in (4, 1, 2, 4):
    started = start(folder, number, *EIGHT, *LONG)
    wait_until(folder, logged(folder) + chance.randrange(20, 120), started)
    chance.choice(started).send_signal(signal.SIGKILL)
    began = time.monotonic()
    codes, said = ends(started, timeout=90)
    assert time.monotonic() - began < 60
    assert codes.count(-signal.SIGKILL) == 1
    words = "another process (of the run has|may have) ended"
    for code, each in zip(codes, said, strict=True):
      assert code in (1, -signal.SIGKILL), said
      assert code != 1 or re.search(words, each), each
  codes, said = ends(start(folder, 2, *EIGHT, *LONG))
  assert codes == [0, 0], said
  assert_same(folder, whole)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_sigterm_on_one_checkpoints_on_all(whole, tmp_path, victim):
  folder = tmp_path / "run"
  started = start(folder, 2, *EIGHT, *LONG)
  wait_until(folder, 70, started)
  started[victim].send_signal(signal.SIGTERM)
  codes, said = ends(started, timeout=20)
  assert codes == [143, 143], said
  kept = max(int(path.name) for path in (folder / "checkpoints").iterdir())
  assert f"Step {kept} of 600 is kept" in said[0]
  assert all("type the same command to go on" in each for each in said)
  codes, said = ends(start(folder, 4, *EIGHT, *LONG))
  assert codes == [0] * 4, said
  assert f"Resuming at step {kept} of 600" in said[0]
  assert_same(folder, whole)


@pytest.mark.slow
def test_processes_asked_for_other_things_refuse_in_one_voice(tmp_path):
  other = lambda process: [f"--config.train.batch_size={16 + process}"]
  codes, said = ends(start(tmp_path / "run", 2, *EIGHT, own=other), 60)
  assert codes == [1, 1]
  assert all("its config is another one than process 0's" in e for e in said)
  assert all("config.train.batch_size" in e for e in said)
  elsewhere = lambda process: [f"--workdir={tmp_path / str(process)}"]
  codes, said = ends(start("", 2, *EIGHT, own=elsewhere), 60)
  assert codes == [1, 1]
  assert all("isn't on a disk that it shares with" in e for e in said)


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 4])
def test_a_lane_on_several_machines_is_that_lane(tmp_path, number):
  flags = ("--config.sweep.beta=(4.0,)", "--config.network=mlp_tiny")
  for name, count in (("one", 1), ("many", number)):
    codes, said = ends(start(tmp_path / name, count, *flags, devices=1))
    assert codes == [0] * count, said
  runs = [dvae_jax.load_run(tmp_path / name) for name in ("one", "many")]
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
  jax.tree.map(close, *(run.states.params for run in runs))
  lines = [rundir.read_jsonl(run.workdir / rundir.LOGGED) for run in runs]
  for ours, theirs in zip(*lines, strict=True):
    assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
