"""alpha-TCVAE on dSprites: mutual information against dimension-wise KL.

Meo et al. 2024 (arXiv:2411.00588) as the authors' public loss has it (see
`alpha_tcvae`), their command's alpha 0.25 among others, in the protocol of
Locatello et al. 2019: 10 latents, batch 64, Adam 1e-4, 300,000 steps. The
paper's own settings, and its bounds beyond that file, haven't been read.

    python -m dvae_jax.main --config=experiments/alphatcvae_dsprites.py
    python -m dvae_jax.main --config=experiments/alphatcvae_dsprites.py:quick

`:quick` gave on 2026-11-29 in 1.3 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    alpha 0.25
    mig             0.04 +- 0.04
    infomec         0.32 +- 0.03
    dcimig          0.08 +- 0.06
    factor_vae      0.53 +- 0.22
    reconstruction  15.3 +- 0.4
    kl              28.6 +- 0.5
    active_units    6.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "alpha_tcvae"
  config.network = "conv"
  config.sweep.alpha = (0.0, 0.25, 0.5, 0.75)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.alpha = (0.25,)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
