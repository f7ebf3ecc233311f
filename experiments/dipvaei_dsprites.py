"""DIP-VAE-I on dSprites: the covariance of the means near the identity.

Kumar et al. 2018 (arXiv:1711.00848), eq. 6, in the protocol of Locatello et al.
2019 (arXiv:1811.12359): six lambda_od, each with lambda_d = 10 lambda_od; 10
latents, batch 64, Adam 1e-4, 300,000 steps. The two strengths are swept
jointly, as pairs. What comes out, beside the scores: `off_diagonal` and
`diagonal`, the two distances from the identity.

    python -m dvae_jax.main --config=experiments/dipvaei_dsprites.py
    python -m dvae_jax.main --config=experiments/dipvaei_dsprites.py:quick

`:quick` gave on 2026-12-01 in 2.0 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                       lambda_od 0, lambda_d 0
    mig                0.06 +- 0.10
    infomec            0.31 +- 0.20
    dcimig             0.08 +- 0.16
    factor_vae         0.62 +- 0.34
    reconstruction     16.1 +- 1.4
    kl                 10.1 +- 2.3
    tc                 3.24 +- 1.96
    total_correlation  0.12 +- 0.11
    active_units       4.00 +- 2.48

                       lambda_od 1, lambda_d 10  lambda_od 5, lambda_d 50
    mig                0.12 +- 0.08              0.05 +- 0.04
    infomec            0.44 +- 0.18              0.49 +- 0.26
    dcimig             0.15 +- 0.12              0.12 +- 0.12
    factor_vae         0.80 +- 0.07              0.74 +- 0.44
    reconstruction     16.7 +- 0.4               18.6 +- 1.5
    kl                 11.7 +- 0.1               12.2 +- 0.7
    tc                 4.67 +- 0.24              4.36 +- 0.65
    total_correlation  0.01 +- 0.02              0.01 +- 0.01
    active_units       6.00 +- 0.00              6.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "dip_vae_i"
  config.network = "conv"
  config.sweep["lambda_od,lambda_d"] = (
    (1.0, 10.0),
    (2.0, 20.0),
    (5.0, 50.0),
    (10.0, 100.0),
    (20.0, 200.0),
    (50.0, 500.0),
  )
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep["lambda_od,lambda_d"] = (
      (0.0, 0.0),
      (1.0, 10.0),
      (5.0, 50.0),
    )
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
