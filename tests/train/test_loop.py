"""The loop: one compile, no host transfer, results free of call sizes."""

import dataclasses
import shutil
from functools import partial

import jax
import numpy as np
import pytest
from helpers import tiny

from dvae_jax import data, rundir
from dvae_jax.methods import models
from dvae_jax.train import log, loop, sweep, training


@pytest.fixture
def parts():
  config = tiny.get_config()
  return config, training.set_up(config, data.load(config.data))


def placed_lanes(config, setup, mesh):
  lanes = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(setup, lanes)
  one = jax.tree.map(lambda leaf: leaf[0], states)
  zeros = training.zero_terms(setup, one)
  return sweep.place((states, sweep.stack([zeros] * len(lanes))), mesh)


def test_six_betas_trace_the_train_step_once(parts):
  config, setup = parts
  config.sweep.beta = (1.0, 2.0, 4.0, 6.0, 8.0, 16.0)
  traces = []
  method = setup.model.objective

  def counted(q, z, *, beta):
    traces.append(beta)
    return method.penalty(q, z, beta=beta)

  model = dataclasses.replace(
    setup.model, objective=method._replace(penalty=counted)
  )
  setup = setup._replace(model=model)
  mesh = sweep.device_mesh(6)
  placed = placed_lanes(config, setup, mesh)
  traces.clear()
  call = loop.compiled_steps(setup, mesh)
  for num_steps in (1, 3, 2):
    placed = call(placed, None, num_steps)
  assert len(traces) == 1


def test_steps_copy_nothing_from_the_host(parts):
  config, setup = parts
  dataset = setup.dataset
  mesh = sweep.device_mesh(2)
  placed = placed_lanes(config, setup, mesh)
  run = sweep.over_lanes(partial(training.run_steps, setup), mesh)
  steps = sweep.replicate(np.int32(3), mesh)
  shared = sweep.replicate((dataset.arrays, dataset.weights), mesh)
  compiled = run.lower(placed, None, (*shared, steps)).compile()
  with jax.transfer_guard("disallow"):
    placed = compiled(placed, None, (*shared, steps))
    jax.block_until_ready(placed)
  assert "callback" not in compiled.as_text()
  assert sweep.unplace(placed[0].step).tolist() == [3, 3]


def train(parts, folder, **fields):
  config, setup = parts
  config.train.update(fields)
  folder.mkdir()
  states = loop.train(config, setup, folder)
  return states, (folder / "metrics.jsonl").read_text()


def test_steps_per_call_changes_no_bit(parts, tmp_path):
  found = [
    train(parts, tmp_path / str(size), steps_per_call=size)
    for size in (0, 1, 7)
  ]
  for states, metrics in found[1:]:
    jax.tree.map(np.testing.assert_array_equal, states, found[0][0])
    assert metrics == found[0][1]


def test_lanes_per_call_changes_no_result(parts, tmp_path):
  found = [
    train(parts, tmp_path / str(size), lanes_per_call=size)[0]
    for size in (1, 2)
  ]
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
  jax.tree.map(close, found[0].params, found[1].params)


def test_logged_terms_are_means_over_the_steps_between(parts, tmp_path):
  _, dense = train(parts, tmp_path / "1", log_every=1)
  _, sparse = train(parts, tmp_path / "2", log_every=10)
  (tmp_path / "1.jsonl").write_text(dense)
  (tmp_path / "2.jsonl").write_text(sparse)
  dense, sparse = (rundir.read_jsonl(tmp_path / f"{i}.jsonl") for i in (1, 2))
  for line in sparse:
    between = [
      other["loss"]
      for other in dense
      if other["lane"] == line["lane"]
      and line["step"] - 10 < other["step"] <= line["step"]
    ]
    assert len(between) == 10
    np.testing.assert_allclose(line["loss"], np.mean(between), rtol=1e-5)


