"""Trackers: TensorBoard's files read back, the others by modules like them."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from tensorboardX.proto.plugin_hparams_pb2 import HParamsPluginData
from train.test_log import read_events

from dvae_jax import trackers

POINTS = [(0, {"beta": 1.0, "rate": 0.1}), (1, {"beta": 4.0, "rate": 0.1})]
LANES = trackers.lanes_of(POINTS)
LINES = [
  {
    "seed": seed,
    "hparams": hparams,
    "step": 40,
    "metrics": {"mig": 0.25 * (1 + seed), "dci": None},
  }
  for seed, hparams in POINTS
]


class Recorder(SimpleNamespace):
  """What wandb and trackio have in common, as far as it's used here."""

  def __init__(self):
    super().__init__(runs=[], Image=lambda image: ("image", image.shape))

  def init(self, **given):
    run = SimpleNamespace(given=given, logged=[], summary={}, ended=[], axes=[])
    run.log = lambda values, step=None: run.logged.append((step, values))
    run.define_metric = lambda *names, **axis: run.axes.append((names, axis))
    run.finish = lambda: run.ended.append(True)
    self.runs.append(run)
    return run


@pytest.fixture
def recorder(monkeypatch):
  found = Recorder()
  for name in ("wandb", "trackio"):
    monkeypatch.setitem(sys.modules, name, found)
  monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
  return found


def log_something(name, folder):
  with trackers.closing(trackers.boards(name, folder, LANES, 0)) as boards:
    for board in boards:
      board.numbers(20, {"loss": 3.0, "kl_per_latent/0": 1.0})
      board.image(20, "reconstructions", np.zeros((4, 8, 1), np.uint8))
      board.flush()
  trackers.write_scores(name, folder, LINES)
  return boards


def test_lanes_are_named_by_what_they_differ_in():
  assert [lane.name for lane in LANES] == [
    "lane_0_beta_1_seed_0",
    "lane_1_beta_4_seed_1",
  ]
  (alone,) = trackers.lanes_of(POINTS[:1])
  assert alone.name == "lane_0"
  assert alone.hparams == {"beta": 1.0, "rate": 0.1, "seed": 0}


def test_wandb_has_a_run_a_lane_in_a_group(recorder, tmp_path):
  log_something("wandb", tmp_path)
  first, second, *again = recorder.runs
  assert second.given["name"] == LANES[1].name
  assert second.given["config"] == LANES[1].hparams
  assert first.given["group"] == second.given["group"] == tmp_path.name
  assert first.given["project"] == "dvae_jax"
  assert second.logged == [
    (None, {"step": 20, "loss": 3.0, "kl_per_latent/0": 1.0}),
    (None, {"step": 20, "reconstructions": ("image", (4, 8))}),
  ]
  # The scores come later, into the same runs.
  assert [run.given["id"] for run in again] == [
    run.given["id"] for run in (first, second)
  ]
  assert first.given["id"] != second.given["id"]
  assert again[1].summary == {"scores/mig": 0.5}
  assert all(run.ended for run in recorder.runs)
  assert {run.given["resume"] for run in recorder.runs} == {"allow"}


def test_a_project_of_ones_own_is_kept(recorder, tmp_path, monkeypatch):
  monkeypatch.setenv("WANDB_PROJECT", "mine")
  log_something("wandb", tmp_path)
  assert recorder.runs[0].given["project"] is None


def test_trackio_has_a_run_a_lane(recorder, tmp_path):
  log_something("trackio", tmp_path)
  first, second, *again = recorder.runs
  assert first.given["name"].startswith(LANES[0].name)
  assert first.given["name"] == again[0].given["name"]
  assert {run.given["resume"] for run in recorder.runs} == {"allow"}
  assert second.logged == [
    (20, {"loss": 3.0, "kl_per_latent/0": 1.0}),
    (20, {"reconstructions": ("image", (4, 8, 3))}),
  ]
  assert again[1].logged == [(40, {"scores/mig": 0.5})]


def test_tensorboard_has_scores_beside_hyper_parameters(tmp_path):
  log_something("tensorboard", tmp_path)
  place = tmp_path / "tensorboard" / LANES[1].name
  found, begun = {}, None
  for event in read_events(place):
    for value in event.summary.value:
      if value.HasField("simple_value"):
        found[value.tag] = event.step, value.simple_value
      if value.tag == "_hparams_/session_start_info":
        content = value.metadata.plugin_data.content
        begun = HParamsPluginData.FromString(content).session_start_info
  assert found["scores/mig"] == (40, 0.5)
  assert found["kl_per_latent/0"] == (20, 1.0)
  assert begun is not None
  settings = {n: v.number_value for n, v in begun.hparams.items()}
  assert settings == {"beta": 4.0, "rate": pytest.approx(0.1), "seed": 1.0}


def test_tensorboard_drops_what_it_has_of_steps_after_a_checkpoint(tmp_path):
  with trackers.closing(
    trackers.boards("tensorboard", tmp_path, LANES[:1], 20)
  ):
    pass
  events = [*read_events(tmp_path / "tensorboard" / LANES[0].name)]
  begun = [e.step for e in events if e.HasField("session_log")]
  assert begun == [21]


def test_without_a_tracker_nothing_is_written(tmp_path):
  assert log_something("none", tmp_path) == []
  assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
  ("name", "words"),
  [
    ("mlflow", "--tracker: 'mlflow' found, one of none, tensorboard"),
    ("wandb", "needs wandb, which isn't installed: pip install wandb"),
  ],
)
def test_what_there_is_not_is_refused(name, words, monkeypatch):
  monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
  with pytest.raises(ValueError, match=words):
    trackers.check(name)


def test_a_chart_gets_finite_numbers():
  values = {"a": np.float32(1), "b": np.nan, "c": None, "d": [1.0, np.inf]}
  assert trackers.finite(values) == {"a": 1.0, "d/0": 1.0}
