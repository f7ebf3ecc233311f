"""A VAE on MNIST with two latents: the first picture of every course.

Kingma & Welling 2014 (arXiv:1312.6114): two latents, so that the report's
posterior cloud, coloured by digit, shows all there is. 1200-unit network, batch
100, Adam 1e-3, 100 epochs; three seeds, whose maps of the digits differ by more
than a rotation. MNIST is prepared once: `python -m dvae_jax.data prepare
mnist`. `--config.data.name=fashion_mnist` takes the clothes.

The profile `quick` takes the 1,797 digits of 8 x 8 pixels of scikit-learn.

    python -m dvae_jax.main --config=experiments/vae_mnist.py
    python -m dvae_jax.main --config=experiments/vae_mnist.py:quick

`:quick` gave on 2026-12-01 in 0.4 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    vae
    reconstruction  20.7 +- 0.4
    kl              3.05 +- 0.25
    active_units    2.00 +- 0.00
"""

from dvae_jax.config import base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "vae"
  config.network = "mlp"
  config.latent_dim = 2
  config.data.name = "mnist"
  config.hparams.learning_rate = 1e-3
  config.sweep.seed = (0, 1, 2)
  config.train.batch_size = 100
  config.train.steps = 60_000
  config.eval.metrics = ()
  if profile == "quick":
    config.data.name = "digits"
    config.network = "mlp_small"
    config.hparams.learning_rate = 1e-3
    config.train.steps = 3000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
