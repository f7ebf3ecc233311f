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
