"""Result lines of a study that nobody trained."""

import numpy as np


def lanes(
  runs=("a", "b"), settings=3, seeds=6, *, scores=("mig", "sap"), draw=5
):
  """Scores that rise with the setting, differ by run, and scatter by seed."""
  rng = np.random.default_rng(draw)
  found = []
  for r, run in enumerate(runs):
    for k in range(settings):
      for seed in range(seeds):
        numbers = {
          name: 0.3 * r + 0.1 * k + 0.1 * float(rng.normal()) for name in scores
        }
        numbers["reconstruction"] = 20 + float(rng.normal()) - k
        numbers["elbo"] = -numbers["reconstruction"] - 5
        found.append(
          {
            "run": run,
            "setting": f"beta {k + 1}",
            "seed": seed,
            "hparams": {"beta": k + 1.0},
            "diverged_at": -1,
            "metrics": numbers,
          }
        )
  found[0]["diverged_at"], found[0]["metrics"] = 7, {}
  return found
