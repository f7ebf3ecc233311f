"""Cases of the methods that recent.py writes trajectories of.

As trajectory_cases.py, whose images, splits and sizes these are.
"""

import numpy as np
from golden import trajectory_cases as given
from golden.trajectory_cases import CORRELATE, FRACTION, HOLDOUT, Case

VALUES = 10  # of each latent's codebook
QLAE = {"quantise": 70.0, "commit": 40.0}

CASES = {
  "qlae, holdout": Case("qlae", "bernoulli", QLAE, HOLDOUT),
  "qlae, decay": Case(
    "qlae",
    "gaussian",
    QLAE | {"weight_decay": 0.1, "clip": 0.05},
    train={"optimizer": "adamw", "clip": "value"},
  ),
}


def first_params(case: Case) -> dict[str, np.ndarray]:
  """First parameters {"module/layer/name": float32}, all different from 0."""
  params = given.first_params(case)
  rng = np.random.default_rng(1)
  if case.objective == "qlae":
    for name in ("head/logvar/kernel", "head/logvar/bias"):
      del params[name]
    values = np.sort(rng.normal(0, 2.0, (given.LATENT_DIM, VALUES)), axis=1)
    params["head/codebook"] = values.astype(np.float32)
  return params
