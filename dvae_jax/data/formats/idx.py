"""IDX files, as MNIST's page describes them (yann.lecun.com/exdb/mnist)."""

import gzip
from pathlib import Path

import numpy as np

from dvae_jax.data.formats import storage


def read(path: Path) -> np.ndarray:
  """Reads an IDX file of bytes: two zeros, 8, the rank, big-endian sizes.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, truncated or of another type.
  """
  with storage.reading(path, "IDX file"):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
      raw = file.read()
    if raw[:3] != b"\0\0\x08" or len(raw) < 4 + 4 * raw[3]:
      raise OSError(f"it starts with {raw[:4]!r}, not with two zeros and 8")
    shape = tuple(np.frombuffer(raw, ">i4", raw[3], 4).tolist())
    offset = 4 + 4 * raw[3]
    if len(raw) != offset + int(np.prod(shape)):
      raise OSError(
        f"{len(raw)} bytes; its shape {shape} needs {offset + np.prod(shape)}"
      )
  return np.frombuffer(raw, np.uint8, offset=offset).reshape(shape)
