"""codes.npz: every lane's codes, in one file that any tool can read."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dvae_jax import arrays, processes, rundir
from dvae_jax.encoding import Encoded
from dvae_jax.measuring import Truth
from dvae_jax.runs import Run

PART = 2**24  # bytes that are copied at a time


class CodesFile:
  """codes.npz, which any tool's metrics can read, gathered lane by lane.

  `means` (L, N, D), `indices` (N,), `discrete` (); `logvars` (L, N, D) where
  the posterior is Gaussian, `kl` (L, D) nats where it has a KL; `factors` (N,
  K) and `factor_names` where there are factors, `held_out` (N,) where images
  are held out; `digests`, as `arrays.listed`. Lanes wait on disk, so that
  memory holds one at a time.

  Args:
    run: loaded.
    indices: (N,) of the images.
    truth: of the images.
  """

  def __init__(self, run: Run, indices: np.ndarray, truth: Truth):
    self.path = run.workdir / rundir.CODES
    self.lanes = len(run.lanes)
    self.waiting: dict[str, BinaryIO] = {}  # name -> file of a whole array
    self.hashes: dict[str, Any] = {}  # of what is in these
    self.kl: list[np.ndarray] = []
    self.small = {"indices": indices, "discrete": np.bool_(truth.discrete)}
    if truth.factors is not None:
      self.small["factors"] = truth.factors
      self.small["factor_names"] = np.array(truth.names)
    if truth.held_out is not None:
      self.small["held_out"] = truth.held_out

  def __enter__(self) -> "CodesFile":
    return self

  def __exit__(self, *_):
    for name, file in self.waiting.items():
      file.close()
      self._place(name).unlink(missing_ok=True)

  def _place(self, name: str, index: int | None = None) -> Path:
    return self.path.with_name(processes.own(f".codes.{name}.npy", index))

  def put(self, encoded: Encoded) -> None:
    """Keeps the next lane's codes."""
    rows = {"means": encoded.codes, "logvars": encoded.logvars}
    for name, array in rows.items():
      if array is None:
        continue
      if name not in self.waiting:
        self.waiting[name] = self._place(name).open("wb")
        header = np.lib.format.header_data_from_array_1_0(array)
        header["shape"] = (self.lanes, *array.shape)
        np.lib.format.write_array_header_1_0(self.waiting[name], header)
        self.hashes[name] = arrays.hasher(name, array.dtype, header["shape"])
      content = array.tobytes()
      self.waiting[name].write(content)
      self.hashes[name].update(content)
    if encoded.kl is not None:
      self.kl.append(encoded.kl.mean(0, dtype="float64"))

  def write(self) -> None:
    """Writes codes.npz, after every lane was put; so do all processes."""
    if processes.count() > 1:
      self._join()
    if processes.leads():
      rundir.write_atomic(self.path, self._write)
    processes.agreed(None)  # the others' files are read

  def _join(self) -> None:
    """Puts the other processes' lanes behind the leader's, from disk."""
    for file in self.waiting.values():
      file.flush()
      os.fsync(file.fileno())  # so that other machines see it
    told = json.dumps([row.tolist() for row in self.kl])
    found = processes.to_leader(told.encode())
    if found is None:
      return
    self.kl = [np.array(row) for each in found for row in json.loads(each)]
    for process in range(1, processes.count()):
      if processes.share(self.lanes, process):
        for name in self.waiting:
          self._append(name, self._place(name, process))

  def _append(self, name: str, path: Path) -> None:
    """Takes over what another process has written, in small parts."""
    with path.open("rb") as file:
      np.lib.format.read_magic(file)
      np.lib.format.read_array_header_1_0(file)
      while content := file.read(PART):
        self.waiting[name].write(content)
        self.hashes[name].update(content)

  def _write(self, file: BinaryIO) -> None:
    small: dict[str, Any] = self.small | (
      {"kl": np.stack(self.kl)} if self.kl else {}
    )
    digests = {name: arrays.digest(name, a) for name, a in small.items()}
    digests |= {name: hash.hexdigest() for name, hash in self.hashes.items()}
    first = {arrays.DIGESTS: arrays.listed(digests)}
    with zipfile.ZipFile(file, "w") as archive:
      for name, array in (first | small).items():
        arrays.put(archive, name, array)
      for name, whole in self.waiting.items():
        whole.flush()
        archive.write(self._place(name), f"{name}.npy")
