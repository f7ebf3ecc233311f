"""What trajectories.py and the tests of its values start from.

Cases, images, first parameters and gradients of made-up parameters, in NumPy:
none of it is learnt from the package.
"""

import zlib
from typing import Any, NamedTuple

import numpy as np

SEED = 3  # of the lane
STEPS = 3
BATCH = 16
LATENT_DIM = 4
WIDTHS = (256, 256)  # of the network "mlp_small", both ways
CRITIC = (256,) * 3  # of mlp_small
CODED = 6  # images whose codes are written down
NAMES = ("shape", "x", "y", "size")
SIZES = (3, 4, 4, 2)
NUM_IMAGES = 96
SIDE = 8

HOLDOUT = {"holdout": "shape=2,x>1"}
FRACTION = {"heldout_fraction": 0.3}
CORRELATE = {"correlate": "x,y", "correlation_strength": 0.3}
SPLITS = {
  "all": {},
  "holdout": HOLDOUT,
  "heldout_fraction": FRACTION,
  "correlate": CORRELATE,
  "all three": {**HOLDOUT, **FRACTION, **CORRELATE},
}


class Case(NamedTuple):
  """A short training; fields as in the config.

  Attributes:
    weights: whether images have sample weights; they are so small that Adam's
      epsilon shows.
  """

  objective: str
  likelihood: str
  hparams: dict[str, float]
  data: dict[str, Any] = {}
  train: dict[str, str] = {}
  estimator: str = "mss"
  weights: bool = False


TC = {"alpha": 0.5, "beta": 6.0, "gamma": 2.0}
CAPACITY = {"gamma": 3.0, "capacity": 5.0, "annealing_steps": 8.0}
FACTOR = {"gamma": 6.0, "critic_learning_rate": 3e-4}
DIP = {"lambda_od": 5.0, "lambda_d": 30.0}
FIXED = {"beta": 4.0, "gamma": 6.0, "posterior_std": 0.2}
LEARNED = {"beta": 4.0, "gamma": 6.0}
CASES = {
  "autoencoder": Case("autoencoder", "bernoulli", {}),
  "autoencoder, fraction": Case("autoencoder", "gaussian", {}, FRACTION),
  "vae, correlate": Case("vae", "bernoulli", {}, CORRELATE),
  "vae, weights": Case("vae", "gaussian", {}, weights=True),
  "beta_vae, holdout": Case("beta_vae", "bernoulli", {"beta": 4.0}, HOLDOUT),
  "beta_vae, clipped values": Case(
    "beta_vae",
    "gaussian",
    {"beta": 4.0, "clip": 0.05, "warmup_steps": 2.0},
    train={"clip": "value", "schedule": "warmup"},
  ),
  "beta_vae, noise": Case(
    "beta_vae", "gaussian_noise", {"beta": 4.0, "noise_variance": 0.02}
  ),
  "annealed_vae": Case("annealed_vae", "bernoulli", CAPACITY),
  "annealed_vae, all three": Case(
    "annealed_vae", "gaussian", CAPACITY, SPLITS["all three"]
  ),
  "factor_vae": Case("factor_vae", "bernoulli", FACTOR),
  "factor_vae, every option": Case(
    "factor_vae",
    "gaussian",
    FACTOR | {"weight_decay": 0.1, "clip": 2.0, "warmup_steps": 2.0},
    FRACTION,
    {"optimizer": "adamw", "clip": "norm", "schedule": "warmup_cosine"},
  ),
  "dip_vae_i, fraction": Case("dip_vae_i", "bernoulli", DIP, FRACTION),
  "dip_vae_i": Case("dip_vae_i", "gaussian", DIP),
  "dip_vae_ii": Case("dip_vae_ii", "bernoulli", DIP),
  "dip_vae_ii, correlate": Case("dip_vae_ii", "gaussian", DIP, CORRELATE),
  "beta_tcvae, mss": Case("beta_tcvae", "bernoulli", TC, HOLDOUT),
  "beta_tcvae, mws": Case(
    "beta_tcvae", "gaussian", TC, HOLDOUT, estimator="mws"
  ),
  "beta_tcvae, all images": Case(
    "beta_tcvae", "bernoulli", TC, estimator="mws"
  ),
  "covariance_vae": Case("covariance_vae", "bernoulli", FIXED),
  "covariance_vae, cosine": Case(
    "covariance_vae", "gaussian", FIXED, train={"schedule": "cosine"}
  ),
  "covariance_vae_learned": Case(
    "covariance_vae_learned", "bernoulli", LEARNED
  ),
  "covariance_vae_learned, holdout": Case(
    "covariance_vae_learned", "gaussian", LEARNED, HOLDOUT
  ),
  "ada_gvae, holdout": Case(
    "ada_gvae", "bernoulli", {"beta": 2.0}, HOLDOUT | {"pair_changes": 1}
  ),
  "ada_gvae, fraction": Case(
    "ada_gvae", "gaussian", {"beta": 2.0}, FRACTION | {"pair_changes": 0}
  ),
  "ada_mlvae, correlate": Case(
    "ada_mlvae", "bernoulli", {"beta": 2.0}, CORRELATE | {"pair_changes": 2}
  ),
  "ada_mlvae": Case(
    "ada_mlvae", "gaussian", {"beta": 2.0}, {"pair_changes": 1}
  ),
}
LEARNING_RATE = 1e-3

