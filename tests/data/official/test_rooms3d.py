"""Small archives and folders of the layout of Falcor3D and Isaac3D."""

import numpy as np
import pytest
from helpers.official_files import load, noise, png, rendered, tar

from dvae_jax.data import sources
from dvae_jax.data.catalog import DATASETS
from dvae_jax.data.formats import storage
from dvae_jax.data.official import rooms3d

pytestmark = pytest.mark.usefixtures("cache")

SMALL = {"shape": 2, "robot": 3}
IMAGES = noise(6, 128, 128, 3)
# As in an archive, which keeps no order.
MEMBERS = {
  f"Isaac3D_down128/images/{n:06d}.png": png(IMAGES[n])
  for n in (4, 0, 5, 2, 1, 3)
}
OTHER = {"Isaac3D_down128/labels.npy": b"not read"}


def halved(images):
  return images.reshape(len(images), 64, 2, 64, 2, 3).mean((2, 4))


def unpacked(folder, members):
  for name, content in members.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
  return folder


@pytest.mark.parametrize("name", ["isaac3d", "falcor3d"])
@pytest.mark.parametrize("packed", [True, False])
def test_images_are_a_grid_in_the_order_of_their_numbers(
  tmp_path, name, packed
):
  members = OTHER | MEMBERS
  path = (
    tar(tmp_path / "rooms.tar", members)
    if packed
    else unpacked(tmp_path / "rooms", members)
  )
  target = storage.prepared_dir(name)
  rooms3d.prepare(path, target, factors=SMALL)
  dataset = load(name)
  assert dataset.factor_names == ("shape", "robot")
  assert dataset.factor_sizes == (2, 3)
  assert dataset.image_shape == (64, 64, 3)
  assert abs(rendered(dataset) - halved(IMAGES)).max() <= 0.5
  # The last factor is the fastest: the fourth image has the second shape.
  thinned = load(name, stride=(1, 2))
  assert thinned.factor_sizes == (2, 2)
  expected = halved(IMAGES[[0, 2, 3, 5]])
  assert abs(rendered(thinned) - expected).max() <= 0.5


def test_an_image_less_is_refused(tmp_path):
  short = {n: c for n, c in MEMBERS.items() if "000003" not in n}
  with pytest.raises(ValueError, match=r"holds 5 images; needed: 6, .*000005"):
    rooms3d.prepare(
      tar(tmp_path / "rooms.tar", short), tmp_path / "out", factors=SMALL
    )
  with pytest.raises(ValueError, match="holds 6 images; needed: 737280"):
    sources.prepare("isaac3d", file=tar(tmp_path / "all.tar", MEMBERS))


def test_an_image_that_comes_twice_is_refused(tmp_path):
  twice = dict(MEMBERS)
  twice["other/images/000002.png"] = twice.pop(
    "Isaac3D_down128/images/000001.png"
  )
  with pytest.raises(ValueError, match="each once"):
    rooms3d.prepare(
      unpacked(tmp_path / "rooms", twice), tmp_path / "out", factors=SMALL
    )


def test_isaacs_strides_are_those_of_the_page():
  # The page's numbers; what they multiply there are other names.
  sizes = DATASETS["isaac3d"].factor_sizes
  strides = np.cumprod((1, *sizes[:0:-1]))[::-1]
  assert [*strides] == [245_760, 30_720, 6_144, 1_536, 384, 96, 16, 4, 1]
  sizes = DATASETS["falcor3d"].factor_sizes
  strides = np.cumprod((1, *sizes[:0:-1]))[::-1]
  assert [*strides] == [46_656, 7_776, 1_296, 216, 36, 6, 1]
