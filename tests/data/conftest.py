"""Folders of a test's own."""

from functools import partial

import pytest
from helpers.official_files import (
  DSPRITES,
  dsprites_arrays,
  dsprites_npz,
  prepare,
)

from dvae_jax.data.official import dsprites


@pytest.fixture
def cache(tmp_path, monkeypatch):
  """Data folder of a cache of this test; a folder of TFDS copies too."""
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
  return tmp_path / "cache" / "dvae_jax" / "data"


@pytest.fixture
def sprites(tmp_path, cache):
  """Images of a small dSprites, prepared from an official file."""
  path = dsprites_npz(tmp_path / "d.npz", *dsprites_arrays())
  prepare("dsprites", partial(dsprites.read, sizes=DSPRITES), path)
  return dsprites_arrays()[0]