# Fields of config.train and hyper-parameters, for parameters of no network.
OPTIMIZERS = {
  "adam": ({}, {}),
  "adamw": ({"optimizer": "adamw"}, {"weight_decay": 0.1}),
  "clip value": ({"clip": "value"}, {"clip": 0.3}),
  "clip norm": ({"clip": "norm"}, {"clip": 0.3}),
  "cosine": ({"schedule": "cosine"}, {}),
  "warmup": ({"schedule": "warmup"}, {"warmup_steps": 2.0}),
  "warmup_cosine": ({"schedule": "warmup_cosine"}, {"warmup_steps": 3.0}),
}
TRAIN_STEPS = 4  # at which a cosine ends


def images() -> np.ndarray:
  """Grey spots in [0, 1], (96, 8, 8, 1) float32, the last factor fastest."""
  shape, x, y, size = np.unravel_index(np.arange(NUM_IMAGES), SIZES)
  rows, columns = np.mgrid[:SIDE, :SIDE]
  place = lambda i: (1.0 + 1.7 * i)[:, None, None]
  across = np.abs(columns[None] - place(x))
  down = np.abs(rows[None] - place(y))
  power = (1.0 + shape)[:, None, None]
  width = (1.2 + 0.8 * size)[:, None, None]
  spots = np.exp(-((across / width) ** power) - (down / width) ** power)
  return (0.05 + 0.9 * spots)[..., None].astype(np.float32)


def sample_weights() -> np.ndarray:
  """(96,) float32, of 1e-6."""
  return (1e-6 * np.linspace(0.5, 2.0, NUM_IMAGES)).astype(np.float32)


def held_out_by_condition() -> np.ndarray:
  """(96,) booleans: what HOLDOUT says."""
  shape, x, _, _ = np.unravel_index(np.arange(NUM_IMAGES), SIZES)
  return (shape == 2) & (x > 1)


def first_params(case: Case) -> dict[str, np.ndarray]:
  """First parameters {"module/layer/name": float32}, all different from 0."""
  rng = np.random.default_rng(0)
  params = {}

  def dense(name, inputs, outputs):
    bound = np.sqrt(6.0 / (inputs + outputs))
    for kind, shape, limit in (
      ("kernel", (inputs, outputs), bound),
      ("bias", (outputs,), 0.1),
    ):
      drawn = rng.uniform(-limit, limit, shape)
      params[f"{name}/{kind}"] = drawn.astype(np.float32)

  def stack(name, widths):
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
      dense(f"{name}/Dense_{i}", inputs, outputs)

  stack("encoder", (SIDE**2, *WIDTHS))
  dense("head/mean", WIDTHS[-1], LATENT_DIM)
  if case.objective not in ("autoencoder", "covariance_vae"):
    dense("head/logvar", WIDTHS[-1], LATENT_DIM)
  stack("decoder", (LATENT_DIM, *WIDTHS, SIDE**2))
  if case.objective.startswith("factor_vae"):
    stack("critic", (LATENT_DIM, *CRITIC, 1))
  return params


def some_params() -> dict[str, np.ndarray]:
  """Parameters of no network, one of each kind that optimizers tell apart."""
  rng = np.random.default_rng(1)
  shapes = {
    "encoder/Dense_0/kernel": (3, 2),
    "encoder/Dense_0/bias": (2,),
    "head/codebook": (2, 3),
    "decoder/Dense_0/kernel": (2, 3),
    "critic/Dense_0/kernel": (2, 3),
    "critic/Dense_0/bias": (3,),
  }
  return {
    name: rng.normal(size=shape).astype(np.float32)
    for name, shape in shapes.items()
  }


def some_gradients() -> list[dict[str, np.ndarray]]:
  """Of each step, from below Adam's epsilon to above any bound."""
  rng = np.random.default_rng(2)
  scale = lambda array: 10.0 ** rng.uniform(-9, 0, array.shape)
  sign = lambda array: rng.choice([-1.0, 1.0], array.shape)
  sizes = {name: scale(array) for name, array in some_params().items()}
  return [
    {
      name: (sign(size) * size * rng.uniform(0.5, 2, size.shape)).astype(
        np.float32
      )
      for name, size in sizes.items()
    }
    for _ in range(STEPS)
  ]


def summary(name: str, array: np.ndarray) -> list[float]:
  """The norm of a tensor, and its product with a direction of its name's."""
  array = np.asarray(array, np.float64)
  rng = np.random.default_rng(zlib.crc32(name.encode()))
  direction = rng.standard_normal(array.shape)
  return [float(np.linalg.norm(array)), float((array * direction).sum())]
