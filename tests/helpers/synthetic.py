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


DOWNSTREAM = (
  "downstream", "downstream.downstream_10", "downstream.downstream_1000",
)  # fmt: skip


def several_data_sets(number=2, methods="ab", settings=3, seeds=6, *, more=()):
  """The same methods on other data, with every score a study asks about."""
  scores = ("mig", "sap", "tc", "total_correlation", *DOWNSTREAM, *more)
  found = []
  for draw, data in enumerate(("discs", "bars", *range(2, number))[:number]):
    for lane in lanes(methods, settings, seeds, scores=scores, draw=draw):
      about = {"method": lane["run"], "network": "mlp"}
      about["data"] = {"name": str(data)}
      numbers = lane["metrics"]
      for name in DOWNSTREAM if numbers else ():
        numbers[name] = 0.5 + 0.2 * numbers[name]
      if numbers:
        numbers["elbo"] -= 3 * numbers["tc"]  # the losses rank lanes apart
      found.append(lane | about | {"run": f"{data}-{lane['run']}"})
  return found