def test_streamed_images_train_as_those_on_the_device(parts, tmp_path):
  config, setup = parts
  dataset = setup.dataset
  render = jax.jit(dataset.render)

  def read(indices):
    images = np.asarray(render(dataset.arrays, np.asarray(indices).ravel()))
    images = np.rint(images * 255).astype("uint8")
    return images.reshape(*np.shape(indices), *dataset.image_shape)

  rounded = dataset._replace(
    render=lambda arrays, i: (
      jax.numpy.round(dataset.render(arrays, i) * 255) / 255
    )
  )
  streamed = dataset._replace(render=None, read=read)
  found = []
  for name, source in (("device", rounded), ("streamed", streamed)):
    found.append(
      train((config, setup._replace(dataset=source)), tmp_path / name)[0]
    )
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
  jax.tree.map(close, found[0].params, found[1].params)


def test_long_run_on_a_cpu_says_how_long_and_what_to_type(
  parts, tmp_path, monkeypatch, capsys
):
  config, setup = parts
  monkeypatch.setattr(loop, "SAY_AFTER", 0.0)
  monkeypatch.setattr(loop, "LONG_SECONDS", 0.0)
  loop.train(config, setup, tmp_path, shorter="python -m shorter")
  said = " ".join(capsys.readouterr().err.split())
  assert "Training will take a minute or less." in said
  assert said.count("type: python -m shorter") == 1


def test_pictures_show_images_over_their_reconstructions(parts):
  config, setup = parts
  dataset = setup.dataset
  lanes = sweep.grid(config.sweep, config.hparams)
  states = training.init_lanes(setup, lanes)
  strips = np.asarray(log.strip_maker(setup)(states))
  assert strips.shape == (2, 32, 8 * 16, 1)
  last = dataset.render(dataset.arrays, np.array([95], np.int32))
  np.testing.assert_array_equal(strips[1, :16, -16:], last[0])


def test_clouds_are_posterior_means_at_every_checkpoint(parts, tmp_path):
  _, setup = parts
  dataset = setup.dataset
  states, _ = train(parts, tmp_path / "run")
  clouds = tmp_path / "run" / "clouds"
  names = {path.name for path in clouds.iterdir()}
  assert names == {"20.npy", "40.npy", "indices.npy"}
  indices = np.load(clouds / "indices.npy")
  np.testing.assert_array_equal(indices, np.arange(96))  # all there are
  images = dataset.render(dataset.arrays, indices)
  one = jax.tree.map(lambda leaf: leaf[1], states)
  q = models.encode(setup.model, one.params, one.hparams, images)
  expected = q.mean
  found = np.load(clouds / "40.npy")
  assert found.shape == (2, 96, 4)
  assert found.dtype == np.float16
  np.testing.assert_allclose(found[1], expected, rtol=1e-3, atol=1e-5)
  assert np.abs(np.load(clouds / "20.npy")[1] - found[1]).max() > 1e-2


def test_cloud_of_a_resumed_run_has_the_same_bytes(parts, tmp_path):
  config, setup = parts
  train(parts, tmp_path / "run")
  clouds = tmp_path / "run" / "clouds"
  whole = {path.name: path.read_bytes() for path in clouds.iterdir()}
  shutil.rmtree(tmp_path / "run" / "checkpoints" / "40")
  (clouds / "40.npy").write_bytes(b"")
  loop.train(config, setup, tmp_path / "run")
  assert whole == {path.name: path.read_bytes() for path in clouds.iterdir()}


def test_cloud_of_a_large_set_is_256_images_from_end_to_end(parts):
  dataset = parts[1].dataset
  read = lambda i: np.zeros((len(i), 16, 16, 1), np.uint8)
  large = dataset._replace(render=None, read=read, num_images=700_000)
  indices, images = log.spread_images(large, log.CLOUD)
  assert (indices[0], indices[-1], len(images)) == (0, 699_999, 256)
  assert set(np.diff(indices)) <= {2745, 2746}


@pytest.mark.parametrize(
  ("step", "pace", "per_call", "stop"),
  [
    (0, float("inf"), 0, 1),  # nothing measured: one step
    (1, 0.25, 0, 5),  # a second's worth
    (1, 0.001, 0, 10),  # but not past the next line of the log
    (10, 0.001, 3, 13),
    (38, 0.001, 0, 40),  # nor past the end
  ],
)
def test_calls_stop_where_something_is_written(step, pace, per_call, stop):
  train = tiny.get_config().train
  train.steps_per_call = per_call
  assert loop.next_stop(step, train=train, seconds_per_step=pace) == stop
