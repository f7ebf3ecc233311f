"""Semi-supervised beta-VAE on dSprites: labels for a thousand images.

Locatello et al. 2020 (arXiv:1905.01258), as disentanglement_lib's `s2_vae` with
`xent`, in the protocol of Locatello et al. 2019: 10 latents, batch 64, Adam
1e-4, 300,000 steps. A weight of 64 is its gamma_sup of 1 at this batch. A
hundred labels are `--config.objective=s2_beta_vae_100`. The labels are all
factors of those images: it is no unsupervised method.

    python -m dvae_jax.main --config=experiments/s2betavae_dsprites.py
    python -m dvae_jax.main --config=experiments/s2betavae_dsprites.py:quick

The quick profile has labels for a hundred of its 768 images.

`:quick` gave on 2026-12-01 in 0.9 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    s2_beta_vae_100
    mig             0.75 +- 0.04
    infomec         0.76 +- 0.23
    dcimig          0.76 +- 0.02
    factor_vae      0.99 +- 0.00
    reconstruction  24.0 +- 0.5
    kl              8.40 +- 0.15
    active_units    5.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "s2_beta_vae"
  config.network = "conv"
  config.hparams.update(beta=4.0, supervised=64.0)
  config.sweep.seed = (0, 1, 2, 3, 4)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.objective, config.network = "s2_beta_vae_100", "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
