"""Capacity annealing on dSprites: let the KL in slowly.

Burgess et al. 2018 (arXiv:1804.03599), eq. 8, in the protocol of Locatello et
al. 2019 (arXiv:1811.12359): gamma 1000, six capacities reached after 100,000 of
300,000 steps; 10 latents, batch 64, Adam 1e-4. What comes out: the KL follows
the capacity, and latents switch on one after another (KL per latent over
training in the report).

    python -m dvae_jax.main --config=experiments/annealedvae_dsprites.py
    python -m dvae_jax.main --config=experiments/annealedvae_dsprites.py:quick

`:quick` gave on 2026-12-01 in 1.2 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    capacity 4    capacity 8
    mig             0.32 +- 0.47  0.33 +- 0.44
    infomec         0.53 +- 0.31  0.54 +- 0.38
    dcimig          0.33 +- 0.50  0.36 +- 0.39
    factor_vae      0.70 +- 0.14  0.90 +- 0.31
    reconstruction  50.0 +- 1.7   19.9 +- 1.0
    kl              3.99 +- 0.15  7.92 +- 0.38
    active_units    2.00 +- 0.00  3.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "annealed_vae"
  config.network = "conv"
  config.hparams.gamma = 1000.0
  config.hparams.annealing_steps = 100_000.0
  config.sweep.capacity = (5.0, 10.0, 25.0, 50.0, 75.0, 100.0)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.hparams.gamma = 30.0
    config.hparams.annealing_steps = 4000.0
    config.sweep.capacity = (4.0, 8.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
