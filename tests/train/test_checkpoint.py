"""Checkpoints: what is refused, how many are kept."""

import jax
import numpy as np
import pytest
from flax import struct

from dvae_jax.train import checkpoint


def test_checkpoint_of_another_shape_is_refused(tmp_path):
  with checkpoint.manager(tmp_path, keep=2) as checkpoints:
    checkpoint.save(checkpoints, 1, {"w": np.zeros((2, 3), "float32")})
    checkpoints.wait_until_finished()
    with pytest.raises(ValueError, match=r"float32 \(2, 3\) where"):
      checkpoint.restore(checkpoints, 1, {"w": np.zeros((2, 4), "float32")})


def test_only_the_last_checkpoints_are_kept(tmp_path):
  with checkpoint.manager(tmp_path, keep=2) as checkpoints:
    for step in (1, 2, 3):
      checkpoint.save(checkpoints, step, {"w": np.full(2, step)})
    checkpoints.wait_until_finished()
    assert checkpoints.all_steps() == [2, 3]


@struct.dataclass
class State:
  params: dict
  memories: dict


@pytest.mark.parametrize("memories", [{}, {"estimator": np.arange(3.0)}])
def test_states_come_back_with_what_they_hold(tmp_path, memories):
  state = State({"w": np.ones(2, "float32")}, memories)
  with checkpoint.manager(tmp_path, keep=1) as checkpoints:
    checkpoint.save(checkpoints, 1, state)
    found = checkpoint.restore(checkpoints, 1, state)
  assert isinstance(found, State)
  jax.tree.map(np.testing.assert_array_equal, found, state)


def test_a_checkpoint_of_before_memories_is_read(tmp_path):
  params = {"w": np.ones(2, "float32")}
  with checkpoint.manager(tmp_path, keep=1) as checkpoints:
    checkpoint.save(checkpoints, 1, {"params": params})
    checkpoints.wait_until_finished()
    found = checkpoint.restore(checkpoints, 1, State(params, {}))
    assert found.memories == {}
    with pytest.raises(ValueError, match="can't be read"):
      checkpoint.restore(checkpoints, 1, State(params, {"bank": np.ones(1)}))
