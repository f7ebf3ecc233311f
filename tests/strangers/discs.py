"""A data set: a disc of three radii at six by six places.

python -m dvae_jax.data --register=discs.py list
"""

import jax.numpy as jnp
from jax.nn import sigmoid

from dvae_jax.config import base
from dvae_jax.data import DATASETS, Dataset, DatasetEntry

NAMES, SIZES = ("radius", "x", "y"), (3, 6, 6)


def load(config):
  """Draws them, at 16 pixels where the config says nothing else."""
  side = config.resolution or 16
  rows, columns = jnp.mgrid[:side, :side] / side

  def render(arrays, indices):
    factors = jnp.unravel_index(indices, SIZES)
    radius, x, y = (factor[:, None, None] for factor in factors)
    across, down = columns[None] - (x + 2) / 9, rows[None] - (y + 2) / 9
    inside = 0.1 + 0.05 * radius - jnp.hypot(across, down)
    return sigmoid(2 * side * inside)[..., None]

  return Dataset(
    "discs", "rendered", (side, side, 1), 108, NAMES, SIZES, (), render
  )


DATASETS["discs"] = DatasetEntry(rendered=load, licence="CC0")


def get_config(profile=""):
  """A VAE on them."""
  config = base()
  config.objective = "vae"
  config.data.name = "discs"
  return config
