"""The large study of disentanglement: six methods, their strengths, many seeds.

Locatello et al. 2019 (arXiv:1811.12359): 6 methods x 6 strengths x 50 seeds on
each data set, 10 latents, batch 64, Adam 1e-4, 300,000 steps.

    python -m dvae_jax.study run --config=experiments/study_reference.py:laptop
    python -m dvae_jax.study report runs/study_reference_laptop

and, for more of what chooses without labels and of what codes are good for,

    python -m dvae_jax.study run --metrics=pipe,downstream \\
      --config=experiments/study_reference.py:laptop
    python -m dvae_jax.study centrality runs/study_reference_laptop \\
      --votes=200 --group_size=50

`laptop` is 360 models, ten seeds, for two cores: shapes of dSprites at 32
pixels, 3 shapes x 3 sizes x 3 orientations x 16 x 8 positions = 3,456 images,
6 latents, a small network, 6,000 steps at 1e-3. `quick` is 27 of them: three
methods, three strengths, seeds 0 to 2, 2,000 steps.

What `laptop` gave is in results/laptop. Training and evaluation took 31 minutes
on two idle cores (2026-12-01), the report 20 seconds. Its strengths were
narrowed on seeds 100 to 102, which are not in it; DIP-VAE's are the
reference's. `dci`, whose trees take longest, is left out.
"""

from dvae_jax.config import FAST_METRICS, base
from dvae_jax.studies import Study

REFERENCE = {
  "beta_vae": ("beta", (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)),
  "annealed_vae": ("capacity", (5.0, 10.0, 25.0, 50.0, 75.0, 100.0)),
  "factor_vae": ("gamma", (10.0, 20.0, 30.0, 40.0, 50.0, 100.0)),
  "dip_vae_i": ("lambda_od", (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)),
  "dip_vae_ii": ("lambda_od", (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)),
  "beta_tcvae": ("beta", (1.0, 2.0, 4.0, 6.0, 8.0, 10.0)),
}
LAPTOP = REFERENCE | {
  "beta_vae": ("beta", (1.0, 2.0, 3.0, 4.0, 6.0, 8.0)),
  "annealed_vae": ("capacity", (3.0, 5.0, 6.0, 7.0, 9.0, 12.0)),
  "factor_vae": ("gamma", (2.0, 5.0, 10.0, 20.0, 40.0, 80.0)),
  "beta_tcvae": ("beta", (2.0, 4.0, 6.0, 8.0, 12.0, 16.0)),
}
# Beside FAST_METRICS; all are quick on a few thousand images.
QUICK_TOO = ("mcc", "jemmig", "mig_sup", "z_max_var")
# lambda_d of each method, as a multiple of lambda_od.
LAMBDA_D = {"dip_vae_i": 10.0, "dip_vae_ii": 1.0}
FIXED = {
  "annealed_vae": {"gamma": 1000.0, "annealing_steps": 100_000.0},
  "factor_vae": {"critic_learning_rate": 1e-4},
  "beta_tcvae": {"alpha": 1.0, "gamma": 1.0},
}
DATA = (
  "dsprites",
  "color_dsprites",
  "noisy_dsprites",
  "scream_dsprites",
  "smallnorb",
  "cars3d",
  "shapes3d",
)


def run(method: str, strengths: dict, seeds: int):
  """The config of one method on dSprites, its strengths and seeds swept."""
  config = base()
  config.objective, config.network = method, "conv"
  config.hparams.update(FIXED.get(method, {}))
  name, values = strengths[method]
  if method in LAMBDA_D:
    pairs = tuple((value, LAMBDA_D[method] * value) for value in values)
    config.sweep["lambda_od,lambda_d"] = pairs
  else:
    config.sweep[name] = values
  config.sweep.seed = tuple(range(seeds))
  return config


def reference() -> Study:
  """12,600 models."""
  runs = {}
  for data in DATA:
    for method in REFERENCE:
      config = run(method, REFERENCE, 50)
      config.data.name = data
      runs[f"{data}-{method}"] = config
  return Study(runs, lanes=60)


def laptop(seeds: int) -> Study:
  """Six methods x six strengths on a small grid."""
  runs = {method: run(method, LAPTOP, seeds) for method in LAPTOP}
  for config in runs.values():
    config.network, config.latent_dim = "mlp_tiny", 6
    config.data.resolution, config.data.stride = 32, (1, 2, 14, 2, 4)
    config.hparams.learning_rate = 1e-3
    config.train.steps, config.checkpoint.every = 6000, 2000
    config.eval.metrics = (*FAST_METRICS, *QUICK_TOO)
  runs["annealed_vae"].hparams.update(gamma=30.0, annealing_steps=4000.0)
  runs["factor_vae"].hparams.critic_learning_rate = 1e-3
  return Study(runs, lanes=30)


def quick() -> Study:
  """27 models: three methods, three strengths, three seeds."""
  chosen = {
    "beta_vae": ("beta", (1.0, 4.0, 6.0)),
    "beta_tcvae": ("beta", (2.0, 6.0, 12.0)),
    "dip_vae_ii": ("lambda_od", (1.0, 5.0, 20.0)),
  }
  runs = {}
  for method in chosen:
    config = runs[method] = laptop(3).runs[method]
    config.sweep.update(run(method, chosen, 3).sweep)
    config.train.steps, config.checkpoint.every = 2000, 1000
    config.eval.metrics = FAST_METRICS
  return Study(runs, lanes=9)


def get_study(profile: str = "") -> Study:
  """The reference study, or the profile "laptop" or "quick"."""
  studies = {"": reference, "laptop": lambda: laptop(10), "quick": quick}
  if profile not in studies:
    raise ValueError(
      f"profile {profile!r}: allowed are 'laptop' and 'quick', or none"
    )
  return studies[profile]()
