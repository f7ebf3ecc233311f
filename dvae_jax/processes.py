"""Several processes, one a machine or a card, that do one run together.

They meet by `jax.distributed`, and what they tell each other goes through its
key-value store: JSON for all, or arrays for the leader, process 0, which alone
holds the run directory and writes into it. A process by itself touches nothing
of this.
"""

import contextlib
import ctypes
import inspect
import io
import json
import logging
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from dvae_jax import stopping
from dvae_jax.progress import be_quiet, is_quiet, say, warn

LOST = 30  # seconds without a word from a process until it counts as dead
MEET = 300  # seconds in which all processes must have begun
AGAIN = "type the same command in every process to go on"
# Each says how many processes a launcher has started, this one among them.
COUNTS = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE")


class _State:
  """Of the process."""

  client: Any = None  # of the key-value store
  count, index = 1, 0
  told = 0  # times that something was told
  on_abort: Any = None  # C calls it


def count() -> int:
  """How many processes do this run."""
  return _State.count


def leads() -> bool:
  """Whether this is the process that holds the run directory."""
  return _State.index == 0


def share(number: int, index: int | None = None) -> range:
  """Which of so many things are a process's: neighbours, about as many each.

  Args:
    number: of the things; the leader has some if anyone has.
    index: of the process; None for this one.
  """
  index = _State.index if index is None else index
  begin, end = (-(-number * p // _State.count) for p in (index, index + 1))
  return range(begin, end)


def own(name: str, index: int | None = None) -> str:
  """A file's name in the run directory, for a process: the leader's as it is.

  Args:
    name: such as "results.jsonl".
    index: of the process; None for this one.
  """
  index = _State.index if index is None else index
  return f"{name}.0.{index}" if index else name


def wanted(
  coordinator: str | None, number: int | None, index: int | None
) -> bool:
  """Whether several processes are asked for, by flags or by a launcher.

  Args:
    coordinator: --coordinator, "host:port" of process 0.
    number: --num_processes; 1 by itself is one process whoever launched it.
    index: --process_id.

  Raises:
    ValueError: the flags don't say where all meet and which one this is.
  """
  if number == 1 and coordinator is None:
    return False
  if coordinator is None and index is None and number is None:
    return launched()
  if coordinator is None or number is None or index is None:
    given = (coordinator, number, index)
    names = ("coordinator", "num_processes", "process_id")
    raise ValueError(
      f"--{names[given.index(None)]}: missing; --coordinator=HOST:PORT,"
      " --num_processes and --process_id go together, or none of them where"
      " Slurm, MPI, Kubernetes or a TPU pod says all three"
    )
  port = re.fullmatch(r".+:(\d+)", coordinator)
  if port is None or not 0 < int(port[1]) < 2**16:
    raise ValueError(
      f"--coordinator: {coordinator!r} found, HOST:PORT of process 0 expected,"
      " such as 10.0.0.1:8476"
    )
  if number < 1:
    raise ValueError(f"--num_processes: {number} found, at least 1 expected")
  if not 0 <= index < number:
    raise ValueError(
      f"--process_id: {index} found, 0 to {number - 1} expected, a different"
      " one in each process"
    )
  return number > 1


def launched() -> bool:
  """Whether a launcher has started several processes, of which this is one."""
  given = os.environ
  if any(int(given.get(name) or 1) > 1 for name in COUNTS):
    return True
  if "KUBERNETES_SERVICE_HOST" in given and "JOB_COMPLETION_INDEX" in given:
    return True
  from jax._src import cloud_tpu_init

  if not cloud_tpu_init.running_in_cloud_tpu_vm:
    return False
  from jax._src.clusters import cloud_tpu_cluster as pods

  for kind in (pods.GkeTpuCluster, pods.GceTpuCluster):
    if kind.is_env_present():
      return kind.get_process_count() > 1
  return False


@contextlib.contextmanager
def joined(
  coordinator: str | None, number: int | None, index: int | None
) -> Iterator[None]:
  """In the body this process is one of several, if that is wanted.

  Where one of them ends before its time, the others end in words, within
  2 x LOST seconds.

  Args:
    coordinator: as for `wanted`.
    number: as for `wanted`.
    index: as for `wanted`.

  Raises:
    ValueError: the flags are wrong, or the processes don't meet.
  """
  if not wanted(coordinator, number, index):
    yield
    return
  _meet(coordinator, number, index)
  # Libraries in C print on standard output, where scripts read.
  sys.stdout = os.fdopen(os.dup(1), "w")
  os.dup2(2, 1)
  quiet = is_quiet()
  try:
    be_quiet(quiet or not leads())
    yield
    agreed(None)  # the leader has the last word
  except stopping.Stopped:  # all have agreed on it
    leave()
    raise
  except (ValueError, OSError, ImportError):  # words for `session.refusing`
    raise
  except Exception as error:
    _give_up(error)
  finally:
    be_quiet(quiet)
  leave()


def _meet(
  coordinator: str | None, number: int | None, index: int | None
) -> None:
  """Begins `jax.distributed`, before JAX has computed anything."""
  import jax
  from jax._src import distributed

  logging.getLogger("jax").setLevel(logging.WARNING)
  if jax.config.values["jax_cpu_collectives_implementation"] is None:
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
  # It would take SIGTERM from `stopping`; JAX before 0.8 has no such option.
  with contextlib.suppress(AttributeError):
    jax.config.update("jax_enable_preemption_service", False)
  if coordinator:
    say(f"Waiting for {number} processes to meet at {coordinator}")
  mpi = "PMI_SIZE" in os.environ or "OMPI_COMM_WORLD_SIZE" in os.environ
  known = "OMPI_MCA_orte_hnp_uri" in os.environ or coordinator
  # JAX before 0.8 waits for the others at its end as long as it likes.
  taken = inspect.signature(jax.distributed.initialize).parameters
  ends = ("heartbeat_timeout_seconds", "shutdown_timeout_seconds")
  try:
    jax.distributed.initialize(
      coordinator,
      number,
      index,
      cluster_detection_method="mpi4py" if mpi and not known else None,
      initialization_timeout=MEET,
      **{name: LOST for name in ends if name in taken},  # type: ignore
    )
  except (RuntimeError, ValueError) as error:
    raise ValueError(
      f"--coordinator: the processes didn't meet at {coordinator or 'a host'}"
      f" ({str(error).splitlines()[0]})"
    ) from error
  signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
  found = distributed.global_state
  _State.client, _State.told = found.client, 0
  _State.count, _State.index = found.num_processes, found.process_id
  _answer_abort()


def _answer_abort() -> None:
  """Says what it means that JAX ends the process, as it does by itself."""

  def ended(_: int) -> None:
    words = f"\nStopped: another process of the run has ended; {AGAIN}\n"
    os.write(2, words.encode())
    os._exit(1)

  _State.on_abort = ctypes.CFUNCTYPE(None, ctypes.c_int)(ended)
  ctypes.CDLL(None).signal(signal.SIGABRT, _State.on_abort)


def _give_up(error: Exception) -> None:
  """Ends this process at once: an orderly end would wait for the others."""
  import traceback

  import jax

  if isinstance(error, jax.errors.JaxRuntimeError):
    first = str(error).splitlines()[0][:300]
    warn(f"Stopped: another process may have ended ({first}); {AGAIN}")
  else:
    traceback.print_exception(error)
  sys.stderr.flush()
  os._exit(1)


def leave() -> None:
  """Parts from the others, which do so, too; nothing where there are none."""
  if _State.count == 1:
    return
  import jax

  with contextlib.suppress(RuntimeError):
    jax.distributed.shutdown()
  _State.client, _State.count, _State.index = None, 1, 0


def agreed(value: Any) -> list[Any]:
  """What each process says, in their order; all of them must ask.

  Args:
    value: of JSON.

  Returns:
    The values of processes 0, 1, ...
  """
  if _State.count == 1:
    return [value]
  found = to_leader(json.dumps(value).encode())
  key = f"dvae_jax/{_State.told}/all"
  if found is not None:
    text = json.dumps([json.loads(each) for each in found])
    _State.client.key_value_set(key, text)
  return json.loads(_get(_State.client.blocking_key_value_get, key))


def to_leader(value: bytes) -> list[bytes] | None:
  """Sends bytes to the leader; all processes must do so.

  Returns:
    To the leader, those of processes 0, 1, ...; to others None.
  """
  if _State.count == 1:
    return [value]
  _State.told += 1
  place = f"dvae_jax/{_State.told}"
  if not leads():
    _State.client.key_value_set_bytes(f"{place}/{_State.index}", value)
    return None
  keys = [f"{place}/{process}" for process in range(1, _State.count)]
  get = _State.client.blocking_key_value_get_bytes
  found = [value, *(_get(get, key) for key in keys)]
  # Whoever has told this has read what was told before the last.
  _State.client.key_value_delete(f"dvae_jax/{_State.told - 2}/")
  for key in keys:
    _State.client.key_value_delete(key)
  return found


def arrays_to_leader(
  tree: dict[str, np.ndarray],
) -> dict[str, np.ndarray] | None:
  """Joins arrays (l, ...) of the processes along their first axis.

  Returns:
    To the leader, arrays (L, ...) in the order of the processes; to others
    None.
  """
  if _State.count == 1:
    return tree
  content = io.BytesIO()
  np.savez(content, **tree)  # type: ignore[arg-type]
  found = to_leader(content.getvalue())
  if found is None:
    return None
  parts = [np.load(io.BytesIO(each)) for each in found]
  return {n: np.concatenate([part[n] for part in parts]) for n in tree}


@contextlib.contextmanager
def as_one() -> Iterator[None]:
  """What one process refuses in the body, all refuse, with its words.

  Raises:
    ValueError: another process has raised it, or an OSError.
  """
  refused: Exception | None = None
  try:
    yield
  except (ValueError, OSError) as error:
    refused = error
  said = agreed("" if refused is None else str(refused))
  if refused:
    raise refused
  for process, words in enumerate(said):
    if words:
      raise ValueError(f"process {process}: {words}")


def _get(get: Any, key: str) -> Any:
  """Waits for what another process tells; signals are heard meanwhile."""
  import jax

  while True:
    try:
      return get(key, 1000)
    except jax.errors.JaxRuntimeError as error:
      if "DEADLINE_EXCEEDED" not in str(error):
        # JAX is about to end the process, by `_answer_abort`.
        time.sleep(LOST)
        raise
