"""Cases of the methods that compared.py writes trajectories of.

As trajectory_cases.py, whose images, splits and sizes these are.
"""

import numpy as np
from golden import trajectory_cases as given
from golden.trajectory_cases import CORRELATE, Case

INFOGAN = {"info": 3.0, "noise_latents": 1.0, "decoder_learning_rate": 5e-4}
HALF = {"optimizer": "adam_half"}

CASES = {
  "infogan": Case("infogan", "bernoulli", INFOGAN, train=HALF),
  "infogan, correlate": Case(
    "infogan", "gaussian", INFOGAN | {"noise_latents": 0.0}, CORRELATE, HALF
  ),
}
WITHOUT_VARIANCE = ("infogan",)


def first_params(case: Case) -> dict[str, np.ndarray]:
  """First parameters {"module/layer/name": float32}, all different from 0."""
  params = given.first_params(case)
  rng = np.random.default_rng(2)

  def dense(name, inputs, outputs):
    for kind, shape in (("kernel", (inputs, outputs)), ("bias", (outputs,))):
      drawn = rng.uniform(-0.1, 0.1, shape)
      params[f"{name}/{kind}"] = drawn.astype(np.float32)

  if case.objective.startswith(WITHOUT_VARIANCE):
    for name in ("head/logvar/kernel", "head/logvar/bias"):
      del params[name]
  if case.objective.startswith("infogan"):
    dense("head/real", given.WIDTHS[-1], 1)
  return params
