"""TensorBoard's event files, read back: scalars and images of every lane."""

import io
import struct

import numpy as np
import pytest
from helpers import tiny
from PIL import Image
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.record_writer import masked_crc32c

from dvae_jax import data, rundir, session
from dvae_jax.train import loop, training


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


def test_lanes_are_side_by_side(folder):
  names = {path.name for path in (folder / "tensorboard").iterdir()}
  assert names == {"lane_0", "lane_1"}


def test_scalars_are_those_of_metrics_jsonl(folder):
  lines = rundir.read_jsonl(folder / "metrics.jsonl")
  expected = {
    (line["lane"], line["step"], name): value
    for line in lines
    for name, value in line.items()
    if name not in ("lane", "step", "kl_per_latent")
  }
  found = {
    (lane, event.step, value.tag): value.simple_value
    for lane in (0, 1)
    for event in read_events(folder / "tensorboard" / f"lane_{lane}")
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
      for event in read_events(folder / "tensorboard" / f"lane_{lane}")
      for value in event.summary.value
      if value.HasField("image")
    }
    assert sorted(images) == [20, 40]
    with Image.open(io.BytesIO(images[40])) as image:
      assert np.ptp(np.asarray(image)) > 0
