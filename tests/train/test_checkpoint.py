"""Checkpoints: what is refused, how many are kept."""

import numpy as np
import pytest

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
