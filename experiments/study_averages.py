"""Training averages that a PyTorch code published, to hold ours against.

YannDubs/disentangling-vae's logs give, epoch by epoch, the mean over training
(there of every 50th step) of reconstruction and KL: all of dSprites at 64
pixels, `burgess`, batch 64, 30 epochs of 11,520 steps. The weight of the KL
grows from 0 in the first 10,000.

    python -m dvae_jax.study run --config=experiments/study_averages.py
    python -m benchmarks.averages runs/study_averages

`cpu` is two epochs of the two models whose loss is theirs in every step. There
the same code in PyTorch is trained as well, from other random numbers:

    python -m dvae_jax.study run --config=experiments/study_averages.py:cpu
    python -m benchmarks.averages runs/study_averages_cpu --pytorch

The other three differ: no KL is warmed up, FactorVAE's TC isn't clamped at 0,
and beta-TCVAE's estimator is MWS, which their MSS acts as.
"""

import jax.numpy as jnp

from dvae_jax.config import base
from dvae_jax.methods import OBJECTIVES
from dvae_jax.methods.beta import beta_vae
from dvae_jax.studies import Study

EPOCH = 11_520  # steps


def warmed_beta_vae(q, z, *, step, beta, warmup_steps):
  """beta KL, whose weight grows linearly (Sonderby 2016, arXiv:1602.02282)."""
  return beta_vae(q, z, beta=beta * jnp.minimum(step / warmup_steps, 1.0))


OBJECTIVES["warmed_beta_vae"] = OBJECTIVES["beta_vae"]._replace(
  penalty=warmed_beta_vae
)


def run(objective: str, epochs: int, rate: float = 5e-4, **hparams):
  """The config of one model."""
  config = base()
  config.objective, config.network = objective, "burgess"
  config.hparams.update(learning_rate=rate, **hparams)
  config.train.steps, config.train.log_every = epochs * EPOCH, EPOCH // 10
  config.checkpoint.every = EPOCH // 2
  config.eval.codes = False
  return config


def get_study(profile: str = "") -> Study:
  """Five models of 30 epochs, or two of two: the profile "cpu"."""
  if profile not in ("", "cpu"):
    raise ValueError(f"profile {profile!r}: allowed is 'cpu', or none")
  epochs = 2 if profile else 30
  warmed = {"objective": "warmed_beta_vae", "warmup_steps": 10_000.0}
  runs = {
    "vae": run(epochs=epochs, beta=1.0, **warmed),
    "beta_vae": run(epochs=epochs, beta=4.0, **warmed),
  }
  if profile:
    for config in runs.values():
      config.eval.metrics, config.eval.stride = ("mig",), (1, 1, 5, 4, 4)
    return Study(runs)
  runs["annealed_vae"] = run(
    "annealed_vae", 30, 1e-3, capacity=25.0, gamma=100.0, annealing_steps=1e5
  )
  runs["beta_tcvae"] = run("beta_tcvae", 30, alpha=1.0, beta=6.4, gamma=1.0)
  runs["beta_tcvae"].estimator = "mws"
  runs["factor_vae"] = run(
    "factor_vae", 30, 1e-4, gamma=6.4, critic_learning_rate=5e-5
  )
  return Study(runs)
