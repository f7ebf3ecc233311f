"""The covariance penalty on five-petal curves: does it find a and b?

A published study of a VAE on curves R = b cos(5 theta) + a, rendered here
(github.com/M-Lin-DM/VAE-zeroshot-learning): does penalising |mean_i mean_j|
align the latents with the two parameters? The setting of its notebook
Train_VAE_entanglement_loss: 256 x 256 pixels, 4,499 training images, 3 latents,
posterior standard deviation fixed at 0.1, batch 8, Adam 1e-4, 10 epochs of 538
steps. Its loss averages over pixels, latents and pairs (weights 1e-3 and 1e-4);
`convert.from_keras_covariance` states it in nats per image: beta 43.7, gamma
6.55. Its author found that the penalty did not force disentanglement and that
the sheet's orientation in latent space depends on the initialisation: hence no
penalty, its penalty and ten times that, from three initialisations each. There
the loss of the held-out images ended at 0.0229 a pixel: 1,501 nats per image.

    python -m dvae_jax.main --config=experiments/covariance_petals.py
    python -m dvae_jax.main --config=experiments/covariance_petals.py:published
    python -m dvae_jax.main --config=experiments/covariance_petals.py:punctured
    python -m dvae_jax.main --config=experiments/covariance_petals.py:weights
    python -m dvae_jax.main --config=experiments/covariance_petals.py:quick

`published` is the study's zero-shot run (notebook
Train_VAE_sampleweights_constant_variance and the article's second part): the
hole left out, KL weight 8e-3, no penalty, 30 epochs; its loss ended at 0.0866 a
pixel. Its sample weights broadcast to (B, B), so that they scale a whole batch
by twice its mean weight and no image against another. Adam hardly sees such a
factor; it is left out here. `punctured` leaves out the hole in the first
setting. `weights` weighs images as the article says that the study did, from 1
at the smallest b down to 0 at the largest, with KL weight 8e-3 and no penalty.
Group normalisation stands in for batch normalisation.

`:quick` gave on 2026-12-01 in 4.3 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    gamma 0       gamma 0.4096  gamma 4.096
    reconstruction  169.8 +- 2.6  170.6 +- 2.3  171.5 +- 3.4
    kl              6.84 +- 0.15  6.81 +- 0.04  6.55 +- 0.14
    active_units    3.00 +- 0.00  3.00 +- 0.00  3.00 +- 0.00
"""

from dvae_jax.config import base
from dvae_jax.methods.convert import from_keras_covariance

PROFILES = ("published", "punctured", "weights", "quick")


def get_config(profile: str = ""):
  """The study's setting, or one of PROFILES."""
  if profile not in ("", *PROFILES):
    raise ValueError(f"profile {profile!r}: allowed are {PROFILES}")
  config = base()
  config.objective = "covariance_vae"
  config.network = "petals_conv"
  config.latent_dim = 3
  config.data.name = "petals"
  config.data.resolution = 64 if profile == "quick" else 256
  variants = {"published": "punctured", "quick": "full", "": "full"}
  config.data.variant = variants.get(profile, profile)
  weights = from_keras_covariance(
    8e-3 if profile in ("weights", "published") else 1e-3,
    1e-4,
    latent_dim=config.latent_dim,
    num_pixels=config.data.resolution**2,
  )
  config.hparams.posterior_std = 0.1
  config.hparams.beta = weights["beta"]
  config.sweep.seed = (0, 1, 2)
  config.sweep.gamma = (0.0, weights["gamma"], 10 * weights["gamma"])
  config.train.batch_size = 8
  config.train.steps = 5380  # 10 epochs of 538 steps
  config.eval.metrics = ()
  if profile in ("weights", "published"):
    config.sweep.gamma = (0.0,)
  if profile == "published":
    config.train.steps = 16_140  # 30 epochs
  if profile == "quick":
    config.network = "mlp_small"
    config.hparams.learning_rate = 1e-3
    config.sweep.seed = (0, 1, 2)
    config.train.batch_size = 32
    config.train.steps = 2000
  return config
