"""Arrays in files: what is written comes back, what is not is refused."""

import hashlib
import io
import zipfile

import numpy as np
import pytest

from dvae_jax import arrays, memory

RNG = np.random.default_rng(0)
WHOLE = {
  "means": RNG.normal(size=(2, 30, 4)).astype(np.float32),
  "half": RNG.normal(size=(3, 2)).astype(np.float16),
  "names": np.array(["shape", "größe"]),
  "flag": np.bool_(True),
  "none": np.zeros((0, 3), np.int64),
  "turned": np.asfortranarray(RNG.normal(size=(3, 5))),
}


def same(found, wanted):
  assert found.keys() == wanted.keys()
  for name, array in wanted.items():
    assert found[name].dtype == np.asarray(array).dtype
    np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("compression", [0, 8, 14])
def test_arrays_come_back_to_us_and_to_numpy(tmp_path, compression):
  path = tmp_path / "x.npz"
  arrays.write(path, WHOLE, compression=compression)
  same(arrays.read(path), WHOLE)
  same(arrays.read(path, ["flag", "nothing"]), {"flag": WHOLE["flag"]})
  with np.load(path) as file:
    listed = file["digests"].tolist()
    same({name: file[name] for name in WHOLE}, WHOLE)
  # As sha256sum would, of the description and the bytes.
  about = b"means <f4 (2, 30, 4) " + WHOLE["means"].tobytes()
  found = hashlib.sha256(about).hexdigest()
  assert listed[0] == f"{found}  means"


def test_the_same_arrays_are_the_same_bytes(tmp_path):
  for name in ("a", "b"):
    arrays.write(tmp_path / name, WHOLE, compression=zipfile.ZIP_DEFLATED)
  assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_one_array_comes_back_to_us_and_to_numpy(tmp_path):
  path = tmp_path / "40.npy"
  arrays.write_one(path, WHOLE["half"])
  np.testing.assert_array_equal(arrays.read_one(path), WHOLE["half"])
  np.testing.assert_array_equal(np.load(path), WHOLE["half"])
  np.save(path, WHOLE["half"])  # of before digests
  np.testing.assert_array_equal(arrays.read_one(path), WHOLE["half"])


def test_digests_of_before_are_compared(tmp_path, monkeypatch):
  new = arrays.hasher
  former = lambda *given: new(*given[:3], like="0" * 32)
  monkeypatch.setattr(arrays, "hasher", former)
  paths = tmp_path / "x.npz", tmp_path / "40.npy"
  arrays.write(paths[0], WHOLE, compression=0)
  arrays.write_one(paths[1], WHOLE["half"])
  monkeypatch.setattr(arrays, "hasher", new)
  same(arrays.read(paths[0]), WHOLE)
  np.testing.assert_array_equal(arrays.read_one(paths[1]), WHOLE["half"])
  with np.load(paths[0]) as file:
    changed = {name: file[name] for name in file}
  # BLAKE2b of 16 bytes is what was written then.
  about = b"means <f4 (2, 30, 4) " + WHOLE["means"].tobytes()
  found = hashlib.blake2b(about, digest_size=16).hexdigest()
  assert changed["digests"][0] == f"{found}  means"
  changed["means"] = changed["means"] + 1
  np.savez(paths[0], **changed)
  with pytest.raises(ValueError, match="'means' isn't what was written"):
    arrays.read(paths[0])
  content = bytearray(paths[1].read_bytes())
  content[-20] ^= 1
  paths[1].write_bytes(content)
  with pytest.raises(ValueError, match="isn't what was written"):
    arrays.read_one(paths[1])


def test_files_of_before_digests_are_read(tmp_path):
  np.savez(tmp_path / "x.npz", **WHOLE)
  same(arrays.read(tmp_path / "x.npz"), WHOLE)


def npz(path, **files):
  """An npz of members given as bytes; ZIP_STORED."""
  with zipfile.ZipFile(path, "w") as archive:
    for name, content in files.items():
      archive.writestr(f"{name}.npy", content)


def npy(shape, dtype="<f4", content=b""):
  """Bytes of a .npy that declares what it likes."""
  with io.BytesIO() as file:
    header = {"shape": shape, "fortran_order": False, "descr": dtype}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + content


def resigned(path, **changes):
  """An npz with some arrays replaced, or added, and the digests of before."""
  arrays.write(path, WHOLE, compression=0)
  with np.load(path) as file:
    whole = {name: file[name] for name in file.files}
  np.savez(
    path, **{n: a for n, a in (whole | changes).items() if a is not None}
  )


