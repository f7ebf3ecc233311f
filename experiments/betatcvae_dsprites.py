"""beta-TCVAE on dSprites: only the total correlation pays beta.

Chen et al. 2018 (arXiv:1802.04942) with alpha = gamma = 1, in the protocol of
Locatello et al. 2019 (arXiv:1811.12359): six betas, 10 latents, batch 64, Adam
1e-4, 300,000 steps, minibatch weighted sampling. That estimator's total
correlation is up to (D - 1) log(B N) nats too high, and at a batch of 64 most
of its gradient moves widths (`python -m benchmarks.estimators`). The `mi`, `tc`
and `dwkl` of results.jsonl are exact; those logged in training are not.

    python -m dvae_jax.main --config=experiments/betatcvae_dsprites.py
    python -m dvae_jax.main --config=experiments/betatcvae_dsprites.py:quick
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
