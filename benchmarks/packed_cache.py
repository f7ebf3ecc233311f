"""Seconds to load dSprites from its packed copy, and images streamed a second.

The copy is made here of the rendered images, 377 MB, in a folder that is
deleted afterwards: `python benchmarks/packed_cache.py [--stride=8]`.
"""

import argparse
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

from dvae_jax import data
from dvae_jax.data import dsprites_files, packing, storage, streaming


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
  header = dsprites_files.header((3, 6, 40, side, side))
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
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--stride", type=int, default=1, help="of posX and posY")
  stride = parser.parse_args().stride
  with tempfile.TemporaryDirectory() as directory:
    start = time.perf_counter()
    make(directory, stride)
    print(f"rendered and packed in {time.perf_counter() - start:.1f} s")
    for _ in range(3):
      seconds, dataset = load_seconds(directory)
      size = Path(storage.prepared_dir("dsprites", directory), "images.npy")
      print(
        f"{dataset.num_images} images, {size.stat().st_size / 1e6:.0f} MB,"
        f" first batch after {seconds:.2f} s"
      )
    print(f"streamed: {streamed_rate(directory):.0f} images/s")


if __name__ == "__main__":
  main()
