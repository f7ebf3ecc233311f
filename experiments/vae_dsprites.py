"""A VAE on dSprites: the baseline of every other method here.

Kingma & Welling 2014 (arXiv:1312.6114), in the protocol of Locatello et al.
2019 (arXiv:1811.12359): 10 latents, batch 64, Adam 1e-4, 300,000 steps. Five
seeds: what comes out is how far the scores of one and the same method spread.

    python -m dvae_jax.main --config=experiments/vae_dsprites.py
    python -m dvae_jax.main --config=experiments/vae_dsprites.py:quick

`:quick` gave on 2026-11-29 in 1.4 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    vae
    mig             0.06 +- 0.10
    infomec         0.31 +- 0.20
    dcimig          0.08 +- 0.16
    factor_vae      0.62 +- 0.34
    reconstruction  16.1 +- 1.4
    kl              10.1 +- 2.3
    active_units    4.00 +- 2.48
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "vae"
  config.network = "conv"
  config.sweep.seed = (0, 1, 2, 3, 4)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
