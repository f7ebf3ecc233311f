"""beta-VAE on dSprites: what does beta buy, and what does it cost?

Higgins et al. 2017 (beta-VAE), in the protocol of Locatello et al. 2019
(arXiv:1811.12359): 10 latents, batch 64, Adam 1e-4, 300,000 steps. Six betas
train side by side in one process; each lane is one model.

    python -m dvae_jax.main --config=experiments/betavae_dsprites.py
    python -m dvae_jax.main --config=experiments/betavae_dsprites.py:quick

`quick` is the same code on squares of six sizes at 16 x 8 positions, drawn at
32 pixels without rotation, for four betas from three seeds: where beta is small
a model reconstructs best and mixes x into y; at 4 some have a latent each for
x, y and size; at 8 two of three have given up one.

`:quick` gave on 2026-12-01 in 2.2 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    beta 1        beta 2        beta 4        beta 8
    mig             0.06 +- 0.10  0.15 +- 0.06  0.32 +- 0.65  0.31 +- 0.28
    infomec         0.31 +- 0.20  0.42 +- 0.09  0.56 +- 0.83  0.45 +- 0.63
    dcimig          0.08 +- 0.16  0.21 +- 0.07  0.35 +- 0.65  0.21 +- 0.70
    factor_vae      0.62 +- 0.34  0.69 +- 0.08  0.82 +- 0.54  0.63 +- 0.77
    reconstruction  16.1 +- 1.4   18.4 +- 1.3   22.8 +- 0.8   55.1 +- 29.2
    kl              10.1 +- 2.3   8.12 +- 0.71  6.62 +- 0.40  3.78 +- 1.52
    active_units    4.00 +- 2.48  3.33 +- 1.43  3.00 +- 0.00  2.33 +- 3.79
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "beta_vae"
  config.network = "conv"
  config.sweep.beta = (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)
  if profile == "quick":
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.beta = (1.0, 2.0, 4.0, 8.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
    config.eval.metrics = FAST_METRICS
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
