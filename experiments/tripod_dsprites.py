"""Tripod on dSprites: values, independence and a Hessian that is diagonal.

Hsu et al. 2024 (arXiv:2404.10282) and the authors' code (kylehkhsu/tripod), in
its setting for Shapes3D, for it has none for dSprites: twice as many latents as
factors, twelve fixed values each, weights of 1e-4 for the multi-information and
1e-2 for the Hessian penalty beside a mean over pixels (0.41 and 40.96 in nats
per image), Adam 2e-4, gradients clipped by component to 1 (4,096), batch 64,
250,000 steps, on their residual network, whose decoder is penalised at four
places. The authors' marginal bandwidths are those of
`--config.objective=tripod_published`; `--config.network=qlae_conv` is QLAE's
network, of which every hidden layer counts, before its activation.
There is no prior, no KL and no ELBO. The quick profile's network normalises its
layers: without that the tanh of the codes saturates.

    python -m dvae_jax.main --config=experiments/tripod_dsprites.py
    python -m dvae_jax.main --config=experiments/tripod_dsprites.py:quick

`:quick` gave on 2026-12-01 in 1.0 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                       tripod
    mig                0.09 +- 0.13
    infomec            0.38 +- 0.20
    dcimig             0.12 +- 0.10
    factor_vae         0.69 +- 0.07
    reconstruction     30.1 +- 7.3
    total_correlation  0.56 +- 1.22
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The published setting, or the profile "quick"."""
  config = base()
  config.objective = "tripod"
  config.network = "tripod_resnet"
  config.hparams.update(learning_rate=2e-4, clip=4096.0)
  config.hparams.update(information=0.41, hessian=40.96)
  config.sweep.seed = (0, 1, 2, 3, 4)
  config.train.clip = "value"
  config.train.steps = 250_000
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_norm"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.update(learning_rate=1e-3, clip=1024.0)
    config.hparams.update(information=0.03, hessian=1.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
