"""Which source a data set comes from."""

from functools import partial

import pytest
from helpers.official_files import (
  DSPRITES,
  dsprites_arrays,
  dsprites_npz,
  prepare,
)

from dvae_jax import data
from dvae_jax.data.official import dsprites

pytestmark = pytest.mark.usefixtures("cache")


def test_a_prepared_file_is_preferred_to_the_rendering(tmp_path):
  assert data.load({"name": "dsprites"}).source == "rendered"
  path = dsprites_npz(tmp_path / "d.npz", *dsprites_arrays())
  prepare("dsprites", partial(dsprites.read, sizes=DSPRITES), path)
  assert data.load({"name": "dsprites"}).source == "file"
  elsewhere = {"name": "dsprites", "dir": str(tmp_path)}
  assert data.load(elsewhere).source == "rendered"


@pytest.mark.parametrize(
  ("field", "value", "allowed"),
  [
    ("name", "dspirtes", "'dsprites'"),
    ("source", "tensorflow", "'rendered'"),
    ("resolution", 20, "(64, 32, 16, 8)"),
    ("stride", (2, 2), "5 integers"),
    ("stride", (1, 1, 0, 1, 1), "at least 1"),
    ("stride", (1, 1, 1.5, 1, 1), "integers"),
    ("stride", 2, "5 integers"),
    ("placement", "streamed", "'device'"),
    ("crop", "center", "['']"),
    ("variant", "full", "['']"),
    ("strides", (), "'stride'"),
  ],
)
def test_bad_fields_are_named(field, value, allowed):
  with pytest.raises(ValueError, match=f"data.{field}") as error:
    data.load({field: value})
  assert str(value) in str(error.value) or field == "strides"
  assert allowed in str(error.value)
