"""Damages of files, seeded: of disks, of people, and of an evil hand."""

import hashlib
import io
import json
import pickle
import warnings
import zipfile
from typing import NamedTuple

import numpy as np


class Damage(NamedTuple):
  """What happened to a file.

  Attributes:
    name: in words.
    content: bytes of the file now; None is a folder in its place.
    noticed: whether a digest must tell, so that no result may change.
  """

  name: str
  content: bytes | None
  noticed: bool = True


class Bomb:
  """Whoever unpickles it says so."""

  def __reduce__(self):
    return (_unpickled, ())


UNPICKLED = []


def _unpickled():
  UNPICKLED.append(True)


def draw(path, rng: np.random.Generator) -> Damage:
  """A damage of a file, any kind as likely as another."""
  content = path.read_bytes()
  kinds = [*BYTES, *OF.get(path.suffix, {})]
  kind = kinds[rng.integers(len(kinds))]
  if kind in BYTES:
    return Damage(kind, BYTES[kind](content, rng))
  return Damage(kind, OF[path.suffix][kind](content, rng), noticed=False)


def _place(content, rng):
  return int(rng.integers(max(1, len(content))))


def _flipped(content, rng):
  turned = bytearray(content)
  turned[_place(content, rng)] ^= 1 << int(rng.integers(8))
  return bytes(turned)


def _zeroed(content, rng):
  start = _place(content, rng)
  end = min(len(content), start + 1 + int(rng.integers(512)))
  return content[:start] + bytes(end - start) + content[end:]


def _doubled(content, rng):
  start = _place(content, rng)
  return content[:start] + content[start // 2 : start] + content[start:]


BYTES = {
  "a bit flipped": _flipped,
  "a byte changed": lambda c, rng: (
    c[: (at := _place(c, rng))] + bytes([c[at] ^ 0x5A]) + c[at + 1 :]
  ),
  "cut short": lambda c, rng: c[: _place(c, rng)],
  "its last byte missing": lambda c, rng: c[:-1],
  "empty": lambda c, rng: b"",
  "a block of zeros": _zeroed,
  "a piece twice": _doubled,
  "random bytes": lambda c, rng: rng.bytes(len(c)),
  "a pickle": lambda c, rng: pickle.dumps(Bomb()),
  "a picture": lambda c, rng: b"\x89PNG\r\n\x1a\n" + c[:100],
  "a folder": lambda c, rng: None,
}

WRONG = (None, True, -1, 3, 1e300, "text", "", [], [1, "a"], {}, {"a": [None]})


def _changed(value, rng, depth=0):
  """JSON with one place removed, or holding something else."""
  if isinstance(value, dict) and value and (depth == 0 or rng.random() < 0.7):
    names = list(value)
    name = names[rng.integers(len(names))]
    if rng.random() < 0.25:
      return {n: v for n, v in value.items() if n != name}
    return value | {name: _changed(value[name], rng, depth + 1)}
  if isinstance(value, list) and value and rng.random() < 0.5:
    at = int(rng.integers(len(value)))
    return [*value[:at], _changed(value[at], rng, depth + 1), *value[at + 1 :]]
  return WRONG[rng.integers(len(WRONG))]


def _json(content, rng):
  value = json.loads(content)
  value.pop("digest", None)
  return json.dumps(_changed(value, rng)).encode()


def _lines(content, rng):
  lines = [json.loads(line) for line in content.decode().splitlines()]
  for line in lines:
    line.pop("digest", None)
  at = int(rng.integers(len(lines)))
  lines[at] = _changed(lines[at], rng)
  return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _fewer(content, rng):
  lines = [json.loads(line) for line in content.decode().splitlines()]
  for line in lines:
    line.pop("digest", None)
  del lines[int(rng.integers(len(lines)))]
  return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _arrays(content):
  with np.load(io.BytesIO(content)) as file:
    return {name: file[name] for name in file.files if name != "digests"}


def _npz(arrays):
  with io.BytesIO() as file:
    np.savez(file, **arrays)
    return file.getvalue()


def _other(array, rng):
  """An array of another shape or type."""
  return (
    array[None],
    array.ravel()[:-1],
    np.zeros(array.shape, "U3"),
    np.full(array.shape, np.nan)
    if array.dtype.kind == "f"
    else array[..., None],
    np.array([Bomb()], object),
    np.zeros((0, *array.shape[1:]), array.dtype),
  )[rng.integers(6)]


def _one_other(content, rng):
  arrays = _arrays(content)
  name = list(arrays)[rng.integers(len(arrays))]
  return _npz(arrays | {name: _other(arrays[name], rng)})


def _one_missing(content, rng):
  arrays = _arrays(content)
  arrays.pop(list(arrays)[rng.integers(len(arrays))])
  return _npz(arrays)


def _twice(content, rng):
  arrays = _arrays(content)
  name = list(arrays)[rng.integers(len(arrays))]
  with io.BytesIO(_npz(arrays)) as file:
    with zipfile.ZipFile(file, "a") as archive, warnings.catch_warnings():
      warnings.simplefilter("ignore")  # that the name is there already
      archive.writestr(f"{name}.npy", b"another")
    return file.getvalue()


def declared(shape, descr="<f4", content=b"") -> bytes:
  """A .npy that declares what it likes."""
  with io.BytesIO() as file:
    about = {"shape": shape, "fortran_order": False, "descr": descr}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue() + content


def _giant(content, rng):
  arrays = _arrays(content)
  name = list(arrays)[rng.integers(len(arrays))]
  with io.BytesIO() as file:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
      archive.writestr(f"{name}.npy", declared((10**12,)))
    return file.getvalue()


def _npy(content, rng):
  array = np.load(io.BytesIO(content))
  with io.BytesIO() as file:
    np.save(file, _other(array, rng))
    return file.getvalue()


OF = {
  ".json": {"another value": _json},
  ".jsonl": {"another value": _lines, "a line missing": _fewer},
  ".npz": {
    "another array": _one_other, "an array missing": _one_missing,
    "an array twice": _twice, "a giant declared": _giant,
  },
  ".npy": {
    "another array": _npy,
    "a giant declared": lambda c, rng: declared((10**12,)),
  },
}  # fmt: skip


def fingerprint(value) -> str:
  """The same for the same values and arrays, to the bit."""
  found = hashlib.sha256()

  def add(item):
    if hasattr(item, "_asdict"):
      item = item._asdict()
    if isinstance(item, dict):
      for name in sorted(item, key=str):
        found.update(f"{name}:".encode())
        add(item[name])
    elif isinstance(item, list | tuple):
      found.update(f"[{len(item)}".encode())
      for part in item:
        add(part)
    elif isinstance(item, np.ndarray) or hasattr(item, "__array__"):
      array = np.asarray(item)
      found.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    else:
      found.update(repr(item).encode())

  add(value)
  return found.hexdigest()
