"""CPU seconds that evaluating one model on all of dSprites takes.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.evaluation

Every metric of FAST_METRICS, then the exact decomposition of the KL, of 737,280
codes of ten latents: seven that mix the factors, with a standard deviation of
0.22, and three that are noise. Threads that wait are counted as well, so one is
best, as in the processes of a study.
"""

import os
import time

import numpy as np

from dvae_jax import metrics
from dvae_jax.config import FAST_METRICS
from dvae_jax.encoding import Encoded, exact_decomposition

SIZES = (3, 6, 40, 32, 32)
NAMES = ("shape", "scale", "orientation", "x", "y")
LATENTS, ACTIVE = 10, 7


def tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Codes, log variances (N, D) and factors (N, K)."""
  rng = np.random.default_rng(0)
  num = int(np.prod(SIZES))
  factors = np.stack(np.unravel_index(np.arange(num), SIZES), 1)
  mixing = rng.normal(size=(len(SIZES), LATENTS))
  codes = (factors / SIZES) @ mixing + 0.1 * rng.normal(size=(num, LATENTS))
  codes[:, ACTIVE:] = 0.1 * rng.normal(size=(num, LATENTS - ACTIVE))
  logvars = np.where(np.arange(LATENTS) < ACTIVE, -3.0, 0.0)
  logvars = np.broadcast_to(logvars, codes.shape)
  return codes.astype(np.float32), logvars.astype(np.float32), factors


def main() -> None:
  """Prints a line a metric, and the sum."""
  codes, logvars, factors = tables()
  encoded = Encoded(codes, codes[:, 0], logvars)

  def measure(name):
    if name == "decomposition":
      return exact_decomposition(encoded)["tc"]
    rng = np.random.default_rng(0)
    more = {"logvars": logvars, "factor_names": NAMES}
    return metrics.score(name, codes, factors, rng=rng, **more)[name]

  total = 0.0
  for name in (*FAST_METRICS, "decomposition"):
    before = time.process_time()
    value = measure(name)
    seconds = time.process_time() - before
    total += seconds
    print(f"{name:20} {seconds:6.2f} s   {value:.4f}", flush=True)
  threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
  print(f"{'in all':20} {total:6.2f} s of CPU, threads: {threads}")


if __name__ == "__main__":
  main()
