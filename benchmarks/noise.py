"""What noise of few rows scores, from which METRICS has its `enough`.

    python -m benchmarks.noise [--rows 100 200 500 1000 2000 5000 10000]

Ten independent latents and five factors of 3, 6, 10, 8 and 8 values, drawn anew
for each of --seeds tables: a metric has enough rows where its mean is within
0.015 of that for the most rows. Four minutes without dci, dci_es and pipe,
which --all adds; --only=pipe,mig names metrics. The decoder that pipe reads
draws each latent as a spot of its own, so that independent latents score 1.
"""

import numpy as np

from benchmarks import timing
from dvae_jax.metrics import headlines, score, single_model

SIZES = (3, 6, 10, 8, 8)
SLOW = ("dci", "dci_es", "pipe")
GRIDS = ("z_max_var", "d_lsbd")  # of random rows they have nothing to read


def noise(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Codes (rows, 10) that know nothing of the factors (rows, 5)."""
  rng = np.random.default_rng(seed)
  factors = np.stack([rng.integers(s, size=rows) for s in SIZES], axis=1)
  return rng.normal(size=(rows, 10)), factors


def decode(z: np.ndarray) -> np.ndarray:
  """Images (B, 4, 4, 1) in which pixel j is brighter the larger latent j is."""
  pixels = np.zeros((len(z), 16), np.float32)
  pixels[:, : z.shape[1]] = 1 / (1 + np.exp(-z))
  return pixels.reshape(-1, 4, 4, 1)


def scores(name: str, rows: int, seeds: int) -> dict[str, float]:
  """Mean of each headline over tables of noise; {} where it refuses them."""
  found = []
  for seed in range(seeds):
    codes, factors = noise(rows, seed)
    try:
      result = score(
        name,
        codes,
        factors,
        rng=np.random.default_rng(0),
        logvars=np.full(codes.shape, -6.0),
        decode=decode,
      )
    except ValueError:
      return {}
    found.append([result.get(key, np.nan) for key in headlines(name)])
  return dict(zip(headlines(name), np.mean(found, axis=0), strict=True))


def main() -> None:
  """Prints a line for each metric and number of rows."""
  parser = timing.parser(__doc__)
  rows = (100, 200, 500, 1000, 2000, 5000, 10_000)
  parser.add_argument("--rows", type=int, nargs="*", default=rows)
  parser.add_argument("--seeds", type=int, default=3)
  parser.add_argument("--all", action="store_true")
  parser.add_argument("--only", default="")
  flags = parser.parse_args()
  skipped = GRIDS if flags.all else (*GRIDS, *SLOW)
  result = []
  chosen = [n for n in single_model() if n not in skipped]
  for name in flags.only.split(",") if flags.only else chosen:
    for number in flags.rows:
      found = scores(name, number, flags.seeds)
      shown = ", ".join(f"{key} {value:.3f}" for key, value in found.items())
      print(f"{name:18} {number:6} rows: {shown or 'refused'}", flush=True)
      result.append({"metric": name, "rows": number, **found})
  timing.write(flags.json, result)


if __name__ == "__main__":
  main()
