"""Archives that nobody has to trust."""

import tarfile
import zipfile

import pytest
from helpers.official_files import listing, tar

from dvae_jax.data.formats import archives, storage
from dvae_jax.data.official import chairs3d

pytestmark = pytest.mark.usefixtures("cache")


def test_no_archive_writes_outside(tmp_path, cache):
  link = {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}
  hard = {"type": tarfile.LNKTYPE, "linkname": "../x", "size": 0}
  for name, changes, message in [
    ("../evil.png", {}, "points outside"),
    ("/evil.png", {}, "points outside"),
    ("a/../../evil.png", {}, "points outside"),
    ("C:\\evil.png", {}, "points outside"),
    ("evil.png", link, "is no plain file"),
    ("evil.png", hard, "is no plain file"),
  ]:
    path = tar(tmp_path / "a.tar", {name: b""}, **{name: changes})
    with pytest.raises(ValueError, match=message):
      chairs3d.prepare(path, storage.prepared_dir("chairs3d"))
    if not changes:
      with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(zipfile.ZipInfo(name), b"")
      with pytest.raises(ValueError, match=message):
        archives.extract(tmp_path / "a.zip", tmp_path / "new", bool)
  assert not list(tmp_path.rglob("*evil*"))
  assert listing(cache) == ["chairs3d"]


def test_a_symbolic_link_in_a_zip_is_refused(tmp_path):
  info = zipfile.ZipInfo("evil.jpg")
  info.external_attr = 0o120777 << 16
  with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
    file.writestr(info, "/etc/passwd")
  with pytest.raises(ValueError, match="is no plain file"):
    archives.extract(tmp_path / "a.zip", tmp_path / "new", bool)
  assert not (tmp_path / "new").exists()
