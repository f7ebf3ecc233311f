"""Methods of today beside the classics, on the laptop study's grid.

The same data, network, steps and ten seeds as experiments/study_reference.py's
`laptop`, so that results/laptop and this one are one table: 160 models. A
method has one strength, most of them that of its own quick profile, or two;
QLAE's decay is the better of two on seeds 100 and 101, which aren't in the
study. `ada_gvae` and `slow_vae` see pairs that share factors, `dc_ign` groups
in which one varies, `ivae` the factors themselves; the others see images alone.
With this network, which normalises nothing, the tanh of Tripod's latents
saturates: lanes that decode one image, at 128 nats, are no measure of it; those
of profile "normed" are.

    python -m dvae_jax.study run --config=experiments/study_modern.py
    python -m dvae_jax.study gather runs/study_modern --out=results/modern
    python -m dvae_jax.study report results/modern --out=results/modern/report
    python -m benchmarks.rotated     # once there are results/budgets, too
    python -m benchmarks.results

Profile "budgets" trains ten methods, the classics of results/laptop among
them, at their best settings with a third and with three times the steps, and
InfoGAN with a penalty of its discriminator's slope; "normed" Tripod, and three
others beside it, on a network that normalises its layers; "choose" how QLAE's
decay was chosen, "quick" two seeds of every method and a tenth of the steps.

    for P in budgets normed; do
      python -m dvae_jax.study run --config=experiments/study_modern.py:$P
      python -m dvae_jax.study gather runs/study_modern_$P --out=results/$P
      python -m dvae_jax.study report results/$P --out=results/$P/report
    done
"""

from dvae_jax.config import base
from dvae_jax.studies import Study

# Objective -> what is swept.
SWEEPS: dict[str, dict[str, tuple]] = {
  "autoencoder": {},
  "qlae": {},
  "tripod": {"information,hessian": ((0.1, 1.0), (0.1, 0.1))},
  "hausdorff_vae": {},
  "infogan": {"info": (1.0, 5.0)},
  "factor_qvae": {},
  "info_vae": {"alpha,lambda_mmd": ((1.0, 1000.0), (-3.0, 100.0))},
  "slow_vae": {},
  "ada_gvae": {},
  "dc_ign": {},
  "ivae": {},
  "alpha_tcvae": {},
  "covariance_vae": {},
}
FIXED: dict[str, dict[str, float]] = {
  "qlae": {
    "quantise": 10.24, "commit": 10.24, "weight_decay": 0.01, "clip": 1024.0,
  },
  "tripod": {"clip": 1024.0},
  "hausdorff_vae": {"beta": 4.0, "gamma": 20.0, "scale": 0.0},
  "infogan": {"decoder_learning_rate": 1e-3, "noise_latents": 1.0, "r1": 0.0},
  "factor_qvae": {
    "temperature": 1.0, "beta": 0.17, "gamma": 0.1,
    "critic_learning_rate": 1e-3,
  },
  "info_vae": {"bandwidth": 4.24},
  "slow_vae": {
    "beta": 0.5, "gamma": 10.0, "laplace_rate": 6.0, "entropy": 0.5,
  },
  "ada_gvae": {"beta": 1.0},
  "dc_ign": {"beta": 1.0, "invariance": 0.01, "first_image": 0.0},
  "ivae": {
    "beta": 1.0, "location": 0.0, "label": -1.0, "prior_learning_rate": 1e-3,
  },
  "alpha_tcvae": {"alpha": 0.25},
  "covariance_vae": {"beta": 1.0, "gamma": 100.0, "posterior_std": 0.1},
}  # fmt: skip
# Objective -> its setting with the best mean MIG at 6,000 steps, here or in
# results/laptop.
BEST: dict[str, dict[str, float]] = {
  "beta_vae": {"beta": 6.0},
  "annealed_vae": {"capacity": 5.0, "gamma": 30.0},
  "factor_vae": {"gamma": 80.0, "critic_learning_rate": 1e-3},
  "dip_vae_i": {"lambda_od": 1.0, "lambda_d": 10.0},
  "dip_vae_ii": {"lambda_od": 50.0, "lambda_d": 50.0},
  "beta_tcvae": {"alpha": 1.0, "beta": 8.0, "gamma": 1.0},
  "autoencoder": {},
  "qlae": {},
  "tripod": {"information": 0.1, "hessian": 1.0},
  "hausdorff_vae": {},
  "infogan": {"info": 1.0, "r1": 10.0},
}
BUDGETS = (2000, 18_000)  # steps, beside 6,000
METRICS = (
  "mig", "mig_exact", "sap", "beta_vae", "factor_vae", "modularity", "dcimig",
  "infomec", "mcc",
)  # fmt: skip


