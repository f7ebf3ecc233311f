"""The run directory that a process holds: whose it is, what it refuses."""

import json
import shlex

import jax
import pytest
from helpers import tiny
from helpers.trained import make_evaluated

from dvae_jax import data, session


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs") / "tiny"
  make_evaluated(folder)
  return folder


def reopen(folder, **changes):
  config = tiny.get_config()
  config.update(changes)
  return session.opened(folder, config.to_dict(), data.load(config.data))


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
    session.opened(trained, config.to_dict(), dataset),
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


def test_evaluation_may_change_after_training(trained):
  config = tiny.get_config()
  config.eval.metrics = ("sap",)
  config.eval.stride = (1, 1, 1, 2, 2)
  dataset = data.load(config.data)
  with session.opened(trained, config.to_dict(), dataset):
    record = json.loads((trained / "config.json").read_text())
  assert record["config"]["eval"]["metrics"] == ["sap"]
  assert record["config"]["eval"]["stride"] == [1, 1, 1, 2, 2]
  assert record["config"]["latent_dim"] == 4


def test_what_a_killed_write_left_is_cleared_away(trained):
  left = (".results.jsonl.12.34", "clouds/.40.npy.12.34")
  for name in (*left, ".mine", ".a.12"):
    (trained / name).write_text("half")
  with reopen(trained):
    assert not any((trained / name).exists() for name in left)
  for name in (".mine", ".a.12"):
    (trained / name).unlink()
