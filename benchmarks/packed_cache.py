"""Seconds to load dSprites from its packed copy, and images streamed a second.

The copy is made here of the rendered images, 377 MB, in a folder that is
deleted afterwards: `python -m benchmarks.packed_cache [--stride=8]
[--json=FILE]`.
"""

import tempfile
import time
from pathlib import Path

import jax
import numpy as np

from benchmarks import timing
from dvae_jax import data
from dvae_jax.data.formats import packing, storage
from dvae_jax.data.official import dsprites
from dvae_jax.data.sampling import streaming


def rendered_chunks(stride: int):
  """Rendered dSprites, posX and posY thinned, as chunks of 0 and 1."""
  dataset = data.load(
    {
      "name": "dsprites",
      "source": "rendered",
      "stride": (1, 1, 1, stride, stride),
    }
  )
  render = jax.jit(dataset.render)
  for block in packing.slices(dataset.num_images, 4096):
    indices = np.arange(block.start, block.start + 4096) % dataset.num_images
    images = np.asarray(render(dataset.arrays, indices.astype(np.int32)))
    count = block.stop - block.start
    yield packing.Chunk(block, images[:count].astype(np.uint8))


def make(directory: str, stride: int) -> None:
  side = -(-32 // stride)
  header = dsprites.header((3, 6, 40, side, side))
  target = storage.prepared_dir("dsprites", directory)
  packing.write(target, header, rendered_chunks(stride), title="rendering")


def load_seconds(directory: str) -> tuple[float, data.Dataset]:
  """Time until the first batch of images is there."""
  start = time.perf_counter()
  dataset = data.load({"name": "dsprites", "source": "file", "dir": directory})
  indices = np.arange(64, dtype=np.int32)
  jax.block_until_ready(jax.jit(dataset.render)(dataset.arrays, indices))
  return time.perf_counter() - start, dataset


def streamed_rate(directory: str, steps: int = 400) -> float:
  """Images a second, in batches of 64 drawn at random."""
  dataset = data.load(
    {
      "name": "dsprites",
      "source": "file",
      "dir": directory,
      "placement": "streamed",
    }
  )

  def draw(step):
    return np.random.default_rng(step).integers(0, dataset.num_images, 64)

  start = time.perf_counter()
  for _, images in streaming.batches(
    dataset.read, draw, first_step=0, num_steps=steps
  ):
    images.block_until_ready()
  return 64 * steps / (time.perf_counter() - start)


def main() -> None:
  """Prints the times of packing, loading and streaming."""
  parser = timing.parser(__doc__)
  parser.add_argument("--stride", type=int, default=1, help="of posX and posY")
  flags = parser.parse_args()
  with tempfile.TemporaryDirectory() as directory:
    start = time.perf_counter()
    make(directory, flags.stride)
    row = {"pack_seconds": time.perf_counter() - start}
    print(f"rendered and packed in {row['pack_seconds']:.1f} s")
    for _ in range(3):
      row["load_seconds"], dataset = load_seconds(directory)
      size = Path(storage.prepared_dir("dsprites", directory), "images.npy")
      row["megabytes"] = size.stat().st_size / 1e6
      print(
        f"{dataset.num_images} images, {row['megabytes']:.0f} MB,"
        f" first batch after {row['load_seconds']:.2f} s"
      )
    row["streamed_images_per_second"] = streamed_rate(directory)
    print(f"streamed: {row['streamed_images_per_second']:.0f} images/s")
  timing.write(flags.json, [row])


if __name__ == "__main__":
  main()
