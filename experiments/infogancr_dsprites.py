"""InfoGAN-CR on dSprites: what do two generated images have in common?

Lin et al. 2020 (arXiv:1906.06034) and the authors' code (fjxmlzn/InfoGAN-CR):
InfoGAN as in experiments/infogan_dsprites.py for 288,000 steps, then the
contrast with weight 2; 28 epochs of batch 64 are 322,000 steps. What differs
from theirs is said there, and at `infogan_cr`.

    python -m dvae_jax.main --config=experiments/infogancr_dsprites.py
    python -m dvae_jax.main --config=experiments/infogancr_dsprites.py:quick

`:quick` gave on 2026-12-01 in 1.9 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    infogan_cr
    mig             0.06 +- 0.12
    infomec         0.35 +- 0.41
    dcimig          0.13 +- 0.19
    factor_vae      0.62 +- 0.25
    reconstruction  64.7 +- 13.9
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The published setting, or the profile "quick"."""
  config = base()
  config.objective = "infogan_cr"
  config.network = "conv_k4"
  config.latent_dim = 10
  config.hparams.update(learning_rate=2e-3, decoder_learning_rate=1e-3)
  config.hparams.guesser_learning_rate = 2e-3
  config.hparams.update(info=0.05, noise_latents=5.0, r1=0.0)
  config.hparams.update(contrast=2.0, contrast_start=288_000.0)
  config.sweep.seed = tuple(range(10))
  config.train.optimizer = "adam_half"
  config.train.steps = 322_000
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.update(learning_rate=1e-3, decoder_learning_rate=1e-3)
    config.hparams.guesser_learning_rate = 1e-3
    config.hparams.update(info=1.0, noise_latents=2.0, r1=10.0)
    config.hparams.contrast_start = 3000.0
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
