"""InfoGAN on dSprites: codes that a discriminator can read off an image.

Chen et al. 2016 (arXiv:1606.03657), in the dSprites setting of Lin et al. 2020
(arXiv:1906.06034, fjxmlzn/InfoGAN-CR): 5 codes and 5 latents of noise, uniform
over [-1, 1], recognised by a normal Q of variance 1 whose weight is 0.05; batch
64, Adam with a first decay rate of 0.5, 2e-3 for the discriminator and 1e-3 for
the generator, 28 epochs. There the discriminator is spectrally normalised and
the generator normalises over the batch; here neither is.

    python -m dvae_jax.main --config=experiments/infogan_dsprites.py
    python -m dvae_jax.main --config=experiments/infogan_dsprites.py:quick

A code is what the discriminator recognises. There is no ELBO; "reconstruction"
compares an image with what the generator makes of its code, and nothing lowers
it in training. The quick profile penalises the discriminator's slope by r1 10
(Mescheder et al. 2018): without it the generator draws clean squares, but not
at every height.

`:quick` gave on 2026-12-01 in 1.3 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    infogan
    mig             0.04 +- 0.06
    infomec         0.39 +- 0.21
    dcimig          0.13 +- 0.19
    factor_vae      0.62 +- 0.13
    reconstruction  29.9 +- 6.6
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The published setting, or the profile "quick"."""
  config = base()
  config.objective = "infogan"
  config.network = "conv_k4"
  config.latent_dim = 10
  config.hparams.update(learning_rate=2e-3, decoder_learning_rate=1e-3)
  config.hparams.update(info=0.05, noise_latents=5.0, r1=0.0)
  config.sweep.seed = tuple(range(10))
  config.train.optimizer = "adam_half"
  config.train.steps = 322_000
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.update(learning_rate=1e-3, decoder_learning_rate=1e-3)
    config.hparams.update(info=1.0, noise_latents=2.0, r1=10.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
