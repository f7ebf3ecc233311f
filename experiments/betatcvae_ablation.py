"""Which term disentangles? alpha, beta and gamma of beta-TCVAE in turn.

Chen et al. 2018 (arXiv:1802.04942), eq. 4: alpha MI + beta TC + gamma DWKL.
From the VAE, where all are 1, each weight is moved alone; all points train in
one process because the weights are traced. Chen et al.'s own protocol: `mlp`,
10 latents, batch 2048, Adam 1e-3, 50 epochs of dSprites (18,000 steps).
Departures: minibatch stratified sampling, where theirs is weighted; Glorot's
initialisation, where theirs is PyTorch's default. What comes out: score against
each weight; the `mi`, `tc` and `dwkl` of results.jsonl are exact, those logged
in training are the estimator's.

    python -m dvae_jax.main --config=experiments/betatcvae_ablation.py
    python -m dvae_jax.main --config=experiments/betatcvae_ablation.py:quick

`:quick` gave on 2026-12-01 in 2.3 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    alpha 1, beta 1, gamma 1  alpha 4, beta 1, gamma 1
    mig             0.06 +- 0.10              0.06 +- 0.09
    infomec         0.31 +- 0.20              0.33 +- 0.32
    dcimig          0.08 +- 0.16              0.10 +- 0.19
    factor_vae      0.62 +- 0.34              0.58 +- 0.35
    reconstruction  16.1 +- 1.4               17.0 +- 0.9
    kl              10.1 +- 2.3               10.1 +- 1.5
    active_units    4.00 +- 2.48              4.33 +- 1.43

                    alpha 1, beta 6, gamma 1  alpha 1, beta 1, gamma 4
    mig             0.51 +- 0.94              0.07 +- 0.11
    infomec         0.51 +- 0.67              0.32 +- 0.16
    dcimig          0.53 +- 1.09              0.12 +- 0.13
    factor_vae      0.84 +- 0.69              0.61 +- 0.34
    reconstruction  23.7 +- 4.0               16.2 +- 0.2
    kl              6.71 +- 0.54              13.7 +- 0.6
    active_units    3.00 +- 0.00              4.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "beta_tcvae"
  config.estimator = "mss"
  config.network = "mlp"
  config.hparams.learning_rate = 1e-3
  config.sweep["alpha,beta,gamma"] = (
    (1.0, 1.0, 1.0),
    *((alpha, 1.0, 1.0) for alpha in (0.0, 0.5, 2.0, 4.0)),
    *((1.0, beta, 1.0) for beta in (2.0, 4.0, 6.0, 8.0, 10.0)),
    *((1.0, 1.0, gamma) for gamma in (0.5, 2.0, 4.0)),
  )
  config.train.batch_size = 2048
  config.train.steps = 18_000
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.sweep["alpha,beta,gamma"] = (
      (1.0, 1.0, 1.0),
      (4.0, 1.0, 1.0),
      (1.0, 6.0, 1.0),
      (1.0, 1.0, 4.0),
    )
    config.sweep.seed = (0, 1, 2)
    config.train.batch_size = 64
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