def run(objective: str, seeds: tuple[int, ...], *, steps: int = 6000):
  """The config of one method, its strengths and seeds swept."""
  config = base()
  config.objective, config.network, config.latent_dim = objective, "mlp_tiny", 6
  config.data.resolution, config.data.stride = 32, (1, 2, 14, 2, 4)
  config.hparams.learning_rate = 1e-3
  config.hparams.update(FIXED.get(objective, {}))
  config.sweep.update(SWEEPS.get(objective, {}))
  config.sweep.seed = seeds
  config.train.steps, config.checkpoint.every = steps, 2000
  config.eval.metrics = METRICS
  if objective == "ada_gvae":
    config.data.pair_changes = 1
  if objective in ("qlae", "tripod"):
    config.train.clip = "value"
  if objective == "qlae":
    config.train.optimizer = "adamw_all_but_bias"
  if objective == "factor_qvae":
    config.likelihood = "gaussian"
  if objective == "infogan":
    config.train.optimizer = "adam_half"
  if objective == "dc_ign":
    config.train.batch_size = 4  # groups, of 20 images
  return config


def choose() -> Study:
  """QLAE at the paper's decay and at a tenth of it."""
  config = run("qlae", (100, 101))
  config.sweep.weight_decay = (0.1, 0.01)
  return Study({"qlae": config}, lanes=20)


def budgets() -> Study:
  """Fewer and more steps, at each method's best setting."""
  runs = {}
  for name, setting in BEST.items():
    if name == "tripod":  # needs another network: see `normed`
      continue
    for steps in (*BUDGETS, *([6000] if name == "infogan" else [])):
      config = runs[f"{name}_{steps}"] = run(
        name, tuple(range(10)), steps=steps
      )
      config.sweep = {"seed": config.sweep.seed}
      config.hparams.update(setting)
      if name == "annealed_vae":
        config.hparams.annealing_steps = steps * 2 / 3
  return Study(runs, lanes=20)


def normed() -> Study:
  """Tripod and three methods beside it on a network that normalises."""
  runs = {}
  for name in ("tripod", "qlae", "beta_tcvae", "autoencoder"):
    for steps in (6000, *(BUDGETS if name == "tripod" else ())):
      config = run(name, tuple(range(10)), steps=steps)
      config.network, config.sweep = "mlp_norm", {"seed": config.sweep.seed}
      config.hparams.update(BEST[name])
      runs[f"{name}_normed_{steps}"] = config
  return Study(runs, lanes=20)


def quick() -> Study:
  """Two seeds of each, a tenth of the steps."""
  runs = {name: run(name, (0, 1), steps=600) for name in SWEEPS}
  for config in runs.values():
    config.checkpoint.every = 600
    config.eval.metrics = ("mig",)
  return Study(runs, lanes=20)


def get_study(profile: str = "") -> Study:
  """Ten seeds, or a profile."""
  profiles = {
    "choose": choose,
    "budgets": budgets,
    "normed": normed,
    "quick": quick,
  }
  if profile in profiles:
    return profiles[profile]()
  if profile:
    raise ValueError(
      f"profile {profile!r}: allowed are {', '.join(profiles)}, or none"
    )
  seeds = tuple(range(10))
  return Study({name: run(name, seeds) for name in SWEEPS}, lanes=20)
