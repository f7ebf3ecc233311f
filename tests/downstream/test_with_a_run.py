"""The same functions on a run that was never trained."""

from pathlib import Path

import jax
import numpy as np
import pytest
from helpers import tiny

from dvae_jax import data, runs
from dvae_jax.downstream import anomalies, generation, repair
from dvae_jax.train import sweep, training


@pytest.fixture(scope="module")
def run():
  config = tiny.get_config()
  setup = training.set_up(config, data.load(config.data))
  lanes = sweep.grid(config.sweep, config.hparams)[:1]
  states = sweep.stack([jax.jit(lambda: training.init(setup, *lanes[0]))()])
  named = [{"lane": 0, **lanes[0]._asdict()}]
  return runs.Run(Path(), config, setup, named, 0, states)


def test_what_a_run_gives(run):
  images = run.render(np.arange(5))
  q = run.posterior(images)
  kl = 0.5 * (q.mean**2 + np.exp(q.logvar) - q.logvar - 1).sum(1)
  p = run.decode(q.mean)
  log_p = images * np.log(p) + (1 - images) * np.log1p(-p)
  expected = kl - log_p.sum((1, 2, 3))
  found = anomalies.negative_elbo(run, images)
  np.testing.assert_allclose(found, expected, rtol=1e-4)
  model = repair.through_model(run)
  np.testing.assert_allclose(repair.denoise(images, model), p, rtol=1e-5)
  drawn = generation.generate(run, 3, seed=7)
  np.testing.assert_array_equal(drawn, run.decode(run.prior(3, seed=7)))
