"""beta-TCVAE on 3D shapes: colours, one shape, one room.

Chen et al. 2018 (arXiv:1802.04942) with alpha = gamma = 1, in the protocol of
Locatello et al. 2019 (arXiv:1811.12359): six betas, 10 latents, batch 64, Adam
1e-4, 300,000 steps. Without a prepared copy the images are the built-in
look-alike: its scores must not be compared with published tables. `python -m
dvae_jax.data list` says which is ready here.

    python -m dvae_jax.main --config=experiments/betatcvae_shapes3d.py
    python -m dvae_jax.main --config=experiments/betatcvae_shapes3d.py:quick

`:quick` gave on 2026-12-01 in 1.3 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    beta 1        beta 4
    mig             0.13 +- 0.03  0.16 +- 0.10
    infomec         0.47 +- 0.25  0.45 +- 0.09
    dcimig          0.21 +- 0.19  0.30 +- 0.07
    factor_vae      0.55 +- 0.07  0.60 +- 0.14
    reconstruction  245.0 +- 1.1  253.4 +- 2.1
    kl              11.9 +- 0.5   9.00 +- 1.33
    active_units    6.00 +- 0.00  5.67 +- 1.43
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "beta_tcvae"
  config.estimator = "mws"
  config.network = "conv"
  config.data.name = "shapes3d"
  config.hparams.alpha = 1.0
  config.hparams.gamma = 1.0
  config.sweep.beta = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_small"
    config.latent_dim = 6
    config.data.resolution = 16
    config.data.stride = (2, 2, 2, 4, 1, 7)
    config.hparams.learning_rate = 1e-3
    config.estimator = "mss"
    config.sweep.beta = (1.0, 4.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 3000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
