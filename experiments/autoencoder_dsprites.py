"""An autoencoder on dSprites: the baseline without a prior.

The reconstruction alone, z = mean, in the protocol of Locatello et al. 2019
(arXiv:1811.12359): 10 latents, batch 64, Adam 1e-4, 300,000 steps. Five seeds,
because that is the question: nothing ties an autoencoder's codes to a scale, so
compare their range over seeds with that of `vae_dsprites` (the posterior clouds
of the report, or `means` in codes.npz).

`--config.likelihood=gaussian` trains it by squared error.

    python -m dvae_jax.main --config=experiments/autoencoder_dsprites.py
    python -m dvae_jax.main --config=experiments/autoencoder_dsprites.py:quick

`:quick` gave on 2026-11-29 in 1.5 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    autoencoder
    mig             0.06 +- 0.05
    infomec         0.25 +- 0.17
    dcimig          0.12 +- 0.11
    factor_vae      0.62 +- 0.28
    reconstruction  12.4 +- 0.6
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "autoencoder"
  config.network = "conv"
  config.sweep.seed = (0, 1, 2, 3, 4)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
