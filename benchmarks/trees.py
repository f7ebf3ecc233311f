"""Times `dci`'s boosted trees beside scikit-learn's, the same but for ties.

    python -m benchmarks.trees [--rounds=3 --stages=3 --values=10 40]

10,000 rows of 10 latents, one factor of many values of which three latents
tell. Both fit one factor on one thread, as the reference calls scikit-learn,
but for --stages of the 100 stages, all of which take as long. They take turns;
a ratio is scikit-learn's time over ours, both of the processor, so that a busy
machine changes it little.
"""

import time

import numpy as np

from benchmarks import timing
from dvae_jax.metrics import boosting

ROWS, LATENTS = 10_000, 10


def table(values: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
  """Codes (ROWS, LATENTS) and a factor (ROWS,) of so many values."""
  rng = np.random.default_rng(seed)
  factor = rng.integers(values, size=ROWS)
  codes = rng.normal(size=(ROWS, LATENTS)).astype(np.float32)
  unit = factor / (values - 1)
  for j, told in enumerate((unit, np.sin(6 * unit), unit**2)):
    codes[:, j] = told + 0.1 * codes[:, j]
  return codes, factor


def ours(codes, factor, stages: int) -> np.ndarray:
  """Importances (LATENTS,)."""
  boosting.STAGES = stages
  rng = np.random.default_rng(0)
  return boosting.boost(codes, factor, codes[:1], rng=rng)[0]


def theirs(codes, factor, stages: int) -> np.ndarray:
  """Importances (LATENTS,)."""
  from sklearn.ensemble import GradientBoostingClassifier

  model = GradientBoostingClassifier(n_estimators=stages, random_state=0)
  return model.fit(codes, factor).feature_importances_


def main() -> None:
  """Prints a line for each number of values and round."""
  parser = timing.parser(__doc__)
  parser.add_argument("--values", type=int, nargs="*", default=(10, 40))
  parser.add_argument("--stages", type=int, default=3)
  parser.add_argument("--rounds", type=int, default=3)
  flags = parser.parse_args()
  rows = []
  for values in flags.values:
    codes, factor = table(values)
    theirs(codes[:100], factor[:100], 1)  # imports
    for _ in range(flags.rounds):
      seconds, found = [], []
      for function in (ours, theirs):
        start = time.process_time()
        found.append(function(codes, factor, flags.stages))
        seconds.append(time.process_time() - start)
      off = float(np.abs(found[0] - found[1]).max())
      row = {"values": values, "ours": seconds[0], "sklearn": seconds[1]}
      rows.append(row | {"ratio": seconds[1] / seconds[0], "difference": off})
      print(
        f"{values} values: {seconds[0]:.2f} s, scikit-learn {seconds[1]:.2f} s,"
        f" {seconds[1] / seconds[0]:.1f} times; importances differ by"
        f" {off:.0e}",
        flush=True,
      )
  timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
