"""Ada-ML-VAE on dSprites: pairs of images that share most factors.

Locatello et al. 2020 (arXiv:2002.02886): 10 latents, batch of 64 pairs, Adam
1e-4, 300,000 steps, six betas. The images of a pair differ in one factor, and
no label says in which; the objective finds the latents that a pair shares and
multiplies their posteriors. `--config.data.pair_changes=0` draws pairs that
differ in a random number of factors; `--config.objective=ada_mlvae_averaged`
averages precisions, as disentanglement_lib does, where a product adds them.

    python -m dvae_jax.main --config=experiments/adamlvae_dsprites.py
    python -m dvae_jax.main --config=experiments/adamlvae_dsprites.py:quick

`:quick` gave on 2026-12-01 in 1.9 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    beta 1        beta 4
    mig             0.89 +- 0.04  0.68 +- 0.46
    infomec         0.68 +- 0.07  0.67 +- 0.30
    dcimig          0.90 +- 0.03  0.69 +- 0.50
    factor_vae      1.00 +- 0.00  0.89 +- 0.48
    reconstruction  16.4 +- 0.4   30.0 +- 10.9
    kl              8.61 +- 0.05  6.04 +- 0.68
    active_units    6.00 +- 0.00  6.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "ada_mlvae"
  config.network = "conv"
  config.data.pair_changes = 1
  config.sweep.beta = (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.beta = (1.0, 4.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
