"""The covariance penalty on five-petal curves: does it find a and b?

A published study of a VAE on curves R = b cos(5 theta) + a, rendered here: does
penalising |mean_i mean_j| align the latents with the two parameters? Its
setting: 256 x 256 pixels, 4,499 training images, 3 latents, posterior standard
deviation fixed at 0.1, batch 8, Adam 1e-4, 10 epochs. Its loss averages over
pixels, latents and pairs (weights 1e-3 and 1e-4);
`convert.from_keras_covariance` states it in nats per image: beta 43.7, gamma
6.55. Its author found that the penalty did not force disentanglement and that
the sheet's orientation in latent space depends on the initialisation: hence no
penalty, its penalty and ten times that, from three initialisations each.

    python -m dvae_jax.main --config=experiments/covariance_petals.py
    python -m dvae_jax.main --config=experiments/covariance_petals.py:punctured
    python -m dvae_jax.main --config=experiments/covariance_petals.py:weights
    python -m dvae_jax.main --config=experiments/covariance_petals.py:quick

`punctured` leaves out a hole in the middle of the sheet: can the model fill it?
`weights` weighs images from 1 at the smallest b down to 0 at the largest, with
the study's other KL weight (8e-3) and no penalty.
"""

from dvae_jax.config import base
from dvae_jax.methods.convert import from_keras_covariance


def get_config(profile: str = ""):
  """The study's setting, or "punctured", "weights" or "quick"."""
  if profile not in ("", "punctured", "weights", "quick"):
    raise ValueError(
      f"profile {profile!r}: allowed are 'punctured', 'weights' and 'quick'"
    )
  config = base()
  config.objective = "covariance_vae"
  config.network = "petals_conv"
  config.latent_dim = 3
  config.data.name = "petals"
  config.data.resolution = 64 if profile == "quick" else 256
  config.data.variant = {"quick": "full", "": "full"}.get(profile, profile)
  weights = from_keras_covariance(
    8e-3 if profile == "weights" else 1e-3,
    1e-4,
    latent_dim=config.latent_dim,
    num_pixels=config.data.resolution**2,
  )
  config.hparams.posterior_std = 0.1
  config.hparams.beta = weights["beta"]
  config.sweep.seed = (0, 1, 2)
  config.sweep.gamma = (0.0, weights["gamma"], 10 * weights["gamma"])
  config.train.batch_size = 8
  config.train.steps = 5624  # 10 epochs
  config.eval.metrics = ()
  if profile == "weights":
    config.sweep.gamma = (0.0,)
  if profile == "quick":
    config.network = "mlp_small"
    config.hparams.learning_rate = 1e-3
    config.sweep.seed = (0,)
    config.train.batch_size = 32
    config.train.steps = 2000
  return config
