"""Copies prepared by TFDS: read without TensorFlow, made by real builders."""

import importlib.util
import io
import json
import shutil
import sys
from functools import partial

import numpy as np
import pytest
from helpers.official_files import noise, prepare, rendered
from PIL import Image

from dvae_jax import data
from dvae_jax.data import DATASETS, sources
from dvae_jax.data.formats import packing, storage
from dvae_jax.data.official import (
  celeba,
  dsprites,
  mnist,
  shapes3d,
  smallnorb,
  tfds_copies,
)

COPIES = {n: entry.tfds for n, entry in DATASETS.items() if entry.tfds}


@pytest.fixture(autouse=True)
def copies(cache, tmp_path):
  """The TFDS folder of this test."""
  return tmp_path / "tfds"


def encoded(pixels, kind="PNG"):
  raw = io.BytesIO()
  Image.fromarray(np.squeeze(pixels)).save(raw, kind, quality=95)
  return raw.getvalue()


def write_copy(root, name, splits, *, file_format="array_record"):
  """A copy as TFDS 4.9 lays it out, written without TensorFlow.

  Args:
    root: TFDS's data folder.
    name: of the data set.
    splits: split -> records, name -> bytes, int or float.
    file_format: as dataset_info.json names it.
  """
  import tensorflow_datasets as tfds
  from array_record.python.array_record_module import ArrayRecordWriter
  from tensorflow_datasets.proto import tf_example_generated_pb2 as pb

  builder = tfds.builder(name, data_dir=root)
  folder = root / name / str(builder.version)
  folder.mkdir(parents=True)
  builder.info.features.save_config(folder)
  for split, records in splits.items():
    path = folder / f"{name}-{split}.{file_format}-00000-of-00001"
    writer = ArrayRecordWriter(str(path), "group_size:1")
    for record in records:
      example = pb.Example()
      for field, value in record.items():
        feature = example.features.feature[field]
        if isinstance(value, bytes):
          feature.bytes_list.value.append(value)
        elif isinstance(value, float):
          feature.float_list.value.append(value)
        else:
          feature.int64_list.value.append(int(value))
      writer.write(example.SerializeToString())
    writer.close()
  info = {
    "name": name,
    "version": str(builder.version),
    "fileFormat": file_format,
    "splits": [
      {
        "name": split,
        "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
        "shardLengths": [str(len(records))],
        "numBytes": "1",
      }
      for split, records in splits.items()
    ],
  }
  (folder / "dataset_info.json").write_text(json.dumps(info))
  return folder


def small(monkeypatch, name, **changes):
  """Makes a set's row that of a smaller grid."""
  entry = DATASETS[name]
  smaller = entry._replace(tfds=entry.tfds._replace(**changes))
  monkeypatch.setitem(DATASETS, name, smaller)


DSPRITES = (3, 2, 4, 3, 2)
DSPRITES_FIELDS = ("shape", "scale", "orientation", "x_position", "y_position")


def dsprites_copy(root, **options):
  images = noise(144, 64, 64, top=2)
  grid = np.indices(DSPRITES).reshape(5, -1).T
  records = [
    {
      "image": encoded(images[n]),
      **{f"label_{k}": v for k, v in zip(DSPRITES_FIELDS, row, strict=True)},
      **{f"value_{k}": 0.5 for k in DSPRITES_FIELDS},
    }
    for n, row in enumerate(grid)
  ]
  shuffled = [records[n] for n in np.random.default_rng(0).permutation(144)]
  folder = write_copy(root, "dsprites", {"train": shuffled}, **options)
  return images, folder


def small_dsprites(monkeypatch):
  header = dsprites.header(DSPRITES)
  small(monkeypatch, "dsprites", header=lambda counts: header, sizes=DSPRITES)


def test_a_copy_is_read_without_tensorflow(copies, monkeypatch):
  images, _ = dsprites_copy(copies)
  small_dsprites(monkeypatch)
  dataset = data.load({"name": "dsprites"})
  assert dataset.source == "tfds"  # real images before rendered ones
  assert dataset.factor_sizes == DSPRITES
  # The records were shuffled; the images are in the order of the grid, and
  # pixels of 0 and 1 are black and white.
  np.testing.assert_array_equal(rendered(dataset)[..., 0], 255 * images)
  assert dataset.arrays.nbytes == 144 * 512
  if importlib.util.find_spec("tensorflow") is None:
    assert "tensorflow" not in sys.modules


