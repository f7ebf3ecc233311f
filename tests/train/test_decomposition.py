"""The KL's parts at checkpoints, against the exact ones of all images."""

import jax
import numpy as np
import pytest
from helpers import tiny

from dvae_jax import data, rundir, session
from dvae_jax.encoding import Encoded, exact_decomposition
from dvae_jax.methods import models
from dvae_jax.train import loop, sweep, training
from dvae_jax.train.decomposition import decomposer, training_images


def set_up(**fields):
  config = tiny.get_config()
  config.data.update(fields)
  dataset = data.load(config.data)
  return config, training.set_up(config, dataset)


def test_parts_are_those_of_all_posteriors():
  config, setup = set_up()
  lanes = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(setup, lanes)
  head = states.params["head"]["params"]
  head["mean"]["kernel"] = 30 * head["mean"]["kernel"]  # codes apart
  found = decomposer(setup)(states)
  every = np.arange(setup.dataset.num_images, dtype=np.int32)
  images = setup.dataset.render(setup.dataset.arrays, every)
  for lane in range(len(lanes)):
    state = jax.tree.map(lambda leaf, at=lane: leaf[at], states)
    q = models.encode(setup.model, state.params, state.hparams, images)
    codes, logvars = np.asarray(q.mean), np.asarray(q.logvar)
    exact = exact_decomposition(Encoded(codes, codes[:, 0], logvars))
    assert exact["mi"] > 2
    assert exact["tc"] > 0.5
    for name, value in exact.items():  # of 96 draws: 3 standard errors
      assert found[f"sample_{name}"][lane] == pytest.approx(value, abs=0.45)


def test_held_out_images_are_no_part_of_it():
  _, setup = set_up(holdout="shape=heart")
  drawn = training_images(setup.dataset, setup.dataset.num_images)
  assert len(drawn) == len(set(drawn)) == setup.dataset.num_train
  assert not set(drawn) & set(setup.dataset.held_out)


def test_an_image_is_drawn_once():
  _, setup = set_up()
  assert len(set(training_images(setup.dataset, 50))) == 50


def test_a_posterior_without_variance_has_no_parts():
  config = tiny.get_config()
  config.objective = "autoencoder"
  config.sweep = {"seed": (0,)}
  setup = training.set_up(config, data.load(config.data))
  assert decomposer(setup)(None) == {}


def test_parts_are_logged_at_checkpoints_alone(tmp_path):
  config, setup = set_up()
  config.train.steps = 30
  with session.opened(tmp_path, config.to_dict(), setup.dataset) as folder:
    states = loop.train(config, setup, folder)
  lines = rundir.read_jsonl(tmp_path / rundir.LOGGED)
  assert {x["step"] for x in lines if "sample_tc" in x} == {20, 30}
  found = decomposer(setup)(states)
  last = [x["sample_tc"] for x in lines if x["step"] == 30]
  np.testing.assert_allclose(last, found["sample_tc"], rtol=1e-6)
