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