def test_a_copy_is_decoded_once(copies, monkeypatch):
  images, _ = dsprites_copy(copies)
  small_dsprites(monkeypatch)
  data.load({"name": "dsprites"})
  monkeypatch.setattr(packing, "write", None)  # a second time would fail
  again = data.load({"name": "dsprites", "source": "tfds"})
  np.testing.assert_array_equal(rendered(again)[..., 0], 255 * images)
  streamed = data.load({"name": "dsprites", "placement": "streamed"})
  np.testing.assert_array_equal(
    streamed.read(np.array([143, 5]))[..., 0], 255 * images[[143, 5]]
  )


def test_the_newest_copy_is_read(copies):
  for version in ("1.9.0", "1.10.0", "1.10.0.incomplete"):
    folder = copies / "mnist" / version
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").touch()
  assert tfds_copies.find("mnist").name == "1.10.0"


def test_a_copy_prepared_anew_is_decoded_anew(copies):
  for level in (10, 200):
    image = np.full((28, 28), level, np.uint8)
    records = [{"image": encoded(image), "label": 0}]
    folder = write_copy(copies, "mnist", {"train": records, "test": records})
    assert rendered(data.load({"name": "mnist"})).max() == level
    shutil.rmtree(folder)


def test_data_dir_names_the_folder_of_copies(copies, tmp_path, monkeypatch):
  dsprites_copy(tmp_path / "elsewhere")
  small_dsprites(monkeypatch)
  fields = {"name": "dsprites", "dir": str(tmp_path / "elsewhere")}
  assert data.load(fields).source == "tfds"
  assert data.load({"name": "dsprites"}).source == "rendered"


def test_a_copy_that_needs_tensorflow_is_named(copies, monkeypatch):
  dsprites_copy(copies, file_format="tfrecord")
  small_dsprites(monkeypatch)
  assert data.load(
    {"name": "dsprites", "stride": (3, 6, 40, 32, 32)}
  ).source == ("rendered")
  with pytest.raises(
    ValueError, match="in TFDS's format tfrecord, which needs"
  ):
    data.load({"name": "dsprites", "source": "tfds"})


def test_a_copy_of_another_size_is_refused(copies, tmp_path):
  dsprites_copy(copies)
  with pytest.raises(ValueError, match="has 144 images; needed: 737280"):
    data.load({"name": "dsprites"})
  assert not list((tmp_path / "cache").rglob("meta.json"))


def test_a_damaged_copy_is_refused_whole(copies, tmp_path, monkeypatch):
  _, folder = dsprites_copy(copies)
  small_dsprites(monkeypatch)
  records = next(folder.glob("*.array_record-*"))
  whole = records.read_bytes()
  middle = len(whole) // 2
  records.write_bytes(whole[:middle] + b"\0" * 2000 + whole[middle + 2000 :])
  with pytest.raises(ValueError, match=r"damaged|no complete TFDS copy"):
    data.load({"name": "dsprites"})
  records.unlink()
  with pytest.raises(ValueError, match=r"damaged|no complete TFDS copy"):
    data.load({"name": "dsprites"})
  assert not list((tmp_path / "cache").rglob("*.npy"))


def test_a_missing_copy_names_the_command():
  with pytest.raises(FileNotFoundError, match="prepare dsprites"):
    data.load({"name": "dsprites", "source": "tfds"})


def test_smallnorb_is_put_in_order_and_resized(copies, monkeypatch):
  sizes, toys = (2, 3, 2, 2), 4
  grid = np.indices((2, toys, 3, 2, 2)).reshape(5, -1).T
  images = noise(len(grid), 96, 96)
  names = smallnorb.TFDS.labels
  records = [
    {
      "image": encoded(images[n]),
      "image2": encoded(255 - images[n]),
      **dict(zip(names, row, strict=True)),
    }
    for n, row in enumerate(grid)
  ]
  train = [r for r in records if r["instance"] in (1, 3)][::-1]
  test = [r for r in records if r["instance"] in (0, 2)]
  write_copy(copies, "smallnorb", {"train": train, "test": test})
  small(
    monkeypatch,
    "smallnorb",
    header=lambda counts: smallnorb.header(sizes, toys),
    sizes=(2, toys, 3, 2, 2),
  )
  dataset = data.load({"name": "smallnorb"})
  np.testing.assert_array_equal(dataset.factors, grid[:, [0, 2, 3, 4]])
  # Each 3 x 3 block of the original becomes 2 x 2: its mean stays.
  means = rendered(dataset).reshape(-1, 32, 2, 32, 2).mean((2, 4))
  expected = images.reshape(-1, 32, 3, 32, 3).mean((2, 4))
  assert abs(means - expected).max() <= 0.51


