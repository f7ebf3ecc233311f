"""Five strangers in one run: method, likelihood, network, data and metric.

python -m dvae_jax.main --config=together.py
"""

from pathlib import Path

from dvae_jax import register
from dvae_jax.config import base

for name in ("info_vae", "sigma_vae", "residual", "discs", "spread"):
  register(Path(__file__).with_name(f"{name}.py"))


def get_config(profile=""):
  """InfoVAE with a learned variance and residual blocks, on discs."""
  config = base()
  config.objective = "info_vae"
  config.likelihood = "sigma"
  config.network = "residual"
  config.data.name = "discs"
  config.hparams.update(alpha=0.5, lambda_mmd=10.0)
  config.eval.metrics = ("mig", "spread")
  return config
