"""Metrics whose process dies of some codes, which `DYING` names files of."""

import os
import signal
from pathlib import Path

import numpy as np

from dvae_jax.measuring import measure

ONCE, ALWAYS = "once.npy", "always.npy"


def measure_or_die(codes, *given, **named):
  """As `measure`; of the codes of one of the files, its process dies.

  With a decoder it is the study's own process, which lives.
  """
  for name in () if named else (ONCE, ALWAYS):
    path = Path(os.environ["DYING"]) / name
    if path.exists() and np.array_equal(np.load(path), codes):
      if name == ONCE:
        path.unlink()
      os.kill(os.getpid(), signal.SIGKILL)
  return measure(codes, *given, **named)
