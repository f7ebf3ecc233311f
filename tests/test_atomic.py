"""Whole files, and what a kill leaves beside them."""

import os
import time

import pytest

from dvae_jax import atomic


def left(folder, hours):
  path = folder / f".a.png.12.{hours}"
  path.write_text("half")
  then = time.time() - 3600 * hours
  os.utime(path, (then, then))
  return path


def test_only_what_is_old_is_cleared_away_beside_others(tmp_path):
  old, new, mine = left(tmp_path, 2), left(tmp_path, 0), tmp_path / ".mine.png"
  mine.write_text("mine")
  atomic.clear_away(tmp_path, hours=1)
  assert [p.exists() for p in (old, new, mine)] == [False, True, True]
  atomic.clear_away(tmp_path)
  assert [p.exists() for p in (old, new, mine)] == [False, False, True]
  atomic.clear_away(tmp_path / "gone")


def test_what_fails_leaves_nothing(tmp_path):
  def content(file):
    file.write(b"half")
    raise RuntimeError

  path = tmp_path / "a"
  atomic.write_atomic(path, "before")
  with pytest.raises(RuntimeError):
    atomic.write_atomic(path, content)
  assert path.read_text() == "before"
  assert list(tmp_path.iterdir()) == [path]
