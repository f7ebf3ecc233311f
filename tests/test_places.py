"""Places that refuse: one sentence, what is written stays, the run goes on."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import commands, fake_runs, tiny

from dvae_jax import arrays, data, rundir, session
from dvae_jax.train import checkpoint, log, loop, training

ROOT = Path(__file__).parents[1]
TINY = (
  f"--config={ROOT / 'tests' / 'helpers' / 'tiny.py'}",
  "--config.network=mlp_tiny",
)


@pytest.fixture
def disk(tmp_path):
  """A function of a size: a folder that holds no more; "ro" is read only."""
  place = tmp_path / "disk"
  place.mkdir()

  def mounted(options, again=""):
    command = ["mount", "-t", "tmpfs", "-o", f"{again}{options}", "tmpfs"]
    found = subprocess.run([*command, place], capture_output=True)
    if found.returncode:
      pytest.skip("needs the right to mount a tmpfs")
    return place

  yield mounted
  subprocess.run(["umount", "-l", place], capture_output=True)


def refused(place, *flags):
  """The last line of a command's stderr; it printed no traceback."""
  process = subprocess.run(
    [
      sys.executable,
      "-m",
      "dvae_jax.main",
      f"--workdir={place}",
      *TINY,
      *flags,
    ],
    capture_output=True,
    text=True,
    cwd=ROOT,
    env=os.environ | {"JAX_PLATFORMS": "cpu"},
  )
  assert "Traceback" not in process.stderr
  return process.returncode, process.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_the_run_goes_on(disk):
  place = disk("size=400k") / "run"
  code, sentence = refused(place)
  assert code == 1
  assert "No space left on device; what is written is whole" in sentence
  assert sentence.endswith("type the same command to go on")
  disk("size=100m", "remount,")
  code, sentence = refused(place)
  assert code == 0
  assert sentence.startswith("Report: ")


def test_a_file_on_a_full_disk_keeps_what_it_was(disk):
  path = disk("size=64k") / "codes.npz"
  arrays.write(path, {"a": np.ones(3)}, compression=0)
  before = path.read_bytes()
  with pytest.raises(OSError, match="No space left") as error:
    arrays.write(path, {"a": np.ones(10**5)}, compression=0)
  assert "make room" in session.in_words(error.value)
  assert path.read_bytes() == before
  assert [p.name for p in path.parent.iterdir()] == ["codes.npz"]


@pytest.mark.parametrize("writes", [True, False])
def test_a_quota_keeps_what_a_file_was(tmp_path, monkeypatch, writes):
  path = tmp_path / "codes.npz"
  arrays.write(path, {"a": np.ones(3)}, compression=0)
  before = path.read_bytes()

  def exceeded(*_, **__):
    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), str(path))

  # A quota may be told when bytes are written, or when the disk takes them.
  place = (np.lib.format, "write_array") if writes else (os, "fsync")
  monkeypatch.setattr(*place, exceeded)
  with pytest.raises(OSError, match="quota") as error:
    arrays.write(path, {"a": np.ones(9)}, compression=0)
  sentence = session.in_words(error.value)
  assert sentence.startswith(f"{path}: Disk quota exceeded; what is written")
  assert sentence.endswith("make room and type the same command to go on")
  assert path.read_bytes() == before
  assert [p.name for p in tmp_path.iterdir()] == ["codes.npz"]


def test_a_checkpoint_that_has_no_room_is_not_begun(disk):
  place = disk("size=64k")
  with checkpoint.manager(place) as checkpoints:
    with pytest.raises(OSError, match="No space left") as error:
      checkpoint.save(checkpoints, 1, {"w": np.ones(10**5)}, keep=1)
    assert not checkpoints.all_steps()
  assert (error.value.errno, error.value.filename) == (
    errno.ENOSPC,
    str(place),
  )


def test_what_orbax_says_of_a_quota_is_the_systems_words(tmp_path):
  words = "RESOURCE_EXHAUSTED: ... quota exceeded [os_error_code='122']"
  with (
    pytest.raises(OSError, match="quota exceeded") as error,
    checkpoint.writing(tmp_path),
  ):
    raise ValueError(words)
  assert error.value.errno == errno.EDQUOT


def test_a_report_of_a_folder_that_is_read_only_is_written_elsewhere(
  disk, tmp_path
):
  place = disk("size=10m")
  fake_runs.write_run(fake_runs.make_run(place / "run", lanes=1), codes=False)
  disk("ro", "remount,")
  with pytest.raises(SystemExit, match="--out=FOLDER writes it elsewhere"):
    commands.run("dvae_jax.report", f"--workdir={place / 'run'}")
  out = tmp_path / "deep" / "elsewhere"
  printed = commands.run(
    "dvae_jax.report", f"--workdir={place / 'run'}", f"--out={out}"
  )
  assert printed.strip() == str(out / "report.html")
  with pytest.raises(ValueError, match="can't be written"):
    _train(place / "run")
  with pytest.raises(ValueError, match="can't be written"):
    _train(place / "new")


def _train(folder):
  config = tiny.get_config()
  dataset = data.load(config.data)
  with session.opened(folder, config.to_dict(), dataset):
    return loop.train(config, training.set_up(config, dataset), folder)


@pytest.mark.slow
def test_a_folder_that_is_gone_is_one_sentence(tmp_path, monkeypatch):
  folder, flush = tmp_path / "run", log.Log.flush

  def removed(self):
    folder.rename(tmp_path / "moved")
    flush(self)

  monkeypatch.setattr(log.Log, "flush", removed)
  with pytest.raises(OSError, match="No such file") as error:
    _train(folder)
  assert "was the folder removed or renamed?" in session.in_words(error.value)


def test_a_file_is_no_workdir(tmp_path):
  (tmp_path / "file").write_text("mine")
  with pytest.raises(ValueError, match="can't be written"):
    _train(tmp_path / "file")
  assert (tmp_path / "file").read_text() == "mine"


def test_a_long_path_is_a_path(tmp_path):
  folder = tmp_path / ("a" * 200) / ("b" * 200)
  folder.mkdir(parents=True)
  rundir.write_jsonl(folder / rundir.RESULTS, [{"a": 1}])
  arrays.write_one(folder / "1.npy", np.ones(3))
  assert rundir.read_jsonl(folder / rundir.RESULTS) == [{"a": 1}]
  with pytest.raises(ValueError, match="can't be written"):
    _train(tmp_path / ("c" * 300))
