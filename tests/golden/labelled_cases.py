"""Cases of the methods that labelled.py writes trajectories of.

As trajectory_cases.py, whose images, splits and sizes these are.
"""

from golden import trajectory_cases as given
from golden.trajectory_cases import CORRELATE, FRACTION, HOLDOUT, Case

S2 = {"beta": 2.0, "supervised": 3.0}

CASES = {
  "s2_beta_vae": Case("s2_beta_vae", "bernoulli", S2),
  "s2_beta_vae, holdout": Case("s2_beta_vae", "gaussian", S2, HOLDOUT),
  "s2_beta_vae_100": Case("s2_beta_vae_100", "bernoulli", S2, CORRELATE),
  "s2_beta_vae_100, fraction": Case(
    "s2_beta_vae_100", "gaussian", S2, FRACTION
  ),
}
first_params = given.first_params
