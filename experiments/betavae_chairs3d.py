"""beta-VAE on 3D chairs: rotation and kind of chair, beta 5.

Higgins et al. 2017 (beta-VAE): beta 5 against the VAE, side by side; 32
latents, batch 64, Adam 1e-4, here for 1,000,000 steps, on the rendered chairs
of Aubry et al. 2014, used without labels. The archive is prepared once: `python
-m dvae_jax.data prepare chairs3d` says how. What comes out are traversals.

The profile `quick` only shows that everything works: chairs drawn here, of
boxes, stand in, at a quarter of the pixels.

    python -m dvae_jax.main --config=experiments/betavae_chairs3d.py
    python -m dvae_jax.main --config=experiments/betavae_chairs3d.py:quick

`:quick` gave on 2026-12-01 in 1.2 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    beta 1        beta 5
    reconstruction  171.8 +- 0.5  195.7 +- 2.4
    kl              8.28 +- 0.42  3.28 +- 0.35
    active_units    4.33 +- 1.43  2.00 +- 0.00
"""

from dvae_jax.config import base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "beta_vae"
  config.network = "conv_k4"
  config.latent_dim = 32
  config.data.name = "chairs3d"
  config.data.resolution = 64
  config.sweep.beta = (1.0, 5.0)
  config.train.steps = 1_000_000
  config.eval.metrics = ()
  if profile == "quick":
    config.data.name = "drawn_chairs"
    config.data.resolution = 32
    config.network = "mlp_small"
    config.latent_dim = 6
    config.hparams.learning_rate = 1e-3
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 3000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
