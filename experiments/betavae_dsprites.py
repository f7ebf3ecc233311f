"""beta-VAE on dSprites: what does beta buy, and what does it cost?

Higgins et al. 2017 (beta-VAE), in the protocol of Locatello et al. 2019
(arXiv:1811.12359): 10 latents, batch 64, Adam 1e-4, 300,000 steps. Six betas
train side by side in one process.

    python -m dvae_jax.main --config=experiments/betavae_dsprites.py
    python -m dvae_jax.main --config=experiments/betavae_dsprites.py:quick
"""

from dvae_jax.config import base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick" or "laptop"."""
  config = base()
  config.objective = "beta_vae"
  config.network = "conv"
  config.sweep.beta = (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)
  if profile == "quick":
    config.network = "mlp_small"
    config.latent_dim = 6
    config.data.resolution = 16
    config.data.stride = (1, 1, 40, 4, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.beta = (1.0, 4.0, 8.0)
    config.train.steps = 10000
  return config
