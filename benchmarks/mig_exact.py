"""Time and memory of mig_exact on as many posteriors as dSprites has images.

    python -m benchmarks.mig_exact [--json=FILE]

The codes are synthetic, on the grid of dSprites (737,280 images, 5 factors), 10
latents: five follow a factor with narrow posteriors of spread widths, two mix
factors, three are dead (mean 0, variance 1).
"""

import resource
import time

import numpy as np

from benchmarks import timing
from dvae_jax.metrics.mig_exact import mig_exact

SIZES = (3, 6, 40, 32, 32)
NAMES = ("shape", "scale", "orientation", "pos_x", "pos_y")


def posteriors(rng):
  """Factors (N, 5), means (N, 10) and log variances (N, 10), float32."""
  axes = np.meshgrid(*[np.arange(s) for s in SIZES], indexing="ij")
  factors = np.stack(axes, -1).reshape(-1, len(SIZES))
  unit = 3 * (factors / (np.array(SIZES) - 1) - 0.5)
  n = len(factors)
  mixed = unit[:, [3, 0]] + unit[:, [4, 2]]
  means = np.concatenate([unit, mixed, np.zeros((n, 3))], axis=1)
  means += rng.normal(size=means.shape) * np.array([0.1] * 7 + [0.01] * 3)
  sds = np.exp(rng.uniform(np.log(0.01), np.log(0.3), size=(n, 10)))
  sds[:, 7:] = 1.0
  return factors, means.astype(np.float32), 2 * np.log(sds).astype(np.float32)


def main() -> None:
  """Prints the scores, the seconds and the memory."""
  flags = timing.parser(__doc__).parse_args()
  rng = np.random.default_rng(0)
  factors, means, logvars = posteriors(rng)
  start = time.perf_counter()
  result = mig_exact(
    means, factors, rng=rng, logvars=logvars, factor_names=NAMES
  )
  seconds = time.perf_counter() - start
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
  print(f"{len(means)} posteriors x {means.shape[1]} latents: {result}")
  print(f"{seconds:.1f} s, peak memory {peak:.2f} GiB (the codes included)")
  timing.write(flags.json, [{"seconds": seconds, "gibibytes": peak}])


if __name__ == "__main__":
  main()
