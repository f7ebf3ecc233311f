"""Methods of today beside the classics, on the laptop study's grid.

The same data, network, steps and ten seeds as experiments/study_reference.py's
`laptop`, so that results/laptop and this one are one table. Strengths were
chosen on seeds 100 and 101, which are not in it. `ada_gvae` and `slow_vae` see
pairs that share factors, which the others don't.

    python -m dvae_jax.study run --config=experiments/study_modern.py
    python -m dvae_jax.study gather runs/study_modern --out=results/modern
    python -m dvae_jax.study report results/modern --out=results/modern/report

Profile "quick" is two seeds and a tenth of the steps.
"""

from dvae_jax.config import FAST_METRICS, base
from dvae_jax.studies import Study

# Objective -> what is swept.
SWEEPS: dict[str, dict[str, tuple]] = {
  "autoencoder": {},
  "qlae": {},
  "hausdorff_vae": {"beta,gamma": ((4.0, 20.0), (6.0, 20.0))},
  "covariance_vae": {"gamma": (1.0, 100.0)},
  "ada_gvae": {"beta": (1.0, 4.0)},
  "slow_vae": {},
}
FIXED: dict[str, dict[str, float]] = {
  "hausdorff_vae": {"scale": 0.0},
  "qlae": {"weight_decay": 0.1, "quantise": 10.24, "commit": 10.24},
  "slow_vae": {
    "beta": 0.5, "gamma": 10.0, "laplace_rate": 6.0, "entropy": 0.5,
  },
  "covariance_vae": {"beta": 1.0, "posterior_std": 0.1},
}  # fmt: skip
METRICS = (*FAST_METRICS, "mcc", "jemmig", "mig_sup", "z_max_var")


def run(objective: str, seeds: tuple[int, ...]):
  """The config of one method, its strengths and seeds swept."""
  config = base()
  config.objective, config.network, config.latent_dim = objective, "mlp_tiny", 6
  config.data.resolution, config.data.stride = 32, (1, 2, 14, 2, 4)
  config.hparams.learning_rate = 1e-3
  config.hparams.update(FIXED.get(objective, {}))
  config.sweep.update(SWEEPS[objective])
  config.sweep.seed = seeds
  config.train.steps, config.checkpoint.every = 6000, 2000
  config.eval.metrics = METRICS
  if objective == "ada_gvae":
    config.data.pair_changes = 1
  if objective == "qlae":
    config.train.optimizer, config.train.clip = "adamw_all_but_bias", "value"
    config.hparams.clip = 1024.0
  return config


def get_study(profile: str = "") -> Study:
  """Ten seeds, or the profile "quick"."""
  if profile not in ("", "quick"):
    raise ValueError(f"profile {profile!r}: allowed is 'quick', or none")
  runs = {name: run(name, tuple(range(10))) for name in SWEEPS}
  if profile == "quick":
    for config in runs.values():
      config.sweep.seed = (0, 1)
      config.train.steps, config.checkpoint.every = 600, 600
      config.eval.metrics = ("mig",)
  return Study(runs, lanes=20)
