"""Images a second of each source, against a NumPy and a PyTorch loader.

    python -m benchmarks.data [--json=FILE]

Every turn draws 50 random batches of 64 images, as float32 on the device. The
host's loaders hold their images in memory as uint8. `share_of_step` is a
batch's time over that of one training step (conv_k4, batch 64).
"""

import statistics
import tempfile

from benchmarks import packed_cache, timing
from benchmarks.train_step import make_jax

BATCH = 64
BATCHES = 50  # a turn
STEPS = 10  # a turn of the trainer
HOST_STRIDE = 4  # of the positions, in the host's and the packed copy


def make_device(fields: dict):
  """A contender: batches drawn on the device by one compiled call."""
  import jax
  import jax.numpy as jnp

  from dvae_jax import data

  dataset = data.load(fields)

  def draw(arrays, key):
    def batch(i, total):
      indices = data.draw_indices(
        dataset, arrays, jax.random.fold_in(key, i), BATCH
      )
      # A barrier keeps XLA from rendering less than the whole batch.
      images = jax.lax.optimization_barrier(dataset.render(arrays, indices))
      return total + jnp.sum(images)

    return jax.lax.fori_loop(0, BATCHES, batch, jnp.float32(0))

  call, key = jax.jit(draw), jax.random.key(0)
  return lambda: call(dataset.arrays, key).block_until_ready()


def host_images():
  """(N, 64, 64, 1) uint8 of 0 and 1: dSprites on a coarser grid."""
  import numpy as np

  chunks = packed_cache.rendered_chunks(HOST_STRIDE)
  return np.concatenate([chunk.images for chunk in chunks])


def make_numpy():
  """A contender: random rows of a NumPy array, put on the device."""
  import jax
  import numpy as np

  images, rng = host_images(), np.random.default_rng(0)

  def step():
    for _ in range(BATCHES):
      indices = rng.integers(0, len(images), BATCH)
      batch = images[indices].astype(np.float32)
      jax.device_put(batch).block_until_ready()

  return step


def make_torch():
  """A contender: torch.utils.data.DataLoader without workers."""
  import torch
  from torch.utils.data import DataLoader, TensorDataset

  dataset = TensorDataset(torch.from_numpy(host_images()))
  loader = DataLoader(dataset, BATCH, shuffle=True, drop_last=True)
  batches = iter(loader)

  def step():
    nonlocal batches
    for _ in range(BATCHES):
      batch = next(batches, None)
      if batch is None:
        batches = iter(loader)
        batch = next(batches)
      batch[0].float()

  return step


def device_bytes(fields: dict) -> int:
  """Bytes of a data set's arrays on the device."""
  import jax

  from dvae_jax import data

  return sum(leaf.nbytes for leaf in jax.tree.leaves(data.load(fields).arrays))


def measure(folder: str, rounds: int) -> list[dict]:
  """One row per source."""
  packed_cache.make(folder, HOST_STRIDE)
  sources = {
    "dsprites, rendered": {"name": "dsprites"},
    "shapes3d, rendered": {"name": "shapes3d"},
    "dsprites, packed": {"name": "dsprites", "source": "file", "dir": folder},
  }
  turns = timing.alternate(
    {
      **{name: (make_device, (f,)) for name, f in sources.items()},
      "NumPy": (make_numpy, ()),
      "torch": (make_torch, ()),
      "step": (make_jax, ("conv_k4", BATCH, False, STEPS)),
    },
    rounds=rounds,
  )
  step = statistics.median(turns.pop("step")) / STEPS
  rows = []
  for name, seconds in turns.items():
    batch = statistics.median(seconds) / BATCHES
    row = {"source": name, "images_per_second": BATCH / batch}
    row["share_of_step"] = batch / step
    if name in sources:
      row["device_megabytes"] = device_bytes(sources[name]) / 1e6
    rows.append(row)
  return rows


def main() -> None:
  """Prints the table, and writes it where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--rounds", type=int, default=10, help="turns of each")
  flags = parser.parse_args()
  with tempfile.TemporaryDirectory() as folder:
    rows = measure(folder, flags.rounds)
  for row in rows:
    size = f"{row.get('device_megabytes', 0):8.1f} MB on the device"
    print(
      f"{row['source']:20} {row['images_per_second']:12.0f} images/s"
      f" {row['share_of_step']:7.3f} of a step {size}"
    )
  timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
