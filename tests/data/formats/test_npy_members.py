"""Arrays inside .npz files."""

import zipfile
from functools import partial

import numpy as np
import pytest
from helpers.official_files import (
  DSPRITES,
  dsprites_arrays,
  listing,
  noise,
  prepare,
)

from dvae_jax.data.formats import npy_members
from dvae_jax.data.official import dsprites

pytestmark = pytest.mark.usefixtures("cache")


def test_a_flipped_byte_in_an_npz_file_is_noticed(tmp_path, cache):
  images, classes = dsprites_arrays()
  path = tmp_path / "d.npz"
  np.savez(path, imgs=images, latents_classes=classes)
  raw = bytearray(path.read_bytes())
  raw[5000] ^= 1
  path.write_bytes(raw)
  with pytest.raises(ValueError, match="Bad CRC"):
    prepare("dsprites", partial(dsprites.read, sizes=DSPRITES), path)
  assert listing(cache) == ["dsprites"]


def test_a_member_is_found_at_its_offset(tmp_path):
  array = noise(3, 5)
  np.savez(tmp_path / "a.npz", before=np.arange(9), images=array)
  member = npy_members.inspect(tmp_path / "a.npz", "images")
  raw = (tmp_path / "a.npz").read_bytes()
  assert raw[member.offset : member.offset + 15] == array.tobytes()


@pytest.mark.parametrize(
  ("count", "message"), [(2, "goes on after its last row"), (4, "ends early")]
)
def test_rows_that_the_header_does_not_count_are_refused(
  tmp_path, count, message
):
  path = tmp_path / "a.npz"
  with zipfile.ZipFile(path, "w") as file, file.open("x.npy", "w") as member:
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, 5)}
    np.lib.format.write_array_header_1_0(member, header)
    member.write(bytes(15))
  with pytest.raises(ValueError, match=message):
    list(npy_members.rows(path, "x", 2))
