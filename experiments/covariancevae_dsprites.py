"""The covariance penalty on dSprites: does it disentangle?

beta KL + gamma times the mean of |mean_i mean_j| over pairs of latents, with
the posterior's standard deviation fixed at 0.1: the "entanglement loss" of the
study behind `covariance_petals`, in the protocol of Locatello et al. 2019
(arXiv:1811.12359): 10 latents, batch 64, Adam 1e-4, 300,000 steps. The study's
weights (1e-3 and 1e-4, on means over pixels, latents and pairs) become nats per
image by `convert.from_keras_covariance`; gamma is then swept from 0 to 1,000
times that. The objective `covariance_vae_learned` learns the variances instead.

    python -m dvae_jax.main --config=experiments/covariancevae_dsprites.py
    python -m dvae_jax.main --config=experiments/covariancevae_dsprites.py:quick

`:quick` gave on 2026-12-01 in 1.3 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    gamma 0       gamma 100
    mig             0.06 +- 0.02  0.06 +- 0.12
    infomec         0.30 +- 0.15  0.42 +- 0.09
    dcimig          0.08 +- 0.03  0.07 +- 0.10
    factor_vae      0.54 +- 0.26  0.42 +- 0.11
    reconstruction  15.5 +- 0.5   41.2 +- 2.5
    kl              13.8 +- 0.0   12.4 +- 0.3
    active_units    6.00 +- 0.00  6.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base
from dvae_jax.methods.convert import from_keras_covariance


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "covariance_vae"
  config.network = "conv"
  config.hparams.posterior_std = 0.1
  weights = from_keras_covariance(
    1e-3, 1e-4, latent_dim=config.latent_dim, num_pixels=64 * 64
  )
  config.hparams.beta = weights["beta"]
  config.sweep.gamma = tuple(
    factor * weights["gamma"] for factor in (0.0, 1.0, 10.0, 100.0, 1000.0)
  )
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.gamma = (0.0, 100.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