def test_mnist_keeps_its_official_test_images_out(copies):
  images, labels = noise(9, 28, 28), np.arange(9)
  records = [
    {"image": encoded(i), "label": n}
    for i, n in zip(images, labels, strict=True)
  ]
  splits = {"train": records[:6], "test": records[6:]}
  write_copy(copies, "mnist", splits)
  dataset = data.load({"name": "mnist"})
  np.testing.assert_array_equal(rendered(dataset)[..., 0], images)
  np.testing.assert_array_equal(dataset.factors[:, 0], labels)
  np.testing.assert_array_equal(dataset.held_out, [6, 7, 8])
  assert dataset.factor_values == (mnist.DIGITS,)


def celeba_records(levels):
  for n, level in enumerate(levels):
    record = {
      "image": encoded(np.full((218, 178, 3), level, np.uint8), "JPEG"),
      "identity/Identity_No": n,
    }
    for k, name in enumerate(celeba.ATTRIBUTES):
      record[f"attributes/{name}"] = (n + k) % 3 == 0
    for eye in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth"):
      record[f"landmarks/{eye}_x"] = record[f"landmarks/{eye}_y"] = 1
    yield record


def test_celeba_is_cropped_by_the_field(copies):
  train, validation, test = map(
    list, map(celeba_records, ([9, 99], [50], [200]))
  )
  write_copy(
    copies,
    "celeb_a",
    {"train": train, "validation": validation, "test": test},
  )
  dataset = data.load({"name": "celeb_a", "crop": "crop140", "resolution": 32})
  assert dataset.image_shape == (32, 32, 3)
  assert dataset.notes["crop"] == "crop140"
  expected = np.array([9, 99, 50, 200])
  found = rendered(dataset).astype(int)
  assert abs(found - expected[:, None, None, None]).max() <= 2
  np.testing.assert_array_equal(dataset.held_out, [2, 3])
  assert dataset.factors.shape == (4, 40)
  np.testing.assert_array_equal(dataset.factors[0, :4], [1, 0, 0, 1])


def test_shapes3d_is_put_in_order(copies, monkeypatch):
  sizes = (2, 1, 2, 3, 2, 2)
  spec = shapes3d.TFDS
  grid = np.indices(sizes).reshape(6, -1).T
  images = noise(48, 64, 64, 3)
  records = [
    {
      "image": encoded(images[n]),
      **dict(zip(spec.labels, row, strict=True)),
      **{name.replace("label", "value"): 0.5 for name in spec.labels},
    }
    for n, row in enumerate(grid)
  ]
  write_copy(copies, "shapes3d", {"train": records[::-1]})
  header = shapes3d.header(sizes)
  small(monkeypatch, "shapes3d", header=lambda counts: header, sizes=sizes)
  dataset = data.load({"name": "shapes3d"})
  np.testing.assert_array_equal(rendered(dataset), images)


@pytest.mark.parametrize("name", COPIES)
def test_fields_are_those_of_the_builders(name):
  import tensorflow_datasets as tfds

  spec = COPIES[name]
  features = tfds.builder(name).info.features
  assert features["image"].shape == spec.image_shape
  for label in spec.labels:
    outer, _, inner = label.partition("/")
    assert features[outer][inner] if inner else features[outer]
  if spec.sizes:
    sizes = tuple(features[label].num_classes for label in spec.labels)
    assert sizes == spec.sizes


def test_preparing_needs_the_extra(monkeypatch):
  monkeypatch.setitem(sys.modules, "tensorflow", None)
  with pytest.raises(ModuleNotFoundError, match=r"dvae_jax\[tfds\]"):
    tfds_copies.prepare("dsprites")


