"""The run directory: whose it is, what it refuses, what comes back."""

import json
import shlex
import shutil

import jax
import numpy as np
import pytest
from helpers import tiny

import dvae_jax
from dvae_jax import data, evaluate, runs
from dvae_jax.methods import models
from dvae_jax.train import checkpoint, loop


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """A run of 40 steps, evaluated."""
  folder = tmp_path_factory.mktemp("runs") / "tiny"
  config = tiny.get_config()
  dataset = data.load(config.data)
  model = models.build(config, dataset.image_shape)
  with runs.opened(folder, config.to_dict(), dataset):
    loop.train(config, dataset, model, folder)
    settings = {"metrics": ("mig",), "stride": (), "codes": True}
    evaluate.evaluate(dvae_jax.load_run(folder), settings)
  return folder


def reopen(folder, **changes):
  config = tiny.get_config()
  config.update(changes)
  return runs.opened(folder, config.to_dict(), data.load(config.data))


def test_changed_config_is_refused_by_field(trained):
  before = (trained / "config.json").read_bytes()
  with (
    pytest.raises(ValueError, match="latent_dim was 4, now 5"),
    reopen(trained, latent_dim=5),
  ):
    pass
  assert (trained / "config.json").read_bytes() == before


def test_changed_data_is_refused_by_field(trained):
  config = tiny.get_config()
  dataset = data.load(config.data)._replace(source="tfds")
  with (
    pytest.raises(ValueError, match="source was 'rendered', now 'tfds'"),
    runs.opened(trained, config.to_dict(), dataset),
  ):
    pass


def test_directory_in_use_is_refused(trained):
  with (
    reopen(trained),
    pytest.raises(ValueError, match="in use by another process"),
    reopen(trained),
  ):
    pass


def test_directory_of_something_else_is_refused(tmp_path):
  (tmp_path / "checkpoints").mkdir()
  with pytest.raises(ValueError, match=r"no config\.json"), reopen(tmp_path):
    pass


def test_directory_that_cannot_be_made_is_refused(tmp_path):
  (tmp_path / "file").write_text("")
  with (
    pytest.raises(ValueError, match="can't be written"),
    reopen(tmp_path / "file" / "run"),
  ):
    pass


def test_config_json_says_what_made_it(trained):
  record = json.loads((trained / "config.json").read_text())
  assert record["config"]["sweep"]["beta"] == [1.0, 4.0]
  assert record["data"]["source"] == "rendered"
  assert record["versions"]["jax"] == jax.__version__
  assert record["command"].startswith("python ")


def test_command_can_be_pasted_into_a_shell(tmp_path, monkeypatch):
  flag = "--config.sweep.beta=(1.0, 4.0)"
  monkeypatch.setattr("sys.argv", ["main.py", flag])
  with reopen(tmp_path):
    record = json.loads((tmp_path / "config.json").read_text())
  assert shlex.split(record["command"])[-1] == flag


def test_unreadable_checkpoint_is_named(trained, tmp_path):
  broken = shutil.copytree(trained, tmp_path / "broken")
  for path in (broken / "checkpoints" / "40").rglob("*"):
    if path.is_file():
      path.write_bytes(path.read_bytes()[:8])
  with pytest.raises(ValueError, match=r"checkpoints/40 can't be read.*Delete"):
    dvae_jax.load_run(broken)


def test_deleting_the_newest_checkpoint_resumes_from_the_one_before(
  trained, tmp_path
):
  older = shutil.copytree(trained, tmp_path / "older")
  shutil.rmtree(older / "checkpoints" / "40")
  config = tiny.get_config()
  dataset = data.load(config.data)
  model = models.build(config, dataset.image_shape)
  states = loop.train(config, dataset, model, older)
  wanted = dvae_jax.load_run(trained).states
  jax.tree.map(np.testing.assert_array_equal, states, wanted)
  for name in ("metrics.jsonl",):
    assert (older / name).read_text() == (trained / name).read_text()


def test_checkpoint_of_another_shape_is_refused(tmp_path):
  with checkpoint.manager(tmp_path, keep=2) as checkpoints:
    checkpoint.save(checkpoints, 1, {"w": np.zeros((2, 3), "float32")})
    checkpoints.wait_until_finished()
    with pytest.raises(ValueError, match=r"float32 \(2, 3\) where"):
      checkpoint.restore(checkpoints, 1, {"w": np.zeros((2, 4), "float32")})


def test_only_the_last_checkpoints_are_kept(tmp_path):
  with checkpoint.manager(tmp_path, keep=2) as checkpoints:
    for step in (1, 2, 3):
      checkpoint.save(checkpoints, step, {"w": np.full(2, step)})
    checkpoints.wait_until_finished()
    assert checkpoints.all_steps() == [2, 3]


def test_loaded_run_encodes_decodes_and_traverses(trained):
  run = dvae_jax.load_run(trained)
  images = run.render([0, 7, 95])
  mean, logvar = run.encode(images, lane=1)
  assert mean.shape == logvar.shape == (3, 4)
  with np.load(trained / "codes.npz") as codes:
    np.testing.assert_allclose(
      codes["means"][1, [0, 7, 95]], mean, rtol=1e-4, atol=1e-5
    )
    factors = codes["factors"]
  assert factors.shape == (96, 4)  # one orientation: it doesn't vary
  decoded = run.decode(mean, lane=1)
  assert decoded.shape == images.shape
  assert decoded.min() >= 0
  assert decoded.max() <= 1
  moved = run.traverse(images[:1], lane=1, values=[-1.0, mean[0, 2]])
  assert moved.shape == (1, 4, 2, 16, 16, 1)
  np.testing.assert_allclose(moved[0, 2, 1], decoded[0], rtol=1e-4, atol=1e-6)
  assert np.abs(moved[0, 2, 0] - decoded[0]).max() > 0


@pytest.mark.parametrize(
  ("call", "words"),
  [
    (lambda run: run.encode(np.zeros((1, 8, 8, 1))), "images: shape"),
    (lambda run: run.decode(np.zeros((1, 5))), "z: shape"),
    (lambda run: run.decode(np.zeros((1, 4)), lane=2), "lane: 2 .* 0 to 1"),
  ],
)
def test_loaded_run_refuses_wrong_shapes(trained, call, words):
  with pytest.raises(ValueError, match=words):
    call(dvae_jax.load_run(trained))


def test_folder_without_a_run_is_refused(tmp_path):
  with pytest.raises(ValueError, match="holds no run"):
    dvae_jax.load_run(tmp_path)
