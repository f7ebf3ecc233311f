"""DIP-VAE-II on dSprites: the covariance of z near the identity.

Kumar et al. 2018 (arXiv:1711.00848), eq. 7, in the protocol of Locatello et al.
2019 (arXiv:1811.12359): six lambda_od, each with lambda_d = lambda_od; 10
latents, batch 64, Adam 1e-4, 300,000 steps. The two strengths are swept
jointly, as pairs. What comes out, beside the scores: `off_diagonal` and
`diagonal`, the two distances from the identity.

    python -m dvae_jax.main --config=experiments/dipvaeii_dsprites.py
    python -m dvae_jax.main --config=experiments/dipvaeii_dsprites.py:quick
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
