"""Data sets: `load(config.data)` turns a config into a `Dataset`."""

from dvae_jax.data.catalog import DATASETS
from dvae_jax.data.dataset import Dataset, draw_indices, factors_of
from dvae_jax.data.entries import DatasetEntry
from dvae_jax.data.sources import load

__all__ = [
  "DATASETS",
  "Dataset",
  "DatasetEntry",
  "draw_indices",
  "factors_of",
  "load",
]
