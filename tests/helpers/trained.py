"""A run of 40 steps, trained and evaluated."""

import dvae_jax
from dvae_jax import data, evaluate, session
from dvae_jax.train import loop, training
from helpers import tiny

SETTINGS = {"metrics": ("mig",), "stride": (), "codes": True}


def make(folder, profile="", **fields):
  """Trains the tiny experiment, with fields changed, and loads it."""
  config = tiny.get_config(profile)
  config.update_from_flattened_dict(fields)
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  with session.opened(folder, config.to_dict(), dataset):
    loop.train(config, setup, folder)
  return dvae_jax.load_run(folder)


def make_evaluated(folder, profile="", **fields):
  """As `make`, with results, codes and pictures."""
  run = make(folder, profile, **fields)
  evaluate.evaluate(run, SETTINGS)
  return run
