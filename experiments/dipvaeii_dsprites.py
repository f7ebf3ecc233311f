"""DIP-VAE-II on dSprites: the covariance of z near the identity.

Kumar et al. 2018 (arXiv:1711.00848), eq. 7, in the protocol of Locatello et al.
2019 (arXiv:1811.12359): six lambda_od, each with lambda_d = lambda_od; 10
latents, batch 64, Adam 1e-4, 300,000 steps. The two strengths are swept
jointly, as pairs. What comes out, beside the scores: `off_diagonal` and
`diagonal`, the two distances from the identity.

    python -m dvae_jax.main --config=experiments/dipvaeii_dsprites.py
    python -m dvae_jax.main --config=experiments/dipvaeii_dsprites.py:quick

`:quick` gave on 2026-12-01 in 1.3 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    lambda_od 5, lambda_d 5  lambda_od 50, lambda_d 50
    mig             0.17 +- 0.10             0.17 +- 0.36
    infomec         0.62 +- 0.40             0.52 +- 0.41
    dcimig          0.17 +- 0.08             0.18 +- 0.29
    factor_vae      0.93 +- 0.06             0.71 +- 0.24
    reconstruction  16.6 +- 0.7              20.3 +- 9.3
    kl              9.48 +- 2.23             8.86 +- 1.01
    active_units    3.33 +- 1.43             3.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "dip_vae_ii"
  config.network = "conv"
  config.sweep["lambda_od,lambda_d"] = (
    (1.0, 1.0),
    (2.0, 2.0),
    (5.0, 5.0),
    (10.0, 10.0),
    (20.0, 20.0),
    (50.0, 50.0),
  )
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep["lambda_od,lambda_d"] = ((5.0, 5.0), (50.0, 50.0))
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
