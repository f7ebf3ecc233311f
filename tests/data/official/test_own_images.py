"""People's own images: a folder, or an .npz file."""

import numpy as np
import pytest
from helpers.official_files import (
  image_folder,
  listing,
  load,
  noise,
  rendered,
)
from PIL import Image

pytestmark = pytest.mark.usefixtures("cache")


def middle(dataset):
  images = dataset.render(dataset.arrays, np.arange(dataset.num_images))
  return np.rint(255 * np.asarray(images[:, 12, 12, 0])).tolist()


def test_a_folder_of_images_is_a_data_set(tmp_path):
  folder = image_folder(tmp_path / "mine")
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.image_shape == (24, 24, 3)
  assert dataset.notes["crop"] == "center"
  assert dataset.notes["packed_by"].startswith("area")
  assert middle(dataset) == [0, 50, 100, 200]
  assert load("image_folder", dir=folder).image_shape == (64, 64, 3)
  squeezed = load("image_folder", dir=folder, crop="resize", resolution=25)
  assert rendered(squeezed)[0, 3, :5].min() > 250  # ten columns of fifty


def test_a_folder_of_grey_images_has_one_channel(tmp_path):
  folder = image_folder(tmp_path / "mine", mode="L")
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.image_shape == (24, 24, 1)


def test_a_changed_folder_is_decoded_again(tmp_path):
  folder = image_folder(tmp_path / "mine")
  load("image_folder", dir=folder, resolution=24)
  pixels = np.full((30, 30, 3), 77, np.uint8)
  Image.fromarray(pixels).save(tmp_path / "mine" / "a.png")
  assert middle(load("image_folder", dir=folder, resolution=24))[0] == 77


def test_a_table_of_all_combinations_makes_a_grid(tmp_path):
  table = "size,file,shape\n10,a.png,x\n9,b.jpg,x\n9,sub/c.png,o\n"
  table += "10,sub/d.PNG,o\n"
  folder = image_folder(tmp_path / "mine", table)
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.factor_names == ("size", "shape")
  assert dataset.factor_sizes == (2, 2)
  # Numbers are sorted as numbers: 9 before 10; words as words.
  assert dataset.factor_values == ((9, 10), ("o", "x"))
  assert middle(dataset) == [100, 50, 200, 0]
  coarse = load("image_folder", dir=folder, resolution=24, stride=(1, 2))
  assert coarse.factor_sizes == (2, 1)
  assert middle(coarse) == [100, 200]


def test_another_table_gives_factors_of_each_image(tmp_path):
  table = "file,hue\na.png,3\nb.jpg,1\nsub/c.png,3\nsub/d.PNG,2\n"
  folder = image_folder(tmp_path / "mine", table)
  dataset = load("image_folder", dir=folder, resolution=24)
  assert dataset.factor_sizes == ()
  np.testing.assert_array_equal(dataset.factors, [[2], [0], [2], [1]])
  every_other = load("image_folder", dir=folder, resolution=24, stride=(2,))
  np.testing.assert_array_equal(every_other.factors, [[1], [0], [1]])
  assert middle(every_other) == [0, 50, 100]


@pytest.mark.parametrize(
  ("table", "message"),
  [
    ("name,hue\n", r"has columns \['name', 'hue'\]; needed: file"),
    ("file\na.png\n", "needed: file, and others"),
    ("file,hue\na.png,1\n", "wrong: b.jpg"),
    ("file,hue\na.png,1\na.png,2\nb.jpg,1\nsub/c.png,1\nsub/d.PNG,1\n", "4 im"),
    ("", "has columns"),
  ],
)
def test_a_wrong_table_is_refused(tmp_path, table, message):
  folder = image_folder(tmp_path / "mine", table)
  with pytest.raises(ValueError, match=message):
    load("image_folder", dir=folder)


def test_a_damaged_image_is_named(tmp_path, cache):
  folder = image_folder(tmp_path / "mine")
  path = tmp_path / "mine" / "sub" / "c.png"
  whole = path.read_bytes()
  for damaged in (whole[:-40], b"no image", b""):
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"c.png is no readable image"):
      load("image_folder", dir=folder)
  Image.fromarray(np.zeros((9, 9), np.uint16)).save(path)
  with pytest.raises(ValueError, match=r"c.png has pixels of type I;16"):
    load("image_folder", dir=folder)
  assert listing(cache) == ["image_folder"]


def test_a_missing_folder_or_file_is_named(tmp_path):
  for name, value in [
    ("image_folder", ""),
    ("image_folder", str(tmp_path / "none")),
    ("image_folder", str(tmp_path)),
    ("npz", ""),
    ("npz", str(tmp_path)),
  ]:
    with pytest.raises(ValueError, match=r"data.dir is .*; needed: a"):
      load(name, dir=value)


