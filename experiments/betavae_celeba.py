"""beta-VAE on CelebA: faces without labels, beta 250.

Higgins et al. 2017 (beta-VAE): beta 250 against the VAE, side by side; 32
latents, squared error, batch 64, Adam 1e-4, here for 1,000,000 steps. CelebA is
fetched by hand once: `python -m dvae_jax.data prepare celeb_a` says how. There
are no ground-truth factors; what comes out are traversals and reconstructions.

The profile `quick` only shows that everything works: 100 small faces and 100
other patches that come with scikit-image stand in, at a smaller beta.

    python -m dvae_jax.main --config=experiments/betavae_celeba.py
    python -m dvae_jax.main --config=experiments/betavae_celeba.py:quick
"""

from dvae_jax.config import base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "beta_vae"
  config.network = "conv_k4"
  config.likelihood = "gaussian"
  config.latent_dim = 32
  config.data.name = "celeb_a"
  config.data.crop = "crop148"
  config.data.resolution = 64
  config.sweep.beta = (1.0, 250.0)
  config.train.steps = 1_000_000
  config.eval.metrics = ()
  if profile == "quick":
    config.data.name = "lfw_subset"
    config.data.crop = ""
    config.data.resolution = 0
    config.network = "mlp_small"
    config.latent_dim = 6
    config.hparams.learning_rate = 1e-3
    config.sweep.beta = (0.1, 1.0)
    config.train.steps = 3000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
