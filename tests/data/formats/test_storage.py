"""Where data are kept, and how files come there."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dvae_jax.data.formats import storage


def test_a_right_checksum_passes(tmp_path):
  path = tmp_path / "f"
  path.write_bytes(b"abc")  # RFC 1321 and FIPS 180-2 give these two
  storage.check_digest(path, "md5:900150983cd24fb0d6963f7d28e17f72")
  storage.check_digest(
    path,
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  )


def kill_while_writing(target, moment):
  """A process that is killed in the middle of `atomic_directory`."""
  program = f"""
import os, pathlib, signal
from dvae_jax.data.formats import storage
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if {moment!r} == "between":
  rename, calls = pathlib.Path.rename, []
  def once(*given):
    kill() if calls else calls.append(1)
    return rename(*given)
  pathlib.Path.rename = once
with storage.atomic_directory(pathlib.Path({str(target)!r})) as fresh:
  (fresh / "a").write_text("new")
  if {moment!r} == "inside":
    kill()
"""
  code = subprocess.run([sys.executable, "-c", program]).returncode
  assert code == -signal.SIGKILL


def fail_to_write(target, gone):
  """What a writer that raises leaves as it was; `gone` is removed before."""
  with storage.atomic_directory(target):
    assert not gone.exists()
    raise ValueError("no")


@pytest.mark.parametrize("moment", ["inside", "between"])
def test_what_a_killed_process_left_goes_with_the_next_one(tmp_path, moment):
  target = tmp_path / "prepared"
  target.mkdir()
  (target / "a").write_text("old")
  kill_while_writing(target, moment)
  (left,) = tmp_path.glob(".prepared-*.partial")
  assert target.exists() == (moment == "inside")
  with pytest.raises(ValueError, match="no"):
    fail_to_write(target, left)
  assert (target / "a").read_text() == "old"  # whatever happened since
  assert [path.name for path in tmp_path.iterdir()] == ["prepared"]


def test_what_a_living_process_writes_stays(tmp_path):
  target = tmp_path / "prepared"
  with storage.atomic_directory(target) as slow:
    (slow / "a").write_text("slow")
    with storage.atomic_directory(target) as quick:
      (quick / "a").write_text("quick")
    assert (target / "a").read_text() == "quick"
  assert (target / "a").read_text() == "slow"


def test_a_folder_without_a_lock_is_left_alone(tmp_path):
  (tmp_path / ".prepared-1.partial" / "new").mkdir(parents=True)
  with storage.atomic_directory(tmp_path / "prepared"):
    pass
  assert (tmp_path / ".prepared-1.partial" / "new").exists()


def test_a_folder_is_on_the_disk_before_it_takes_its_name(
  tmp_path, monkeypatch
):
  done = []
  monkeypatch.setattr(
    storage.rundir, "sync", lambda path, **_: done.append(path.name)
  )
  rename = Path.rename
  monkeypatch.setattr(
    Path,
    "rename",
    lambda path, to: (done.append(f"to {to.name}"), rename(path, to)),
  )
  with storage.atomic_directory(tmp_path / "prepared"):
    pass
  assert done == ["new", "to prepared", tmp_path.name]
