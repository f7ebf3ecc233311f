"""Sets larger than the device: files of the true size, exact resuming."""

import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import jax
import numpy as np
import pytest

from dvae_jax.data.formats import npy_members, storage
from dvae_jax.data.official import mpi3d
from dvae_jax.data.sampling import streaming

pytestmark = pytest.mark.usefixtures("cache")


def read(indices):
  """Images that say which index they are of."""
  return np.broadcast_to(
    indices.astype(np.uint8)[:, None, None, None], (len(indices), 2, 2, 1)
  )


def lanes(step):
  """Indices (2, 3) of two lanes."""
  return np.random.default_rng(step).integers(0, 256, (2, 3))


def test_every_step_gets_the_images_of_its_indices():
  steps = []
  for step, images in streaming.batches(
    read, lanes, first_step=5, num_steps=20
  ):
    steps.append(step)
    assert isinstance(images, jax.Array)
    assert images.shape == (2, 3, 2, 2, 1)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images[..., 0, 0, 0], lanes(step))
  assert steps == list(range(5, 25))


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_a_resumed_stream_goes_on_where_it_stopped(workers):
  whole = dict(
    streaming.batches(read, lanes, first_step=0, num_steps=12, workers=workers)
  )
  resumed = dict(streaming.batches(read, lanes, first_step=7, num_steps=5))
  for step in range(7, 12):
    np.testing.assert_array_equal(whole[step], resumed[step])


def test_batches_are_read_in_worker_threads_ahead_of_time():
  threads, done = set(), threading.Event()

  def slow(indices):
    threads.add(threading.current_thread().name)
    if len(threads) > 1:
      done.set()
    done.wait(5.0)
    return read(indices)

  stream = streaming.batches(slow, lanes, first_step=0, num_steps=8, workers=2)
  assert next(stream)[0] == 0
  assert threading.main_thread().name not in threads
  assert len(threads) > 1  # a second one was reading before it was asked for


def test_an_error_in_a_worker_reaches_the_loop():
  def broken(indices):
    raise ValueError("image 7 is damaged")

  with pytest.raises(ValueError, match="image 7 is damaged"):
    list(streaming.batches(broken, lanes, first_step=0, num_steps=1))


def test_images_go_where_they_are_sent():
  device = jax.devices()[-1]
  sharding = jax.sharding.SingleDeviceSharding(device)
  put = lambda images: jax.device_put(images, sharding)
  _, images = next(
    streaming.batches(read, lanes, first_step=0, num_steps=1, put=put)
  )
  assert images.sharding == sharding


SHAPE = (1_036_800, 64, 64, 3)
KNOWN = (0, 7, 1_036_799)
_ZEROS = bytes(2**26)


class Sparse:
  """A file in which blocks of zeros take no space."""

  def __init__(self, file):
    self.file = file

  def __getattr__(self, name):
    return getattr(self.file, name)

  def write(self, block):
    if block is _ZEROS:
      return self.file.seek(len(block), 1) and len(block)
    return self.file.write(block)


def picture(index):
  return np.random.default_rng(index).integers(0, 256, SHAPE[1:], np.uint8)


def sparse_mpi3d(path, monkeypatch):
  """The official layout at its true size, of which little is on disk."""
  monkeypatch.setattr(zipfile, "crc32", lambda block, crc=0: 0)
  size = int(np.prod(SHAPE))
  with (
    open(path, "wb") as file,
    zipfile.ZipFile(Sparse(file), "w") as archive,
    archive.open("images.npy", "w", force_zip64=True) as member,
  ):
    header = {"descr": "|u1", "fortran_order": False, "shape": SHAPE}
    np.lib.format.write_array_header_1_0(member, header)
    for _ in range(size // len(_ZEROS)):
      member.write(_ZEROS)
    member.write(bytes(size % len(_ZEROS)))
  offset = npy_members.inspect(path, "images").offset
  with open(path, "r+b") as file:
    for index in KNOWN:
      file.seek(offset + index * 64 * 64 * 3)
      file.write(picture(index).tobytes())


_STREAM = """
import resource
import numpy as np
from dvae_jax import data
from dvae_jax.data.sampling import streaming

dataset = data.load({"name": "mpi3d_toy"})
assert dataset.notes["placement"] == "streamed", dataset.notes
assert dataset.factor_sizes == (6, 6, 2, 3, 3, 40, 40)
known = dataset.read(np.array([0, 7, 1_036_799]))
draw = lambda step: np.random.default_rng(step).integers(0, 1_036_800, (2, 64))
for step, images in streaming.batches(
  dataset.read, draw, first_step=0, num_steps=50
):
  assert images.shape == (2, 64, 64, 64, 3)
print(known.astype(int).sum((1, 2, 3)).tolist())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def test_mpi3d_at_its_true_size_needs_little_memory(tmp_path, monkeypatch):
  path = tmp_path / "mpi3d_toy.npz"
  with monkeypatch.context() as patched:
    sparse_mpi3d(path, patched)
  assert path.stat().st_size > 12.7e9
  assert path.stat().st_blocks * 512 < 1e8
  target = storage.prepared_dir("mpi3d_toy")
  mpi3d.prepare(path, target)
  assert [p.name for p in target.iterdir()] == ["meta.json"]
  output = subprocess.run(
    [sys.executable, "-c", _STREAM],
    cwd=Path(__file__).parents[3],
    check=True,
    capture_output=True,
    text=True,
  ).stdout
  sums, resident = output.splitlines()
  expected = [int(picture(index).astype(int).sum()) for index in KNOWN]
  assert sums == str(expected)
  assert int(resident) < 2 * 2**30
  print(f"{int(resident) / 2**20:.0f} MiB resident")
