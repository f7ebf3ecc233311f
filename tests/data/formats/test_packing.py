"""The packed form on disk."""

import json

import numpy as np
import pytest
from helpers.official_files import listing, load, noise

from dvae_jax.data.formats import packing, storage

pytestmark = pytest.mark.usefixtures("cache")


def test_a_damaged_prepared_folder_is_named(sprites):
  folder = storage.prepared_dir("dsprites")
  again = f"delete {folder} and prepare it again"
  (folder / "images.npy").write_bytes(b"short")
  with pytest.raises(ValueError, match=f"images.npy is truncated: {again}"):
    load("dsprites")
  meta = json.loads((folder / "meta.json").read_text())
  meta["version"] = 0
  (folder / "meta.json").write_text(json.dumps(meta))
  with pytest.raises(ValueError, match=r"again .it has format 0"):
    load("dsprites")
  (folder / "meta.json").write_text("{")
  with pytest.raises(ValueError, match="prepared is damaged: delete it"):
    load("dsprites")


def test_chunks_must_cover_all_images(tmp_path):
  header = packing.Header(image_shape=(2, 2, 1), num_images=3)
  half = packing.Chunk(slice(0, 2), noise(2, 2, 2, 1))
  with pytest.raises(ValueError, match="1 of 3 images are missing"):
    packing.write(tmp_path / "x", header, [half], title="x")
  assert listing(tmp_path) == []


def test_a_file_that_is_cut_while_it_is_read_is_noticed(sprites):
  stored = packing.open_stored(storage.prepared_dir("dsprites"))
  assert packing.read_rows(stored, np.array([143])).any()
  stored.file.write_bytes(stored.file.read_bytes()[:-1])
  with pytest.raises(ValueError, match=r"images.npy is truncated: prepare it"):
    packing.read_rows(stored, np.array([143]))
