"""Small pictures in a line of JSON, so that a claim's figure can show them."""

import base64
import zlib
from typing import Any

import numpy as np


def pack(images) -> dict[str, Any]:
  """Images in [0, 1] of any shape, in 256 levels, as a shape and a text."""
  levels = np.rint(255 * np.asarray(images).clip(0, 1)).astype(np.uint8)
  text = base64.b64encode(zlib.compress(levels.tobytes(), 9)).decode()
  return {"shape": list(levels.shape), "pixels": text}


def unpack(packed: dict[str, Any]) -> np.ndarray:
  """The images of `pack`, in [0, 1], float32."""
  raw = zlib.decompress(base64.b64decode(packed["pixels"]))
  levels = np.frombuffer(raw, np.uint8).reshape(packed["shape"])
  return levels.astype(np.float32) / 255


def sheet(images: np.ndarray) -> np.ndarray:
  """Rows of images as one: (R, N, H, W, C) -> (R H, N W, 3 or 1 channels)."""
  rows = np.concatenate(np.moveaxis(images, 1, 0), axis=2)
  return np.concatenate(rows, axis=0)
