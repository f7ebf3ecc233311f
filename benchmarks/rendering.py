"""Times the rendered data sets.

    python -m benchmarks.rendering [NAME ...] [--json=FILE]

Prints, for each, the seconds until the first batch is there (loading and
compilation included), the bytes on the device, and the milliseconds of a batch
of 64 images: the median of 50, each after the last.
"""

import statistics
import time

import jax

from benchmarks import timing
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


def measure(fields: dict) -> dict:
  """Seconds until the first batch, megabytes, milliseconds of 64 images."""
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
  return {
    "name": fields["name"],
    "side": fields.get("resolution", 64),
    "ready_seconds": ready,
    "megabytes": sum(x.nbytes for x in jax.tree.leaves(dataset.arrays)) / 1e6,
    "milliseconds_per_batch": 1e3 * statistics.median(seconds),
  }


def main() -> None:
  """Prints one line for each case, or each whose name is given."""
  parser = timing.parser(__doc__)
  parser.add_argument("names", nargs="*", metavar="NAME")
  flags = parser.parse_args()
  print(f"{'set':18} {'side':>4} {'ready s':>8} {'MB':>7} {'ms per 64':>10}")
  rows = []
  for fields in CASES:
    if not flags.names or fields["name"] in flags.names:
      rows.append(measure(fields))
      print("{:18} {:4} {:8.2f} {:7.2f} {:10.2f}".format(*rows[-1].values()))
  timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
