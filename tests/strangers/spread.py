"""A metric: how unequal the latents' standard deviations are.

python -m dvae_jax.metrics codes.npz --register=spread.py --metrics=spread
"""

import numpy as np

from dvae_jax.config import base
from dvae_jax.metrics import METRICS, Metric


def spread(codes, *, rng):
  """Variation of the latents' deviations over their mean: 0 is best."""
  deviations = np.std(codes, axis=0)
  if not deviations.any():
    raise ValueError("spread: no latent varies")
  return {"spread": float(deviations.std() / deviations.mean())}


METRICS["spread"] = Metric(spread, better="low", reads="codes")


def get_config(profile=""):
  """A VAE that is scored by it."""
  config = base()
  config.objective = "vae"
  config.eval.metrics = ("mig", "spread")
  return config
