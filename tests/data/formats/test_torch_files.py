"""Tensors in .pth files, whose code never runs."""

import pickle
import zipfile
from pathlib import Path

import pytest

from dvae_jax.data.formats import torch_files
from dvae_jax.data.official import faces3d

pytestmark = pytest.mark.usefixtures("cache")


class Evil:
  """Unpickling it makes a folder."""

  def __init__(self, folder):
    self.folder = folder

  def __reduce__(self):
    return Path.mkdir, (self.folder,)


def test_code_in_a_pth_file_never_runs(tmp_path):
  evil = pickle.dumps(Evil(tmp_path / "made"))
  with zipfile.ZipFile(tmp_path / "zip.pth", "w") as file:
    file.writestr("archive/data.pkl", evil)
  head = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
  system = pickle.dumps({"little_endian": True}, 2)
  (tmp_path / "old.pth").write_bytes(head + system + evil)
  for name in ("zip.pth", "old.pth"):
    with pytest.raises(ValueError, match="only tensors of bytes and floats"):
      faces3d.read(tmp_path / name)
  assert not (tmp_path / "made").exists()
  pickle.loads(evil)  # what an ordinary unpickler would have done
  assert (tmp_path / "made").exists()


def test_a_pth_file_that_holds_no_tensor_is_refused(tmp_path):
  with zipfile.ZipFile(tmp_path / "a.pth", "w") as file:
    file.writestr("archive/data.pkl", pickle.dumps({"weights": 1}))
  with pytest.raises(ValueError, match="it holds a dict, not one tensor"):
    torch_files.inspect(tmp_path / "a.pth")


# What torch.save writes of a 2 x 2 tensor of bytes, in pickle's protocol 0; the
# last two numbers are its strides.
PICKLED = (
  b"ctorch._utils\n_rebuild_tensor_v2\n"
  b"((S'storage'\nctorch\nByteStorage\nS'0'\nS'cpu'\nI4\ntQ"
  b"I0\n(I2\nI2\nt(I%d\nI%d\nttR."
)


def pth(path, strides=(2, 1), order=b"little"):
  with zipfile.ZipFile(path, "w") as file:
    file.writestr("archive/data.pkl", PICKLED % strides)
    file.writestr("archive/byteorder", order)
    file.writestr("archive/data/0", bytes([1, 2, 3, 4]))
  return path


def test_a_tensor_is_found_at_its_offset(tmp_path):
  path = pth(tmp_path / "a.pth")
  shape, dtype, offset = torch_files.inspect(path)
  assert (shape, dtype) == ((2, 2), "u1")
  assert path.read_bytes()[offset : offset + 4] == bytes([1, 2, 3, 4])


def test_a_turned_tensor_is_refused(tmp_path):
  with pytest.raises(ValueError, match=r"has strides \(1, 2\): not contig"):
    torch_files.inspect(pth(tmp_path / "a.pth", strides=(1, 2)))


def test_another_byte_order_is_refused(tmp_path):
  with pytest.raises(ValueError, match="byte order is b'big'"):
    torch_files.inspect(pth(tmp_path / "a.pth", order=b"big"))
  parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": False})
  old = b"".join(pickle.dumps(part, 2) for part in parts)
  (tmp_path / "old.pth").write_bytes(old + PICKLED % (2, 1))
  with pytest.raises(ValueError, match="byte order is big-endian"):
    torch_files.inspect(tmp_path / "old.pth")
