"""Runs every benchmark: python -m benchmarks [--json=FOLDER]

Each is a module with a command of its own, which --json gives a file to. Only
the training step is cut short: its command has batches of 256 as well. What
compares values rather than times takes long, or writes a page of docs, and is
run on its own: estimators, peers, losses, noise, selection.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

ALL = (
  "train_step --batch=64",
  "sweep",
  "data",
  "memory",
  "startup",
  "tpu_compile",
  "metrics",
  "mig_exact",
  "udr",
  "rendering",
  "packed_cache",
)


def main() -> None:
  """Runs them one after another; says which of them failed."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--json", type=Path, metavar="FOLDER")
  folder = parser.parse_args().json
  if folder:
    folder.mkdir(parents=True, exist_ok=True)
  failed = []
  for line in ALL:
    name, *arguments = line.split()
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    if folder:
      command.append(f"--json={folder / name}.json")
    print(f"== {line}", flush=True)
    start = time.perf_counter()
    if subprocess.run(command, check=False).returncode:
      failed.append(name)
    print(f"   {time.perf_counter() - start:.0f} s", flush=True)
  if failed:
    sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
  main()
