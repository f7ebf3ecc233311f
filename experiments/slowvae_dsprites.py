"""SlowVAE on dSprites: from image to image few factors change.

Klindt et al. 2021 (arXiv:2007.10930), with the weights of the authors' code
(bethgelab/slow_disentanglement: beta 1, gamma 10, rate 6 of a loss twice this
one's, where H(q) counts once for both directions): 10 latents, batch of 64
pairs, Adam 1e-4, 300,000 steps. Pairs differ in a random number of factors,
uniformly, as in their UNI; no label says in which. Their LAP, where factors
move by steps of a Laplace distribution and shapes stay, is the last command:

    python -m dvae_jax.main --config=experiments/slowvae_dsprites.py
    python -m dvae_jax.main --config=experiments/slowvae_dsprites.py:quick
    python -m dvae_jax.main --config=experiments/slowvae_dsprites.py \\
      --config.data.pair_changes=-1

`:quick` gave on 2026-12-01 in 1.0 minutes of processor time (seeds 0, 1, 2;
means, +- half a 95% interval; python -m benchmarks.experiments):

                    slow_vae
    mig             0.55 +- 0.39
    infomec         0.74 +- 0.27
    dcimig          0.59 +- 0.36
    factor_vae      0.96 +- 0.17
    reconstruction  23.3 +- 1.0
    kl              14.3 +- 0.1
    active_units    6.00 +- 0.00
"""

from dvae_jax.config import FAST_METRICS, base


def get_config(profile: str = ""):
  """The reference protocol, or the profile "quick"."""
  config = base()
  config.objective = "slow_vae"
  config.network = "conv"
  config.hparams.update(beta=0.5, gamma=10.0, laplace_rate=6.0, entropy=0.5)
  config.sweep.seed = tuple(range(10))
  if profile == "quick":
    config.eval.metrics = FAST_METRICS
    config.network = "mlp_tiny"
    config.latent_dim = 6
    config.data.resolution = 32
    config.data.stride = (3, 1, 40, 2, 4)
    config.hparams.update(learning_rate=1e-3, beta=1.0, gamma=4.0)
    config.sweep.seed = (0, 1, 2)
    config.train.steps = 6000
  elif profile:
    raise ValueError(f"profile {profile!r}: allowed is 'quick'")
  return config
