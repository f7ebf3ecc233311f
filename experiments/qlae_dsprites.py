"""QLAE on dSprites: every latent takes one of ten values of its own.

Hsu et al. 2023 (arXiv:2305.18378) and the authors' code (kylehkhsu/
latent_quantization, whose grid has this setting for Shapes3D): twice as many
latents as factors, ten learned values each, weights of 0.01 beside a mean over
pixels (40.96 in nats per image), AdamW 1e-3 with decay 0.1, gradients clipped
by component to 1 (4,096), batch 128, 200,000 steps. There neither the decay nor
the clip is applied to biases and codebook; here the clip is. The network is
theirs, `qlae_conv`; `--config.network=conv` tells the method from it.
There is no prior, no KL and no ELBO; InfoMEC counts the values.

    python -m dvae_jax.main --config=experiments/qlae_dsprites.py
    python -m dvae_jax.main --config=experiments/qlae_dsprites.py:quick

`:quick` gave on 2026-12-01 in 0.7 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    qlae
    mig             0.12 +- 0.12
    infomec         0.51 +- 0.06
    dcimig          0.26 +- 0.07
    factor_vae      0.94 +- 0.03
    reconstruction  15.7 +- 1.0
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "qlae"
  config.network = "qlae_conv"
  config.latent_dim = 10
  config.hparams.update(learning_rate=1e-3, weight_decay=0.1, clip=4096.0)
  config.hparams.update(quantise=40.96, commit=40.96)
  config.sweep.seed = (0, 1, 2, 3, 4)
  config.train.optimizer, config.train.clip = "adamw_all_but_bias", "value"
  config.train.batch_size = 128
  config.train.steps = 200_000
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.update(quantise=10.24, commit=10.24, clip=1024.0)
    config.sweep.seed = (0, 1, 2)
    config.train.batch_size = 64
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
