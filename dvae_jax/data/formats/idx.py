"""IDX files, as MNIST's page describes them (yann.lecun.com/exdb/mnist)."""

import gzip
import math
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
      head = file.read(4)
      sizes = file.read(4 * head[3]) if len(head) == 4 else b""
      if head[:3] != b"\0\0\x08" or len(sizes) < 4 * head[3]:
        raise OSError(f"it starts with {head!r}, not with two zeros and 8")
      shape = tuple(np.frombuffer(sizes, ">i4").tolist())
      raw = storage.read_exactly(file, math.prod(shape), f"its shape {shape}")
  return np.frombuffer(raw, np.uint8).reshape(shape)
