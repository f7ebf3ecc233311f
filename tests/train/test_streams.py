"""Streamed images: read ahead in chunks, of which no result knows."""

import functools
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

from dvae_jax import data, rundir, stopping
from dvae_jax.train import loop, streams, sweep, training

ROOT = Path(__file__).parents[2]


def set_up(batch_size=16):
  config = tiny.get_config()
  config.network, config.train.batch_size = "mlp_tiny", batch_size
  dataset = tiny.streamed(data.load(config.data))
  return config, training.set_up(config, dataset)


def train(config, setup, folder, **given):
  folder.mkdir(exist_ok=True)
  states = loop.train(config, setup, folder, tracker="none", **given)
  return states, (folder / rundir.LOGGED).read_bytes()


def test_chunks_and_a_stop_change_no_bit(tmp_path, monkeypatch):
  config, setup = set_up()
  config.objective = "factor_vae"  # it draws a second batch
  config.sweep.beta, config.hparams.gamma = (), 6.0
  config.train.steps = config.checkpoint.every = 20
  config.hparams.critic_learning_rate = 1e-4
  setup = training.set_up(config, setup.dataset)
  compiled = functools.cache(functools.partial(loop.compiled_steps, setup))

  def train_in_chunks(name, steps):
    size = steps * 2 * 16 * 16 * 16
    monkeypatch.setattr(streams, "CHUNK_BYTES", size)
    return train(config, setup, tmp_path / name, compiled=compiled)

  found = [train_in_chunks(str(steps), steps) for steps in (7, 1000)]
  with monkeypatch.context() as patched:  # a signal in the midst of a chunk
    patched.setattr(stopping, "requested", lambda: signal.SIGTERM)
    with pytest.raises(stopping.Stopped):
      train_in_chunks("stopped", 7)
  found.append(train_in_chunks("stopped", 7))
  for states, lines in found[1:]:
    jax.tree.map(np.testing.assert_array_equal, states, found[0][0])
    assert lines == found[0][1]


def test_the_next_chunk_is_read_while_one_is_trained_on(monkeypatch):
  config, setup = set_up()
  reads = []
  read = setup.dataset.read
  dataset = setup.dataset._replace(read=lambda i: reads.append(1) or read(i))
  setup = setup._replace(dataset=dataset)
  monkeypatch.setattr(streams, "CHUNK_BYTES", 10 * 2 * 16 * 16 * 16)
  lanes = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(setup, lanes)
  mesh = sweep.device_mesh(2)
  chunks = streams.chunks(setup, states, mesh, num_steps=40)
  end, (images, other) = next(chunks)
  assert (end, images.shape, other) == (10, (2, 10, 16, 16, 16, 1), None)
  until = time.monotonic() + 10
  while len(reads) < 3 and time.monotonic() < until:
    time.sleep(0.01)
  assert len(reads) >= 3
  assert [end for end, _ in chunks] == [20, 30, 40]


SPLIT = """
import sys
sys.path[:0] = ["tests", "tests/train"]
from pathlib import Path
import jax, numpy as np
import test_streams as test
config, setup = test.set_up(batch_size=int(sys.argv[2]))
config.sweep.beta = (4.0,)
states, _ = test.train(config, setup, Path(sys.argv[1]))
np.savez(Path(sys.argv[1]) / "params.npz", *jax.tree.leaves(states.params))
"""


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [16, 15])
def test_streamed_batches_are_split_over_devices(tmp_path, batch_size):
  found = []
  for devices in (1, 2, 4):
    folder = tmp_path / str(devices)
    flag = f"--xla_force_host_platform_device_count={devices}"
    subprocess.run(
      [sys.executable, "-c", SPLIT, str(folder), str(batch_size)],
      check=True,
      cwd=ROOT,
      env=os.environ | {"XLA_FLAGS": flag, "JAX_PLATFORMS": "cpu"},
    )
    with np.load(folder / "params.npz") as arrays:
      found.append([arrays[name] for name in arrays.files])
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
  for other in found[1:]:
    jax.tree.map(close, other, found[0])