@pytest.mark.parametrize(
  ("make", "words"),
  [
    (lambda p: p.write_bytes(b""), "not an npz file"),
    (lambda p: p.mkdir(), "a folder; must be an npz"),
    (lambda p: npz(p, a=b"not an array"), "a is no NumPy array"),
    (lambda p: npz(p, a=npy((10**10,))), r"declares 40 GB, .* can take"),
    (lambda p: npz(p, a=npy((7,))), "declares 28 bytes and has 0"),
    (lambda p: npz(p, a=npy((-1,))), "a declares"),
    (lambda p: npz(p, a=npy((1,), "|O", b"x")), "pickled objects"),
    (lambda p: resigned(p, half=None), "doesn't hold the arrays"),
    (lambda p: resigned(p, extra=np.ones(1)), "doesn't hold the arrays"),
    (lambda p: resigned(p, half=np.ones((3, 2), "f2")), "'half' isn't what"),
    (lambda p: resigned(p, flag=np.int8(1)), "'flag' isn't what"),
  ],
)  # fmt: skip
def test_what_is_not_whole_is_refused_by_name(
  tmp_path, monkeypatch, make, words
):
  monkeypatch.setattr(memory, "available", lambda: 10**9)
  path = tmp_path / "x.npz"
  make(path)
  with pytest.raises(ValueError, match=words) as refused:
    arrays.read(path)
  assert str(refused.value).startswith(f"{path}: ")
  assert len(str(refused.value).splitlines()) == 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
  path = tmp_path / "x.npz"
  with zipfile.ZipFile(path, "w") as archive:
    for value in (1.0, 2.0):
      arrays.put(archive, "a", np.full(3, value))
  with pytest.raises(ValueError, match="has the member 'a' twice"):
    arrays.read(path)


def test_a_bomb_in_a_member_that_nobody_reads_is_not_opened(
  tmp_path, monkeypatch
):
  path, zeros = tmp_path / "x.npz", np.zeros(1_000_000, np.uint8)
  arrays.write(path, {"a": np.ones(3), "zeros": zeros}, compression=8)
  opened, real = [], zipfile.ZipFile.open
  monkeypatch.setattr(
    zipfile.ZipFile,
    "open",
    lambda self, info: opened.append(info.filename) or real(self, info),
  )
  arrays.read(path, ["a"])
  assert set(opened) == {"a.npy", "digests.npy"}


def test_a_deflated_member_cant_be_a_thousand_times_as_long(tmp_path):
  path = tmp_path / "x.npz"
  arrays.write(path, {"a": np.zeros(1000)}, compression=8)
  content = bytearray(path.read_bytes())
  place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"a.npy"))
  content[place + 24 : place + 28] = (2**31).to_bytes(4, "little")
  path.write_bytes(content)
  with pytest.raises(ValueError, match=r"declares 2.15 GB and can't have them"):
    arrays.read(path)


def test_shapes_are_compared_by_axis(tmp_path):
  path, axes = tmp_path / "codes.npz", {"means": "LND", "factors": "NK"}
  means = np.zeros((2, 5, 3))
  arrays.check_axes(path, {"means": means}, axes, L=2)
  arrays.check_axes(path, {"means": means, "other": means}, axes)
  for wrong, words in (
    ({"means": means, "factors": np.zeros((4, 1))}, r"\(4, 1\), N = 5 needed"),
    ({"means": means[0]}, r"\(5, 3\), 3 axes needed"),
    ({"means": means[:1]}, "L = 2 needed"),
  ):
    with pytest.raises(ValueError, match=words):
      arrays.check_axes(path, wrong, axes, L=2)


@pytest.mark.parametrize("place", [3, 40, 100, -20, -1])
def test_a_flipped_byte_of_an_array_file_is_noticed(tmp_path, place):
  path = tmp_path / "40.npy"
  arrays.write_one(path, WHOLE["half"])
  content = bytearray(path.read_bytes())
  content[place] ^= 4
  path.write_bytes(content)
  with pytest.raises(ValueError, match=rf"^{path}: "):
    arrays.read_one(path)


@pytest.mark.parametrize(
  ("size", "words"),
  [(512, "512 bytes"), (999_400, "999 kB"), (999_600, "1 MB"),
   (1.234e9, "1.23 GB"), (5e15, "5,000 TB")],
)  # fmt: skip
def test_sizes_in_words(size, words):
  assert memory.in_words(size) == words


def test_this_machine_has_some_memory(tmp_path, monkeypatch):
  assert 2**20 < memory.available() < 2**50
  (tmp_path / "memory.max").write_text("5000\n")
  (tmp_path / "memory.current").write_text("2000\n")
  monkeypatch.setattr(memory, "GROUP", tmp_path)
  assert memory.available() == 3000
