"""beta-TCVAE on dSprites: only the total correlation pays beta.

Chen et al. 2018 (arXiv:1802.04942) with alpha = gamma = 1, in the protocol of
Locatello et al. 2019 (arXiv:1811.12359): six betas, 10 latents, batch 64, Adam
1e-4, 300,000 steps, minibatch weighted sampling. That estimator's total
correlation is up to (D - 1) log(B N) nats too high, and at a batch of 64 most
of its gradient moves widths (`python -m benchmarks.estimators`). The `mi`, `tc`
and `dwkl` of results.jsonl are exact; those logged in training are not.

    python -m dvae_jax.main --config=experiments/betatcvae_dsprites.py
    python -m dvae_jax.main --config=experiments/betatcvae_dsprites.py:quick

`:quick` gave on 2026-11-30 in 4.1 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    beta 1        beta 6        beta 12
    mig             0.06 +- 0.10  0.37 +- 0.71  0.28 +- 0.35
    infomec         0.31 +- 0.20  0.48 +- 0.58  0.61 +- 0.22
    dcimig          0.08 +- 0.16  0.42 +- 0.75  0.36 +- 0.32
    factor_vae      0.62 +- 0.34  0.86 +- 0.40  0.81 +- 0.20
    reconstruction  16.1 +- 1.4   28.0 +- 15.6  41.4 +- 2.3
    kl              10.1 +- 2.3   6.22 +- 1.21  4.87 +- 0.09
    active_units    4.00 +- 2.48  2.67 +- 1.43  2.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "beta_tcvae"
  config.estimator = "mws"
  config.network = "conv"
  config.hparams.alpha = 1.0
  config.hparams.gamma = 1.0
  config.sweep.beta = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0)
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep.beta = (1.0, 6.0, 12.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
