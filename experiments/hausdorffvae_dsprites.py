"""Hausdorff VAE on dSprites: codes that occur in every combination.

Roth et al. 2023 (arXiv:2210.07347), factorised support, in the protocol of
Locatello et al. 2019: 10 latents, batch 64, Adam 1e-4, 300,000 steps. Supports
are to be products, not densities, so that correlated factors do no harm:

    python -m dvae_jax.main --config=experiments/hausdorffvae_dsprites.py
    python -m dvae_jax.main --config=experiments/hausdorffvae_dsprites.py:quick
    python -m dvae_jax.main --config=experiments/hausdorffvae_dsprites.py \\
      --config.data.correlate=posX,posY

gamma and beta span the authors' grid (facebookresearch/
disentangling-correlated-factors); `scale` is 0 there, too.
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "hausdorff_vae"
  config.network = "conv"
  config.hparams.update(scale=0.0)
  config.sweep.beta = (0.0, 1.0, 4.0)
  config.sweep.gamma = (10.0, 100.0, 1000.0)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.beta, config.sweep.gamma = (4.0,), (0.0, 20.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
