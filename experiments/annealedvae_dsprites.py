"""Capacity annealing on dSprites: let the KL in slowly.

Burgess et al. 2018 (arXiv:1804.03599), eq. 8, in the protocol of Locatello et
al. 2019 (arXiv:1811.12359): gamma 1000, six capacities reached after 100,000 of
300,000 steps; 10 latents, batch 64, Adam 1e-4. What comes out: the KL follows
the capacity, and latents switch on one after another (KL per latent over
training in the report).

    python -m dvae_jax.main --config=experiments/annealedvae_dsprites.py
    python -m dvae_jax.main --config=experiments/annealedvae_dsprites.py:quick
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
