"""Cases of the methods that compared.py writes trajectories of.

As trajectory_cases.py, whose images, splits and sizes these are.
"""

import numpy as np
from golden import trajectory_cases as given
from golden.trajectory_cases import CORRELATE, FRACTION, HOLDOUT, Case

INFOGAN = {
  "info": 3.0,
  "noise_latents": 1.0,
  "r1": 0.0,
  "decoder_learning_rate": 5e-4,
}
CONTRAST = {"contrast": 2.0, "guesser_learning_rate": 7e-4}
HALF = {"optimizer": "adam_half"}
QVAE = {
  "temperature": 0.7,
  "beta": 2.0,
  "gamma": 5.0,
  "critic_learning_rate": 3e-4,
}
INFO = {"alpha": 0.4, "lambda_mmd": 200.0, "bandwidth": 1.5}
IVAE = {"beta": 2.0, "location": 1.0, "prior_learning_rate": 2e-3}
DC_IGN = {"beta": 2.0, "invariance": 3.0, "first_image": 0.0}
GROUP = {"pair_changes": 1}
TRIPOD = {"information": 4.0, "hessian": 0.5}
ROWS, WIDTH = 16 * 256, 50  # of iVAE's prior: a row for a factor's value
VALUES = 64  # of FactorQVAE's only codebook

CASES = {
  "infogan": Case("infogan", "bernoulli", INFOGAN, train=HALF),
  "infogan, correlate": Case(
    "infogan", "gaussian", INFOGAN | {"noise_latents": 0.0, "r1": 6.0}, CORRELATE, HALF
  ),
  "factor_qvae": Case("factor_qvae", "bernoulli", QVAE),
  "factor_qvae, fraction": Case("factor_qvae", "gaussian", QVAE, FRACTION),
  "info_vae": Case("info_vae", "bernoulli", INFO),
  "info_vae, holdout": Case("info_vae", "gaussian", INFO, HOLDOUT),
  "alpha_tcvae": Case("alpha_tcvae", "bernoulli", {"alpha": 0.25}, HOLDOUT),
  "alpha_tcvae, mws": Case(
    "alpha_tcvae", "gaussian", {"alpha": 0.7}, estimator="mws"
  ),
  "ivae": Case("ivae", "bernoulli", IVAE | {"label": 2.0}, CORRELATE),
  "ivae, all labels": Case(
    "ivae", "gaussian", IVAE | {"label": -1.0, "location": 0.5}, FRACTION
  ),
  "dc_ign": Case("dc_ign", "bernoulli", DC_IGN, GROUP),
  "dc_ign, first image": Case(
    "dc_ign", "gaussian", DC_IGN | {"first_image": 1.0}, GROUP | HOLDOUT
  ),
  "tripod": Case("tripod", "bernoulli", TRIPOD),
  "tripod, correlate": Case("tripod", "gaussian", TRIPOD, CORRELATE),
  "tripod_published": Case("tripod_published", "bernoulli", TRIPOD),
  "tripod_published, fraction": Case(
    "tripod_published", "gaussian", TRIPOD, FRACTION
  ),
  "infogan_cr": Case(
    "infogan_cr",
    "bernoulli",
    INFOGAN | CONTRAST | {"contrast_start": 0.0},
    train=HALF,
  ),
  "infogan_cr, later": Case(
    "infogan_cr",
    "gaussian",
    INFOGAN | CONTRAST | {"contrast_start": 1.0, "r1": 2.0},
    FRACTION,
    HALF,
  ),
}
WITHOUT_VARIANCE = ("infogan", "factor_qvae", "tripod")


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
  if case.objective == "infogan_cr":
    widths = (2 * given.SIDE**2, *given.WIDTHS)
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
      dense(f"guesser/encoder/Dense_{i}", inputs, outputs)
    dense("guesser/Dense_0", given.WIDTHS[-1], given.LATENT_DIM)
  if case.objective.startswith("tripod"):
    # So curved that float32 resolves second differences with a step of 0.1.
    params["decoder/Dense_0/kernel"] *= 12
    params["head/mean/kernel"] *= 4
  if case.objective == "ivae":
    for name, shape in (("rows", (ROWS, WIDTH)), ("bias", (WIDTH,))):
      drawn = rng.normal(0, 0.3, shape)
      params[f"prior/{name}"] = drawn.astype(np.float32)
    dense("prior/Dense_0", WIDTH, WIDTH)
    dense("prior/mean", WIDTH, given.LATENT_DIM)
    dense("prior/logvar", WIDTH, given.LATENT_DIM)
  if case.objective == "factor_qvae":
    widths = (given.LATENT_DIM * VALUES, *given.CRITIC, 1)
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
      dense(f"critic/Dense_{i}", inputs, outputs)
    params["head/codebook"] = rng.normal(size=VALUES).astype(np.float32)
  return params
