"""Time of udr for 100 models of 10 latents on 10,000 images.

    python -m benchmarks.udr [--json=FILE]

Half of the models hold five common latents in their own order and sign, half
hold rotations of them; the other five latents of each are dead.
"""

import time

import numpy as np

from benchmarks import timing
from dvae_jax.metrics.udr import udr


def models(rng, count=100, rows=10_000):
  """count codes (rows, 10) and KLs (10,)."""
  latents = rng.normal(size=(rows, 5))
  codes, kls = [], []
  for number in range(count):
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0] if number % 2 else np.eye(5)
    live = latents @ turn + 0.1 * rng.normal(size=latents.shape)
    both = np.concatenate([live, 0.01 * rng.normal(size=(rows, 5))], axis=1)
    order = rng.permutation(10)
    codes.append(both[:, order] * rng.choice([-1, 1], 10))
    kls.append(np.repeat([2.0, 0.02], 5)[order])
  return codes, kls


def main() -> None:
  """Prints the seconds of both correlations."""
  flags = timing.parser(__doc__).parse_args()
  rows = []
  codes, kls = models(np.random.default_rng(0))
  for correlation in ("lasso", "spearman"):
    start = time.perf_counter()
    scores = udr(codes, kls, correlation=correlation)
    seconds = time.perf_counter() - start
    print(
      f"{correlation}: {seconds:.1f} s for {len(codes)} models; aligned"
      f" {scores[::2].mean():.3f}, rotated {scores[1::2].mean():.3f}"
    )
    rows.append({"correlation": correlation, "seconds": seconds})
  timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
