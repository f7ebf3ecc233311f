"""Times the rendered data sets: python benchmarks/rendering.py [NAME ...]

Prints, for each, the seconds until the first batch is there (loading and
compilation included), the bytes on the device, and the milliseconds of a batch
of 64 images: the median of 50, each after the last.
"""

import statistics
import sys
import time

import jax

from dvae_jax import data

CASES = (
  {"name": "dsprites"},
  {"name": "dsprites", "resolution": 16},
  {"name": "dsprites_noshape"},
  {"name": "color_dsprites"},
  {"name": "noisy_dsprites"},
  {"name": "scream_dsprites"},
  {"name": "shapes3d"},
  {"name": "petals", "resolution": 64},
  {"name": "petals", "resolution": 256},
)


def measure(fields: dict) -> tuple[float, int, float]:
  """Seconds until ready, bytes on the device, milliseconds of 64 images."""
  start = time.perf_counter()
  dataset = data.load(fields)
  render = jax.jit(dataset.render)
  keys = jax.random.split(jax.random.key(0), 51)
  batches = [data.draw_indices(dataset, dataset.arrays, k, 64) for k in keys]
  render(dataset.arrays, batches[0]).block_until_ready()
  ready = time.perf_counter() - start
  seconds = []
  for batch in batches[1:]:
    start = time.perf_counter()
    render(dataset.arrays, batch).block_until_ready()
    seconds.append(time.perf_counter() - start)
  size = sum(leaf.nbytes for leaf in jax.tree.leaves(dataset.arrays))
  return ready, size, 1e3 * statistics.median(seconds)


def main(names: list[str]) -> None:
  """Prints one line for each case, or each whose name is given."""
  print(f"{'set':18} {'side':>4} {'ready s':>8} {'MB':>7} {'ms per 64':>10}")
  for fields in CASES:
    if not names or fields["name"] in names:
      ready, size, each = measure(fields)
      side = fields.get("resolution", 64)
      print(
        f"{fields['name']:18} {side:4} {ready:8.2f} {size / 1e6:7.2f}"
        f" {each:10.2f}"
      )


if __name__ == "__main__":
  main(sys.argv[1:])
