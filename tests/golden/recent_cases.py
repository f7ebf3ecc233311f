"""Cases of the methods that recent.py writes trajectories of.

As trajectory_cases.py, whose images, splits and sizes these are.
"""

import numpy as np
from golden import trajectory_cases as given
from golden.trajectory_cases import CORRELATE, FRACTION, HOLDOUT, Case

VALUES = 10  # of each latent's codebook
QLAE = {"quantise": 70.0, "commit": 40.0}

HAUSDORFF = {"beta": 1.5, "gamma": 30.0, "scale": 4.0}
SLOW = {"beta": 0.5, "gamma": 10.0, "laplace_rate": 6.0, "entropy": 0.5}
PAIR = {"pair_changes": 2}
FACTOR = {"gamma": 6.0, "critic_learning_rate": 3e-4}
BANK = "bank_4096"  # never full here

CASES = {
  "qlae, holdout": Case("qlae", "bernoulli", QLAE, HOLDOUT),
  "qlae, decay": Case(
    "qlae",
    "gaussian",
    QLAE | {"weight_decay": 0.1, "clip": 0.05},
    train={"optimizer": "adamw", "clip": "value"},
  ),
  "hausdorff_vae": Case("hausdorff_vae", "bernoulli", HAUSDORFF),
  "hausdorff_vae, fraction": Case(
    "hausdorff_vae", "gaussian", HAUSDORFF, FRACTION
  ),
  "slow_vae": Case("slow_vae", "bernoulli", SLOW, PAIR),
  "factor_vae_same_batch": Case("factor_vae_same_batch", "bernoulli", FACTOR),
  "factor_vae_same_batch, correlate": Case(
    "factor_vae_same_batch", "gaussian", FACTOR, CORRELATE
  ),
  "ada_mlvae_averaged": Case(
    "ada_mlvae_averaged", "bernoulli", {"beta": 2.0}, PAIR
  ),
  "ada_mlvae_averaged, fraction": Case(
    "ada_mlvae_averaged", "gaussian", {"beta": 2.0}, PAIR | FRACTION
  ),
  "beta_tcvae, bank": Case(
    "beta_tcvae", "bernoulli", given.TC, HOLDOUT, estimator=BANK
  ),
  "slow_vae, holdout": Case(
    "slow_vae", "gaussian", SLOW | {"entropy": 1.0}, PAIR | HOLDOUT
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
