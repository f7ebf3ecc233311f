"""iVAE on dSprites: a prior that depends on labels.

Khemakhem et al. 2020 (arXiv:1907.04809), who train on nothing like images of
sprites: the protocol is that of Locatello et al. 2019 (10 latents, batch 64,
Adam 1e-4, 300,000 steps), the prior's network the authors' (ilkhem/iVAE): two
hidden layers of 50, normal with mean 0, so that labels move variances alone.
Its labels are all ground-truth factors, `label` = -1, or one of them, counted
from 0: it is no unsupervised method. Codes need no label; there is no ELBO,
because a report has no labels to give to the prior.

    python -m dvae_jax.main --config=experiments/ivae_dsprites.py
    python -m dvae_jax.main --config=experiments/ivae_dsprites.py:quick

`:quick` gave on 2026-11-29 in 1.6 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    ivae
    mig             0.07 +- 0.11
    infomec         0.33 +- 0.25
    dcimig          0.10 +- 0.07
    factor_vae      0.57 +- 0.10
    reconstruction  17.4 +- 2.3
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "ivae"
  config.network = "conv"
  config.hparams.update(beta=1.0, location=0.0, label=-1.0)
  config.hparams.prior_learning_rate = 1e-4
  config.sweep.seed = (0, 1, 2, 3, 4)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.update(learning_rate=1e-3, prior_learning_rate=1e-3)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
