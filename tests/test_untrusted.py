"""Files of strangers: bombs, and names that lead elsewhere."""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections import namedtuple

import numpy as np
import pytest
from helpers import damages, fake_runs

from dvae_jax import memory, rundir, studies
from dvae_jax.data.formats import (
  archives,
  hdf5,
  idx,
  image_files,
  npy_members,
)
from dvae_jax.data.official import cars3d, smallnorb
from dvae_jax.report import study

GIGABYTE = 10**9


@pytest.fixture(autouse=True)
def _small_machine(monkeypatch):
  monkeypatch.setattr(memory, "available", lambda: GIGABYTE)


def gz_of_zeros(path, head):
  """20 MB of zeros behind a header, in 20 kB."""
  with gzip.open(path, "wb", compresslevel=9) as file:
    file.write(head)
    for _ in range(20):
      file.write(bytes(10**6))


def png(path, width, height):
  """A PNG that declares its size and has no pixels."""
  sizes = width.to_bytes(4) + height.to_bytes(4)
  content = b"\x89PNG\r\n\x1a\n"
  for chunk in (b"IHDR" + sizes + b"\x08\0\0\0\0", b"IDAT"):
    size = (len(chunk) - 4).to_bytes(4)
    content += size + chunk + zlib.crc32(chunk).to_bytes(4)
  path.write_bytes(content)


def idx_head(*sizes):
  return b"\0\0\x08" + bytes([len(sizes)]) + np.array(sizes, ">i4").tobytes()


def norb_head(*sizes):
  return np.array([507333717, len(sizes), *sizes], "<i4").tobytes()


def tar_of(path, **sizes):
  with tarfile.open(path, "w:gz") as file:
    for name, size in sizes.items():
      info = tarfile.TarInfo(name.replace("__", "/"))
      info.size = size
      file.addfile(info, io.BytesIO(bytes(size)))


def hdf5_of(path):
  h5py = pytest.importorskip("h5py")
  with h5py.File(path, "w") as file:
    file.create_dataset("x", (10**7, 10**5), "u1", chunks=(1, 10**5))


BOMBS = {
  "idx declared": (
    lambda p: gz_of_zeros(p, idx_head(60_000, 1000, 1000)),
    idx.read, r"\(60000, 1000, 1000\) needs 60 GB of memory"),
  "idx longer": (
    lambda p: gz_of_zeros(p, idx_head(10, 28, 28)),
    idx.read, "more bytes; its shape"),
  "norb declared": (
    lambda p: gz_of_zeros(p, norb_head(24300, 2, 960, 960)),
    smallnorb.read_matrix, "needs 44.8 GB of memory"),
  "norb longer": (
    lambda p: gz_of_zeros(p, norb_head(5, 2, 9)),
    smallnorb.read_matrix, "more bytes; its shape"),
  "hdf5 declared": (
    hdf5_of, lambda p: hdf5.read(p, "x"), "x declares 1 TB"),
  "hdf5 rows": (
    hdf5_of, lambda p: next(hdf5.rows(p, "x", 10**6)), "x declares 100 GB"),
  "image": (
    lambda p: png(p, 12_000, 12_000), image_files.is_grey,
    "declares 12000 x 12000 pixels; at most"),
  "larger image": (
    lambda p: png(p, 50_000, 50_000), image_files.is_grey, "is refused: "),
  "npz": (
    lambda p: np.savez_compressed(p, x=np.zeros(2, "f4")) or _declare(p),
    lambda p: npy_members.read(p, "x"), "declares 4 TB, "),
  "member": (
    lambda p: tar_of(p, data__cars__car_1_mesh__mat=10),
    lambda p: _member(p, 5), "has more than 5 bytes"),
}  # fmt: skip


def _declare(path):
  with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("x.npy", damages.declared((10**12,)))


def _member(path, most):
  for name, file in archives.members(path, bool):
    archives.read(path, name, file, most)


@pytest.mark.parametrize("name", BOMBS)
def test_what_memory_does_not_hold_is_refused_before_it_is_read(tmp_path, name):
  make, read, words = BOMBS[name]
  path = tmp_path / ("x.gz" if "norb" in name or "idx" in name else "x.npz")
  make(path)
  with pytest.raises(ValueError, match=words) as refused:
    read(path)
  assert str(path) in str(refused.value)


def test_an_archive_stops_where_the_disk_ends(tmp_path, monkeypatch):
  tar_of(tmp_path / "a.tgz", big=3 * archives.PIECE)
  usage = namedtuple("usage", "total used free")
  room = usage(0, 0, 2 * archives.PIECE)
  monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: room)
  with pytest.raises(ValueError, match="the disk can't hold big"):
    archives.extract(tmp_path / "a.tgz", tmp_path / "new", bool)


def test_a_car_is_no_gigabyte():
  assert cars3d.MOST > 10 * 128 * 128 * 3 * 24 * 4  # of pixels


def test_a_strangers_scores_name_no_file(tmp_path):
  for name in ("a", "b"):
    run = fake_runs.make_run(tmp_path / name, lanes=3)
    fake_runs.write_run(run)
    lines = rundir.read_jsonl(run.workdir / rundir.RESULTS)
    for line in lines:
      line["metrics"]["mig./../../../evil"] = 0.1 * line["lane"]
    rundir.write_jsonl(run.workdir / rundir.RESULTS, lines)
  out = tmp_path / "deep" / "out"
  study.write([tmp_path / "a", tmp_path / "b"], out)
  assert (out / "violins_mig._.._.._.._evil.png").exists()
  assert not [p for p in tmp_path.rglob("*evil*") if p.parent != out]


def test_a_strangers_study_names_no_file_elsewhere(tmp_path):
  line = {"run": "../../x", "setting": "", "seed": 0, "hparams": {}}
  line |= {"metrics": {}, "diverged_at": -1}
  rundir.write_jsonl(tmp_path / "lanes.jsonl", [line])
  with pytest.raises(ValueError, match=r"lanes.jsonl: '../../x' is no run's"):
    studies.load_study(tmp_path)
  about = {"lanes": 1, "runs": {}, "parts": {"../x/seeds_0-0": ""}}
  rundir.write_json(tmp_path / "study.json", about)
  with pytest.raises(ValueError, match=r"'../x/seeds_0-0' is no part's name"):
    studies.gather([tmp_path], tmp_path / "out")
