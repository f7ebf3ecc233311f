"""CPU seconds that evaluating one model on all of dSprites takes.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.evaluation

Every metric of FAST_METRICS, then the exact decomposition of the KL, of 737,280
codes of ten latents: seven that mix the factors, with a standard deviation of
0.22, and three that are noise. The first model's seconds hold what a process
does once, imports and compilation; the next one's are what every further model
of a study costs. Threads that wait are counted as well, so one is best, as in
the processes of a study.
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


def tables(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Codes, log variances (N, D) and factors (N, K) of a model."""
  rng = np.random.default_rng(seed)
  num = int(np.prod(SIZES))
  factors = np.stack(np.unravel_index(np.arange(num), SIZES), 1)
  mixing = rng.normal(size=(len(SIZES), LATENTS))
  codes = (factors / SIZES) @ mixing + 0.1 * rng.normal(size=(num, LATENTS))
  codes[:, ACTIVE:] = 0.1 * rng.normal(size=(num, LATENTS - ACTIVE))
  logvars = np.where(np.arange(LATENTS) < ACTIVE, -3.0, 0.0)
  logvars = np.broadcast_to(logvars, codes.shape)
  return codes.astype(np.float32), logvars.astype(np.float32), factors


def measure(name: str, codes, logvars, factors) -> tuple[float, float]:
  """Seconds of the processor, and the value."""
  before = time.process_time()
  if name == "decomposition":
    value = exact_decomposition(Encoded(codes, codes[:, 0], logvars))["tc"]
  else:
    rng = np.random.default_rng(0)
    more = {"logvars": logvars, "factor_names": NAMES}
    value = metrics.score(name, codes, factors, rng=rng, **more)[name]
  return time.process_time() - before, value


def main() -> None:
  """Prints a line a metric, and the sum."""
  names = (*FAST_METRICS, "decomposition")
  models = tables(0), tables(1)
  seconds = np.zeros(len(models))
  print(f"{'':20} {'first model':>20}   {'next model':>20}")
  for name in names:
    found = [measure(name, *model) for model in models]
    seconds += [spent for spent, _ in found]
    cells = [f"{spent:8.2f} s   {value:9.4f}" for spent, value in found]
    print(f"{name:20} {'   '.join(cells)}", flush=True)
  cells = [f"{spent:8.2f} s   {'':9}" for spent in seconds]
  threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
  print(f"{'in all':20} {'   '.join(cells).rstrip()}, threads: {threads}")


if __name__ == "__main__":
  main()
