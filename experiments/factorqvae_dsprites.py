"""FactorQVAE on dSprites: one codebook for all latents, and a critic.

Baykal et al. 2024 (arXiv:2409.14851) and the authors' code (ituvisionlab/
FactorQVAE), which has no dSprites: this is its setting for Shapes3D. Twice as
many latents as factors, 64 values, Gumbel-softmax at temperature 1; squared
error; weights 1e-3 of the KL beside means over pixels and latents (0.41 in nats
per image) and 1e-4 of the critic's estimate (0.41); batch 512 in two halves,
Adam 1e-3 for both, along half a cosine, 50,000 updates (their 100,000 steps
count both optimizers'). There the rate ends at 1.25e-6, here at 0; their
network is a residual one 128 wide.
There is no ELBO: what is decoded in training is a mixture of values.

    python -m dvae_jax.main --config=experiments/factorqvae_dsprites.py
    python -m dvae_jax.main --config=experiments/factorqvae_dsprites.py:quick

`:quick` gave on 2026-11-29 in 2.2 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    factor_qvae
    mig             0.09 +- 0.01
    infomec         0.18 +- 0.04
    dcimig          0.10 +- 0.02
    factor_vae      0.75 +- 0.25
    reconstruction  3.35 +- 2.75
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The published setting, or the profile "quick"."""
  config = base()
  config.objective = "factor_qvae"
  config.network = "conv"
  config.likelihood = "gaussian"
  config.hparams.update(learning_rate=1e-3, critic_learning_rate=1e-3)
  config.hparams.update(temperature=1.0, beta=0.41, gamma=0.41)
  config.sweep.seed = (0, 1, 2, 3, 4)
  config.train.schedule = "cosine"
  config.train.batch_size = 256
  config.train.steps = 50_000
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.update(beta=0.17, gamma=0.1)
    config.sweep.seed = (0, 1, 2)
    config.train.batch_size = 64
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