def test_a_refused_download_names_the_way_by_hand(monkeypatch):
  import tensorflow_datasets as tfds

  def refuse(self):
    raise tfds.download.download_manager.NonMatchingChecksumError("quota")

  monkeypatch.setattr(storage, "needs", lambda *_: None)
  monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", refuse)
  with pytest.raises(ValueError, match="prepare celeb_a --from=FOLDER"):
    sources.prepare("celeb_a")


# Through the real builders, which need TensorFlow.

with_tensorflow = pytest.mark.skipif(
  importlib.util.find_spec("tensorflow") is None,
  reason="needs the extra tfds",
)


@pytest.mark.slow
@with_tensorflow
def test_dsprites_through_the_real_builder(copies, tmp_path, monkeypatch):
  import h5py
  import tensorflow_datasets as tfds

  images = noise(144, 64, 64, top=2)
  classes = np.indices((1, *DSPRITES)).reshape(6, -1).T
  path = tmp_path / "dsprites.hdf5"
  with h5py.File(path, "w") as file:
    file["imgs"] = images
    file["latents/classes"] = classes
    file["latents/values"] = classes.astype(float)
  monkeypatch.setattr(
    tfds.download.DownloadManager, "download", lambda self, url: path
  )
  small_dsprites(monkeypatch)
  folder = tfds_copies.prepare("dsprites")
  assert folder == tfds_copies.find("dsprites")
  dataset = data.load({"name": "dsprites"})
  assert dataset.source == "tfds"
  np.testing.assert_array_equal(rendered(dataset)[..., 0], 255 * images)


@pytest.mark.slow
@with_tensorflow
def test_shapes3d_through_the_real_builder(copies, tmp_path, monkeypatch):
  import h5py
  import tensorflow_datasets as tfds

  sizes = (2, 2, 1, 2, 2, 3)
  images = noise(48, 64, 64, 3)
  path = tmp_path / "3dshapes.h5"
  with h5py.File(path, "w") as file:
    file["images"] = images
    file["labels"] = np.indices(sizes).reshape(6, -1).T * 0.1
  monkeypatch.setattr(
    tfds.download.DownloadManager, "download", lambda self, url: path
  )
  header = shapes3d.header(sizes)
  small(monkeypatch, "shapes3d", header=lambda counts: header, sizes=sizes)
  tfds_copies.prepare("shapes3d")
  dataset = data.load({"name": "shapes3d", "source": "tfds"})
  np.testing.assert_array_equal(rendered(dataset), images)
  # The same file taken directly gives the same images.
  prepare("shapes3d", partial(shapes3d.read, sizes=sizes), path)
  direct = data.load({"name": "shapes3d", "source": "file"})
  np.testing.assert_array_equal(rendered(direct), images)


@pytest.mark.slow
@with_tensorflow
def test_mnist_through_the_real_builder(copies, tmp_path, monkeypatch):
  import tensorflow_datasets as tfds
  from tensorflow_datasets.image_classification import mnist as builders

  images, labels = noise(10, 28, 28), np.arange(10, dtype=np.uint8)
  paths = {}
  for part, rows in [("train", slice(0, 7)), ("test", slice(7, 10))]:
    count = len(images[rows])
    for kind, head, array in [
      ("data", [2051, count, 28, 28], images[rows]),
      ("labels", [2049, count], labels[rows]),
    ]:
      paths[f"{part}_{kind}"] = tmp_path / f"{part}_{kind}"
      raw = np.array(head, ">i4").tobytes() + array.tobytes()
      paths[f"{part}_{kind}"].write_bytes(raw)
  monkeypatch.setattr(builders, "_TRAIN_EXAMPLES", 7)
  monkeypatch.setattr(builders, "_TEST_EXAMPLES", 3)
  monkeypatch.setattr(
    tfds.download.DownloadManager,
    "download_and_extract",
    lambda self, urls: paths,
  )
  tfds_copies.prepare("mnist")
  dataset = data.load({"name": "mnist"})
  order = dataset.factors[:, 0]  # TFDS shuffles within each split
  assert sorted(order[:7]) == list(range(7))
  np.testing.assert_array_equal(rendered(dataset)[..., 0], images[order])
