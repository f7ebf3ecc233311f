"""The official CelebA files, small ones of that layout."""

import numpy as np
import pytest
from helpers.official_files import celeba_files, listing, load

from dvae_jax.data import DATASETS, sources
from dvae_jax.data.formats import storage
from dvae_jax.data.official import celeba, files

pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.parametrize("zipped", [True, False])
def test_celeba_is_read_from_the_official_files(tmp_path, zipped):
  levels = celeba_files(tmp_path, zipped=zipped)
  celeba.prepare(tmp_path, storage.prepared_dir("celeb_a"), num_images=5)
  dataset = load("celeb_a")
  assert dataset.image_shape == (64, 64, 3)
  assert dataset.factor_names == ("Bald", "Male", "Young")
  np.testing.assert_array_equal(
    dataset.factors,
    [[0, 1, 0], [1, 1, 1], [0, 0, 0], [0, 1, 1], [1, 0, 0]],
  )
  np.testing.assert_array_equal(dataset.held_out, [2, 3])
  assert dataset.num_train == 3
  assert dataset.notes["crop"] == "crop148"
  images = rendered_split(dataset)
  # JPEG rounds; away from the edge the colour is the level that was written.
  for image, level in zip(images, levels, strict=True):
    assert abs(image[2:-2].astype(int) - level).max() <= 3


def rendered_split(dataset):
  return np.rint(
    255 * np.asarray(dataset.render(dataset.arrays, np.arange(5)))
  ).astype(np.uint8)


def test_celeba_crops_are_a_field(tmp_path):
  levels = celeba_files(tmp_path)
  celeba.prepare(tmp_path, storage.prepared_dir("celeb_a"), num_images=5)
  whole = load("celeb_a", crop="resize", resolution=32)
  assert whole.image_shape == (32, 32, 3)
  # 35 of 218 rows: five of 32 rows of the squeezed image.
  assert abs(rendered_split(whole)[0, :4].astype(int) - 245).max() <= 3
  close = load("celeb_a", crop="crop140", placement="streamed")
  assert close.notes["crop"] == "crop140"
  assert abs(close.read(np.array([1])).astype(int) - levels[1]).max() <= 3
  with pytest.raises(ValueError, match=r"data.crop is 'crop200'; allowed for"):
    load("celeb_a", crop="crop200")
  with pytest.raises(
    ValueError, match=r"data.crop is 'circle'; allowed: 'none"
  ):
    load("celeb_a", crop="circle")


def test_wrong_celeba_is_refused(tmp_path, cache):
  target = storage.prepared_dir("celeb_a")
  celeba_files(tmp_path)
  with pytest.raises(ValueError, match="sha256 checksum"):
    sources.prepare("celeb_a", file=tmp_path)
  with pytest.raises(ValueError, match="lists 5 images; needed: 202599"):
    files.prepare(
      "celeb_a", DATASETS["celeb_a"]._replace(checksums={}), tmp_path
    )
  parts = tmp_path / "list_eval_partition.txt"
  attributes = tmp_path / "list_attr_celeba.txt"
  good = parts.read_text(), attributes.read_text()
  for file, text, message in [
    (parts, "000001.jpg\n", "needs lines of a file name and 0, 1 or 2"),
    (parts, good[0].replace("000002", "000009"), "lists other images"),
    (attributes, good[1].replace("-1 -1 -1", "-1 -1"), "needs a count"),
    (attributes, good[1].replace("-1 -1 -1", "-1 -1 7"), "needs a count"),
    (attributes, "", "needs a count"),
  ]:
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
      celeba.prepare(tmp_path, target, num_images=5)
    parts.write_text(good[0])
    attributes.write_text(good[1])
  (tmp_path / "img_align_celeba.zip").unlink()
  with pytest.raises(ValueError, match=r"lacks 5 images, first img_align_cel"):
    celeba.prepare(tmp_path, target, num_images=5)
  parts.unlink()
  with pytest.raises(FileNotFoundError, match="list_eval_partition"):
    celeba.prepare(tmp_path, target, num_images=5)
  assert listing(cache) in ([], ["celeb_a"])


def test_celeba_images_of_another_size_are_refused(tmp_path):
  celeba_files(tmp_path, size=(180, 218))
  celeba.prepare(tmp_path, storage.prepared_dir("celeb_a"), num_images=5)
  with pytest.raises(ValueError, match=r"218 x 180 pixels; needed: 218 x 178"):
    load("celeb_a")
