"""A power cut is a kill that takes what was never synced to the disk."""

import functools
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny

from dvae_jax import arrays, data, rundir, session
from dvae_jax.train import checkpoint, loop, training


class Disk:
  """What a disk holds after each fsync, at worst.

  A file is there under the names that its folder had when that was synced last,
  with the bytes that it had when it was synced last itself, or none at all.

  Attributes:
    moments: after each fsync, (files, folders): inode -> bytes, and inode ->
      {name: (inode, whether a folder)}.
    calls: what was done, in words.
  """

  def __init__(self):
    self.moments, self.calls = [({}, {})], []
    self.fsync, self.replace = os.fsync, Path.replace
    self.turn = threading.Lock()

  def on_fsync(self, opened):
    self.fsync(opened)
    with self.turn:
      self.note(opened)

  def note(self, opened):
    files, folders = map(dict, self.moments[-1])
    path = Path(os.readlink(f"/proc/self/fd/{opened}"))
    number = path.stat().st_ino
    if stat.S_ISDIR(path.stat().st_mode):
      folders[number] = {
        p.name: (p.stat().st_ino, p.is_dir()) for p in path.iterdir()
      }
      for file in filter(Path.is_file, path.iterdir()):
        # An inode may be a new file's.
        if not file.read_bytes().startswith(files.get(file.stat().st_ino, b"")):
          files.pop(file.stat().st_ino)
    else:
      files[number] = path.read_bytes()
    self.moments.append((files, folders))
    self.calls.append(f"sync {path.name.split('.')[0] or path.name}")

  def on_replace(self, path, to):
    self.calls.append(f"replace {to.name}")
    return self.replace(path, to)

  def after_cut(self, moment, number, to):
    """Writes what is left of the folder with an inode."""
    files, folders = self.moments[moment]
    to.mkdir()
    for name, (inode, is_folder) in folders.get(number, {}).items():
      if is_folder:
        self.after_cut(moment, inode, to / name)
      else:
        (to / name).write_bytes(files.get(inode, b""))


@pytest.fixture
def disk(monkeypatch):
  found = Disk()
  monkeypatch.setattr(os, "fsync", found.on_fsync)
  monkeypatch.setattr(Path, "replace", lambda *given: found.on_replace(*given))
  return found


@pytest.mark.parametrize(
  ("name", "write"),
  [
    ("a.json", lambda path: rundir.write_json(path, {"a": 1})),
    ("a.jsonl", lambda path: rundir.write_jsonl(path, [{"a": 1}])),
    ("a.npy", lambda path: arrays.write_one(path, np.ones(3))),
    ("a.npz", lambda p: arrays.write(p, {"a": np.ones(3)}, compression=0)),
  ],
)
def test_a_file_is_on_the_disk_before_it_has_its_name(
  tmp_path, disk, name, write
):
  write(tmp_path / name)
  file, *others = disk.calls
  assert file.startswith("sync .a")
  assert others == [f"replace {name}", f"sync {tmp_path.name}"]


def test_a_checkpoint_is_on_the_disk_before_older_ones_go(tmp_path, disk):
  with checkpoint.manager(tmp_path / "c") as checkpoints:
    for step in (1, 2):
      checkpoint.save(checkpoints, step, {"w": np.ones(3)}, keep=1)
    checkpoints.wait_until_finished()
    assert checkpoints.all_steps() == [1, 2]
    delete, checkpoints.delete = checkpoints.delete, disk.calls.append
    disk.calls.clear()
    checkpoint.settle(checkpoints, 1)
    assert disk.calls[-3:] == ["sync 2", "sync c", 1]
    within = {f"sync {p.stem}" for p in (tmp_path / "c" / "2").rglob("*")}
    assert within <= set(disk.calls[:-3])
    delete(1)


@functools.cache
def prepared():
  """A small run's config and what it is trained with."""
  config = tiny.get_config()
  config.network, config.train.steps = "mlp_tiny", 80
  config.checkpoint.keep = 1
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  compiled = functools.cache(functools.partial(loop.compiled_steps, setup))
  return config, setup, compiled


def train(folder):
  config, setup, compiled = prepared()
  with session.opened(folder, config.to_dict(), setup.dataset):
    states = loop.train(config, setup, folder, compiled=compiled)
  names = [rundir.LOGGED, "clouds/80.npy", "clouds/indices.npy"]
  return states, [(folder / name).read_bytes() for name in names]


@pytest.mark.slow
def test_a_run_goes_on_after_a_power_cut_at_any_moment(tmp_path, disk):
  folder = tmp_path / "run"
  states, files = train(folder)
  number, moments = folder.stat().st_ino, len(disk.moments)
  whole = disk.moments[-1][1][number]
  assert {rundir.CONFIG, rundir.LOGGED, rundir.CHECKPOINTS} <= whole.keys()
  resumed = set()
  for moment in np.linspace(1, moments - 1, 6).astype(int):
    cut = tmp_path / f"cut_{moment}"
    disk.after_cut(moment, number, cut)
    resumed.add(bool([*cut.glob(f"{rundir.CHECKPOINTS}/*/*")]))
    found, again = train(cut)
    assert again == files
    for mine, other in zip(*map(leaves, (found, states)), strict=True):
      np.testing.assert_array_equal(mine, other)
  assert resumed == {True, False}


def leaves(states):
  import jax

  return jax.tree.leaves(states)
