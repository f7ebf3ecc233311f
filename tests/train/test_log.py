"""TensorBoard's files, read back, and what a bar says of a training."""

import io
import struct

import numpy as np
import pytest
from helpers import tiny
from PIL import Image
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c

from dvae_jax import data, rundir, session
from dvae_jax.train import log, loop, training


def read_events(folder):
  """All events of a log folder; checks both checksums of every record."""
  for path in sorted(folder.glob("events.out.tfevents.*")):
    content = path.read_bytes()
    while content:
      (size,) = struct.unpack("<Q", content[:8])
      record = content[12 : 12 + size]
      found = struct.unpack(
        "<II", content[8:12] + content[12 + size : 16 + size]
      )
      assert found == (masked_crc32c(content[:8]), masked_crc32c(record))
      yield Event.FromString(record)
      content = content[16 + size :]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  config = tiny.get_config()
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  workdir = tmp_path_factory.mktemp("runs") / "tiny"
  with session.opened(workdir, config.to_dict(), dataset) as folder:
    loop.train(config, setup, folder)
  return workdir


LANES = ("lane_0_beta_1", "lane_1_beta_4")


def test_lanes_are_side_by_side_and_named_by_their_settings(folder):
  names = {path.name for path in (folder / "tensorboard").iterdir()}
  assert names == {*LANES}


def test_scalars_are_those_of_metrics_jsonl(folder):
  lines = rundir.read_jsonl(folder / "metrics.jsonl")
  expected = {}
  for line in lines:
    lane, step = line.pop("lane"), line.pop("step")
    for latent, value in enumerate(line.pop("kl_per_latent")):
      expected[lane, step, f"kl_per_latent/{latent}"] = value
    expected |= {(lane, step, name): value for name, value in line.items()}
  found = {
    (lane, event.step, value.tag): value.simple_value
    for lane in (0, 1)
    for event in read_events(folder / "tensorboard" / LANES[lane])
    for value in event.summary.value
    if value.HasField("simple_value")
  }
  assert found.keys() == expected.keys()
  for key, value in expected.items():
    np.testing.assert_allclose(found[key], value, rtol=1e-6)


def test_images_are_there_at_every_checkpoint(folder):
  for lane in (0, 1):
    images = {
      event.step: value.image.encoded_image_string
      for event in read_events(folder / "tensorboard" / LANES[lane])
      for value in event.summary.value
      if value.HasField("image")
    }
    assert sorted(images) == [20, 40]
    with Image.open(io.BytesIO(images[40])) as image:
      assert np.ptp(np.asarray(image)) > 0


def test_a_bar_says_means_over_lanes_and_the_best_lane_so_far():
  told = log.Told()
  # -30 - 5 = -35 and -20 - 10 = -30; then the best is one step back.
  means = {
    "loss": np.array([35.0, 32.0]),
    "reconstruction": np.array([30.0, 20.0]),
    "kl": np.array([5.0, 10.0]),
  }
  assert told.words(means) == "loss 33.5, kl 7.5, best elbo -30"
  worse = {name: value + 2000 for name, value in means.items()}
  assert told.words(worse) == "loss 2,034, kl 2,008, best elbo -30"


def test_a_diverged_lane_is_left_out_of_what_a_bar_says():
  nothing = {"loss": np.array([np.nan]), "reconstruction": np.array([np.inf])}
  assert log.Told().words(nothing) == ""
  values = np.array([np.nan, 2.0])
  words = log.Told().words({"loss": values, "reconstruction": values})
  assert words == "loss 2, best reconstruction 2"
