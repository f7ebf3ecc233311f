"""DC-IGN on dSprites: in a group of images one factor varies.

Kulkarni et al. 2015 (arXiv:1503.03167), who render faces and chairs: groups of
20 images, one latent for each of pose and light and all further ones for shape,
the others' differences from their mean pulled at by 1/100 [from memory of the
paper; the authors' code, willwhitney/dc-ign, leaves them out and clamps to the
group's first image: `--config.hparams.first_image=1
--config.hparams.invariance=0`]. Here factors are drawn alike; they draw shape
more often. All else is the protocol of Locatello et al. 2019 (10 latents, Adam
1e-4, 300,000 steps), with 4 groups a step, 80 images, where they take one and
RMSprop. The labels say which factor varies: it is no unsupervised method.

    python -m dvae_jax.main --config=experiments/dcign_dsprites.py
    python -m dvae_jax.main --config=experiments/dcign_dsprites.py:quick
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "dc_ign"
  config.network = "conv"
  config.hparams.update(beta=1.0, invariance=0.01, first_image=0.0)
  config.sweep.seed = (0, 1, 2, 3, 4)
  config.train.batch_size = 4
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
