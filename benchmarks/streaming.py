"""What streaming costs a training step: images from disk, and on the device.

4,000 colour images of 64 pixels, in an .npz file of 49 MB, are trained on from
the device and from the file: `python -m benchmarks.streaming [--network=conv]
[--lanes=2] [--steps=600] [--json=FILE]`.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from benchmarks import timing
from dvae_jax import config as configs
from dvae_jax import data, rundir, session
from dvae_jax.train import loop, sweep, training


def seconds(flags, directory: str, placement: str, name: str) -> list[float]:
  """Seconds a step, of each line but the first, whose steps compile."""
  config = configs.base()
  config.network = flags.network
  config.hparams.beta = 4.0
  config.sweep.seed = tuple(range(flags.lanes))
  config.data.update(
    {
      "name": "npz",
      "dir": f"{directory}/images.npz",
      "placement": placement,
    }
  )
  config.train.steps = flags.steps
  config.checkpoint.every = flags.steps
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  folder = Path(directory) / name
  with session.opened(folder, config.to_dict(), dataset):
    loop.train(config, setup, folder, tracker="none")
  lines = rundir.read_jsonl(folder / rundir.TIMINGS)[1:]
  return [line["seconds"] / line["steps"] for line in lines]


def main() -> None:
  """Prints milliseconds a step, by turns, and their ratio."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", default="conv")
  parser.add_argument("--lanes", type=int, default=2)
  parser.add_argument("--steps", type=int, default=600)
  flags = parser.parse_args()
  sweep.use_cores(flags.lanes)
  found: dict[str, list[float]] = {"device": [], "streamed": []}
  with tempfile.TemporaryDirectory() as directory:
    os.environ["XDG_CACHE_HOME"] = directory
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4000, 64, 64, 3), np.uint8)
    np.savez(Path(directory) / "images.npz", images=images)
    for turn in range(3):
      for placement, times in found.items():
        times += seconds(flags, directory, placement, f"{placement}_{turn}")
  row = {name: float(np.median(times)) for name, times in found.items()}
  row["ratio"] = row["streamed"] / row["device"]
  print(
    f"{flags.network}, {flags.lanes} lanes: {1e3 * row['device']:.2f} ms a step"
    f" on the device, {1e3 * row['streamed']:.2f} streamed,"
    f" {row['ratio']:.2f} times as long"
  )
  timing.write(flags.json, [row])


if __name__ == "__main__":
  main()