def test_arrays_of_ones_own_are_a_data_set(tmp_path):
  images = noise(6, 20, 30, 3)
  grid = np.array([[1, 0], [0, 0], [2, 1], [0, 1], [2, 0], [1, 1]])
  path = tmp_path / "mine.npz"
  np.savez(path, images=images, factors=grid, factor_names=["hue", "size"])
  dataset = load("npz", dir=str(path))
  assert dataset.image_shape == (20, 20, 3)
  assert dataset.factor_names == ("hue", "size")
  assert dataset.factor_sizes == (3, 2)
  expected = images[[1, 3, 0, 5, 4, 2], :, 5:25]
  np.testing.assert_array_equal(rendered(dataset), expected)
  wide = load("npz", dir=str(path), crop="resize", resolution=10)
  means = images.reshape(6, 10, 2, 10, 3, 3).mean((2, 4))
  assert abs(rendered(wide) - means[[1, 3, 0, 5, 4, 2]]).max() <= 0.5


def test_black_and_white_arrays_are_packed_as_bits(tmp_path):
  images = noise(5, 9, 9, top=2).astype(bool)
  np.savez(tmp_path / "mine.npz", images=images)
  dataset = load("npz", dir=str(tmp_path / "mine.npz"))
  assert dataset.arrays.shape == (5, 11)  # 81 bits
  assert dataset.factor_names == ()
  np.testing.assert_array_equal(rendered(dataset)[..., 0], 255 * images)


@pytest.mark.parametrize(
  ("arrays", "message"),
  [
    ({"pictures": np.zeros(3)}, "no array 'images'"),
    ({"images": np.zeros((3, 9, 9))}, "images is float64"),
    ({"images": np.zeros((3, 9), np.uint8)}, "images is uint8 of shape"),
    ({"images": np.zeros((0, 9, 9), np.uint8)}, "images is uint8 of shape"),
    ({"images": np.array([None])}, "pickled objects, which are never"),
    ({"images": noise(3, 9, 9), "factors": np.zeros(3, int)}, "factors has sh"),
    ({"images": noise(3, 9, 9), "factors": np.zeros((2, 1))}, "have .2. lines"),
    (
      {
        "images": noise(3, 9, 9),
        "factors": np.zeros((3, 1)),
        "factor_names": ["a", "b"],
      },
      "needed: 1 strings",
    ),
  ],
)
def test_wrong_arrays_are_refused(tmp_path, arrays, message):
  np.savez(tmp_path / "mine.npz", **arrays)
  with pytest.raises(ValueError, match=message):
    load("npz", dir=str(tmp_path / "mine.npz"))


def test_a_changed_table_is_read_again(tmp_path):
  table = "file,hue\na.png,3\nb.jpg,1\nsub/c.png,3\nsub/d.PNG,2\n"
  folder = image_folder(tmp_path / "mine", table)
  load("image_folder", dir=folder, resolution=24)
  changed = table.replace("a.png,3", "a.png,1")
  (tmp_path / "mine" / "factors.csv").write_text(changed)
  dataset = load("image_folder", dir=folder, resolution=24)
  np.testing.assert_array_equal(dataset.factors, [[0], [0], [2], [1]])


def test_images_may_keep_their_height_and_width(tmp_path):
  images = noise(3, 6, 10, 4)
  np.savez(tmp_path / "own.npz", images=images)
  for placement in ("device", "streamed"):
    dataset = load(
      "npz", dir=str(tmp_path / "own.npz"), crop="none", placement=placement
    )
    assert dataset.image_shape == (6, 10, 4)
    assert dataset.notes["resolution"] == [6, 10]
    found = rendered(dataset) if dataset.render else dataset.read(np.arange(3))
    np.testing.assert_array_equal(found, images)


def test_files_of_one_size_may_keep_it(tmp_path):
  pixels = noise(2, 6, 10, 3)
  for number, image in enumerate(pixels):
    Image.fromarray(image).save(tmp_path / f"{number}.png")
  fields = {"dir": str(tmp_path), "crop": "none"}
  np.testing.assert_array_equal(
    rendered(load("image_folder", **fields)), pixels
  )
  with pytest.raises(ValueError, match=r"data.resolution is 8; needed: 0"):
    load("image_folder", **fields, resolution=8)
  Image.fromarray(pixels[0, :5]).save(tmp_path / "2.png")
  with pytest.raises(ValueError, match=r"2.png has 5 x 10 pixels; needed: 6"):
    load("image_folder", **fields)
