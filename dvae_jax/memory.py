"""How much memory this process may still take, and how it is written."""

import os
import resource
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")  # a container's limits, on Linux


def available() -> int:
  """Bytes that can be allocated: of the machine, its container, its limits.

  Without any sign of them, 2**62.
  """
  found = [_machine(), _container(), _limit()]
  return max(0, min(size for size in found if size is not None))


def in_words(size: float) -> str:
  """A number of bytes: "512 bytes", "3.4 MB", "1.2 GB", "5,000 TB"."""
  units = ["bytes", "kB", "MB", "GB", "TB"]
  while size >= 999.5 and len(units) > 1:
    size, units = size / 1000, units[1:]
  return f"{float(f'{size:.3g}'):,g} {units[0]}"


def _machine() -> int | None:
  """What Linux says is available, or else all of the memory there is."""
  try:
    lines = Path("/proc/meminfo").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return 1024 * int(fields["MemAvailable"].split()[0])
  except (OSError, ValueError, KeyError):
    pass
  try:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
  except (OSError, ValueError):
    return None


def _container() -> int | None:
  """What the control group leaves."""
  try:
    most = int((GROUP / "memory.max").read_text())
    return most - int((GROUP / "memory.current").read_text())
  except (OSError, ValueError):  # none, or "max"
    return None


def _limit() -> int | None:
  """`ulimit -v`."""
  most, _ = resource.getrlimit(resource.RLIMIT_AS)
  return 2**62 if most == resource.RLIM_INFINITY else most
