"""A process, and the run directory that it holds."""

import contextlib
import errno
import importlib.metadata
import logging as std_logging
import os
import platform
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
from absl import logging

import dvae_jax
from dvae_jax import processes, rundir, stopping
from dvae_jax.data.dataset import Dataset

PACKAGES = (
  "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "scikit-learn",
)  # fmt: skip


def versions() -> dict[str, str]:
  """Versions of what decides a result, to the bit or nearly so."""
  found = {}
  for name in PACKAGES:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
      found[name] = importlib.metadata.version(name)
  return {
    "python": platform.python_version(),
    "dvae_jax": dvae_jax.__version__,
    **found,
    "backend": jax.default_backend(),
    "devices": ", ".join(sorted({d.device_kind for d in jax.devices()})),
    "device_count": str(jax.device_count()),
    "matmul_precision": str(jax.config.values["jax_default_matmul_precision"]),
  }


def describe(dataset: Dataset) -> dict[str, Any]:
  """What results record of a data set."""
  return {
    "name": dataset.name,
    "source": dataset.source,
    "num_images": dataset.num_images,
    "factors": dict(
      zip(dataset.factor_names, dataset.factor_sizes, strict=True)
    )
    if dataset.factor_sizes
    else list(dataset.factor_names),
    **dataset.notes,
  }


@contextlib.contextmanager
def opened(
  workdir: str | Path, config: dict, dataset: Dataset, *, experiment: str = ""
) -> Iterator[Path]:
  """Holds a run directory, new or resumed, for this process or its leader.

  Args:
    workdir: the folder; made when it doesn't exist.
    config: the resolved config as a nested dict of JSON values.
    dataset: what the run trains on.
    experiment: the file that the config comes from.

  Yields:
    The folder, with config.json in it.

  Raises:
    ValueError: the folder belongs to another config, is in use by another
      process, or can't be written. Nothing in it was changed. Or processes that
      do one run together don't see the same folder and config.
  """
  folder = Path(workdir)
  resolved = rundir.plain({"config": config, "data": describe(dataset)})
  with contextlib.ExitStack() as stack:
    with processes.as_one():
      if processes.leads():
        stack.enter_context(_held(folder, resolved, experiment))
    with processes.as_one():
      _check_same(folder, resolved)
    yield folder


def _check_same(folder: Path, resolved: dict) -> None:
  """Refuses a process that was asked for another run than the leader."""
  if processes.count() == 1:
    return
  (asked, token), *_ = processes.agreed([resolved, time.time_ns()])
  place = folder / f".shared.{token}.0"  # `_clear_away` knows such names
  if processes.leads():
    place.touch()
  processes.agreed(None)  # now it's there
  seen = place.exists()
  processes.agreed(None)  # now everyone has looked
  if processes.leads():
    place.unlink()
  changed = rundir.differences(asked, resolved)
  if changed:
    raise ValueError(
      f"its config is another one than process 0's: {'; '.join(changed[:3])}."
      " All processes take the same flags, --process_id aside"
    )
  if not seen:
    raise ValueError(
      f"--workdir: {folder.absolute()} isn't on a disk that it shares with"
      " process 0"
    )


@contextlib.contextmanager
def _held(folder: Path, resolved: dict, experiment: str) -> Iterator[None]:
  with rundir.locked(folder):
    for inside in (folder, folder / rundir.CLOUDS):
      rundir.clear_away(inside)
    if (folder / rundir.CONFIG).exists():
      found = rundir.read_config(folder)
      # How a run is evaluated may change after it was trained.
      settings = {"eval": resolved["config"]["eval"]}
      evaluated = {"config": found["config"] | settings}
      changed = rundir.differences(
        rundir.plain(evaluated) | {"data": found["data"]}, resolved
      )
      if changed:
        raise ValueError(
          f"--workdir: {folder} holds a run of another config, by its"
          f" {rundir.CONFIG}: {'; '.join(changed[:3])}"
          f"{f', and {len(changed) - 3} more' if len(changed) > 3 else ''}."
          " Choose another --workdir, or undo the change"
        )
      rundir.write_config(folder, found | resolved)
    elif any(
      (folder / name).exists() for name in (rundir.CHECKPOINTS, rundir.RESULTS)
    ):
      raise ValueError(
        f"--workdir: {folder} holds checkpoints or results but no"
        f" {rundir.CONFIG}; choose another --workdir"
      )
    else:
      record = resolved | {
        "versions": versions(),
        "command": _command(),
        "experiment": experiment,
      }
      rundir.write_config(folder, record)
    yield


def _command() -> str:
  module = getattr(sys.modules.get("__main__"), "__spec__", None)
  program = ["-m", module.name] if module else sys.argv[:1]
  return shlex.join(["python", *program, *sys.argv[1:]])


@contextlib.contextmanager
def refusing() -> Iterator[None]:
  """Turns what is wrong with the user's input or disk into one line.

  A signal ends the process, 128 + its number, with what to do to go on.
  """
  try:
    with stopping.listening():
      yield
  except stopping.Stopped as stopped:
    stopping.leave(stopped.signum)
  except ValueError as error:
    sys.exit(f"error: {error}")
  except ModuleNotFoundError as error:  # of an optional package
    sys.exit(f"error: {error}")
  except OSError as error:
    sys.exit(f"error: {in_words(error)}")


def in_words(error: OSError) -> str:
  """What a disk or a place refused, and what to do."""
  if error.strerror is None:
    return str(error)
  place = f"{error.filename}: " if error.filename else ""
  remedy = {
    errno.ENOSPC: "make room and type the same command to go on",
    errno.EDQUOT: "make room and type the same command to go on",
    errno.ENOENT: "it was there before; was the folder removed or renamed?",
    errno.ENAMETOOLONG: "choose a shorter --workdir",
  }.get(error.errno or 0, "choose another --workdir, or make it writable")
  return f"{place}{error.strerror}; what is written is whole: {remedy}"


def experiment_name(path: str) -> str:
  """runs/<name> is the default --workdir: betavae_dsprites_quick, ..."""
  file, _, profile = path.partition(":")
  return "_".join([Path(file).stem, *filter(None, [profile])])


def set_up() -> None:
  """Sets up a process: compiled programs are cached, Orbax is quiet.

  The cache is in the user's cache folder, XDG_CACHE_HOME or ~/.cache.
  """
  root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
  folder = Path(root) / "dvae_jax" / "xla"
  jax.config.update("jax_compilation_cache_dir", str(folder))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
  jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
  # What Orbax logs it also raises.
  logging.set_verbosity(logging.FATAL)
  # absl's verbosity is the root logger's: what JAX says would be lost with it.
  std_logging.getLogger("jax").setLevel(std_logging.WARNING)
