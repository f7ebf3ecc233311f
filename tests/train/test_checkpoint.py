"""Checkpoints: what is refused, how many are kept."""

import hashlib

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from flax import struct

from dvae_jax.train import checkpoint


def test_checkpoint_of_another_shape_is_refused(tmp_path):
  with checkpoint.manager(tmp_path) as checkpoints:
    checkpoint.save(checkpoints, 1, {"w": np.zeros((2, 3), "float32")}, keep=2)
    checkpoints.wait_until_finished()
    with pytest.raises(ValueError, match=r"float32 \(2, 3\) where"):
      checkpoint.restore(checkpoints, 1, {"w": np.zeros((2, 4), "float32")})


def test_only_the_last_checkpoints_are_kept(tmp_path):
  with checkpoint.manager(tmp_path) as checkpoints:
    for step in (1, 2, 3):
      checkpoint.save(checkpoints, step, {"w": np.full(2, step)}, keep=2)
    checkpoint.settle(checkpoints, 2)
    assert checkpoints.all_steps() == [2, 3]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_sums_come_back_with_their_step_and_are_under_its_digest(tmp_path):
  tree = {"w": np.ones(3, "float32")}
  numbers = np.random.default_rng(0).normal(size=(3, 400))
  with checkpoint.manager(tmp_path) as checkpoints:
    checkpoint.save(checkpoints, 7, tree, {"kl": numbers}, keep=1)
    found = checkpoint.restore(checkpoints, 7, tree)
    assert found.tree.keys() == {"w"}
    np.testing.assert_array_equal(found.sums["kl"], numbers)
    flip(largest_file(tmp_path / "7"), np.random.default_rng(0))
  with (
    checkpoint.manager(tmp_path) as checkpoints,
    pytest.raises(checkpoint.Damaged),
  ):
    checkpoint.restore(checkpoints, 7, tree)


def tree_of(step):
  """Arrays that don't compress."""
  numbers = np.random.default_rng(step).normal(size=(64, 64))
  return {"w": numbers.astype("float32"), "n": np.full(64, step)}


def saved(folder, *steps):
  """Checkpoints of as many steps, each with arrays of its own."""
  with checkpoint.manager(folder) as checkpoints:
    for step in steps:
      checkpoint.save(checkpoints, step, tree_of(step), keep=9)
      checkpoints.wait_until_finished()
  return tree_of(0)


def largest_file(folder):
  """Where the arrays are."""
  files = [path for path in folder.rglob("*") if path.is_file()]
  return max(files, key=lambda file: file.stat().st_size)


def flip(file, rng):
  """Turns one bit of a file."""
  content = bytearray(file.read_bytes())
  place = rng.integers(len(content))
  content[place] ^= 1 << rng.integers(8)
  file.write_bytes(content)


# Orbax leaves a coroutine behind where its own files are damaged.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", range(16))
def test_a_flipped_bit_never_changes_a_parameter(tmp_path, seed):
  rng = np.random.default_rng(seed)
  like = saved(tmp_path, 1, 2)
  files = [f for f in sorted((tmp_path / "2").rglob("*")) if f.is_file()]
  # Every fourth damage is anywhere.
  file = rng.choice(files) if seed % 4 == 3 else largest_file(tmp_path / "2")
  flip(file, rng)
  with checkpoint.manager(tmp_path, read_only=True) as checkpoints:
    step, found, _ = checkpoint.restore_newest(checkpoints, like)
  jax.tree.map(np.testing.assert_array_equal, found, tree_of(step))
  if seed % 4 != 3:  # elsewhere a bit may be of no meaning
    assert step == 1


def test_damaged_checkpoints_are_named_and_moved_not_deleted(tmp_path, capsys):
  folder, aside = tmp_path / "checkpoints", tmp_path / "damaged"
  like = saved(folder, 1, 2)
  for _ in range(2):
    flip(largest_file(folder / "2"), np.random.default_rng(0))
    with checkpoint.manager(folder) as checkpoints:
      step, _, _ = checkpoint.restore_newest(checkpoints, like, aside=aside)
      assert step == 1
      assert checkpoints.all_steps() == [1]
    assert f"{folder / '2'}" in capsys.readouterr().err.replace("\n", "")
    saved(folder, 2)
  assert sorted(path.name for path in aside.iterdir()) == ["2", "2.1"]


def test_where_no_checkpoint_is_whole_training_isnt_begun_anew(tmp_path):
  like = saved(tmp_path, 3)
  flip(largest_file(tmp_path / "3"), np.random.default_rng(0))
  with (
    checkpoint.manager(tmp_path) as checkpoints,
    pytest.raises(ValueError, match=r"no checkpoint in .* of steps 3"),
  ):
    checkpoint.restore_newest(checkpoints, like)


@struct.dataclass
class State:
  params: dict
  memories: dict


@pytest.mark.parametrize("memories", [{}, {"estimator": np.arange(2.0)}])
def test_states_come_back_with_what_they_hold(tmp_path, memories):
  state = State({"w": np.ones(2, "float32")}, memories)
  with checkpoint.manager(tmp_path) as checkpoints:
    checkpoint.save(checkpoints, 1, state, keep=1)
    found = checkpoint.restore(checkpoints, 1, state).tree
  assert isinstance(found, State)
  jax.tree.map(np.testing.assert_array_equal, found, state)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_digest_of_before_is_compared(tmp_path, monkeypatch):
  former = {"digest": checkpoint.DIGESTS["digest"]}
  like = tree_of(0)
  with monkeypatch.context() as patched:
    patched.setattr(checkpoint, "DIGESTS", former)
    saved(tmp_path, 1)
  with checkpoint.manager(tmp_path, read_only=True) as checkpoints:
    found = checkpoint.restore(checkpoints, 1, like).tree
    jax.tree.map(np.testing.assert_array_equal, found, tree_of(1))
    patched = {"digest": lambda: hashlib.blake2b(b"other", digest_size=32)}
    monkeypatch.setattr(checkpoint, "DIGESTS", patched)
    with pytest.raises(checkpoint.Damaged, match="isn't what was written"):
      checkpoint.restore(checkpoints, 1, like)


def test_a_checkpoint_of_before_memories_and_digests_is_read(tmp_path):
  params = {"w": np.ones(2, "float32")}
  with checkpoint.manager(tmp_path) as checkpoints:
    checkpoints.save(1, args=ocp.args.StandardSave({"params": params}))
    checkpoints.wait_until_finished()
    found = checkpoint.restore(checkpoints, 1, State(params, {})).tree
    assert found.memories == {}
    with pytest.raises(ValueError, match="can't be read"):
      checkpoint.restore(checkpoints, 1, State(params, {"bank": np.ones(1)}))
