"""Peak resident memory of `:quick`, and of evaluating all of dSprites.

    python -m benchmarks.memory [--run=quick] [--json=FILE]

Each is one command in a process of its own. Memory doesn't grow with the number
of steps, so that a few of them stand for a whole run.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks import timing

ROOT = Path(__file__).parents[1]
COMMAND = ("-m", "dvae_jax.main", "--config=experiments/betavae_dsprites.py")
RUNS = {
  "quick": (f"{COMMAND[-1]}:quick",),
  "full": (
    f"{COMMAND[-1]}:quick",
    "--config.data.stride=()",  # all 737,280 images, one seed of four betas
    "--config.sweep.seed=(0,)",
    "--config.eval.metrics=('mig',)",
  ),
}


def resident(pid: int) -> int:
  """Peak resident bytes of a running process so far, or 0 when it's gone."""
  try:
    status = Path(f"/proc/{pid}/status").read_text()
  except OSError:
    return 0
  lines = [line for line in status.splitlines() if line.startswith("VmHWM")]
  return 1024 * int(lines[0].split()[1]) if lines else 0


def peak(arguments: tuple[str, ...], steps: int) -> dict:
  """Runs the command; returns its peak resident bytes and its seconds."""
  start = time.perf_counter()
  with tempfile.TemporaryDirectory() as folder:
    process = subprocess.Popen(
      [
        sys.executable,
        *COMMAND[:2],
        *arguments,
        f"--workdir={folder}/run",
        f"--config.train.steps={steps}",
      ],
      cwd=ROOT,
      env=os.environ | {"PYTHONUNBUFFERED": "1"},
      stdout=subprocess.DEVNULL,
      stderr=subprocess.PIPE,
    )
    highest, errors = 0, []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr))
    reader.start()
    while process.poll() is None:
      highest = max(highest, resident(process.pid))
      time.sleep(0.1)
    reader.join()
  if process.returncode:
    raise RuntimeError(b"".join(errors[-5:]).decode())
  return {"gibibytes": highest / 2**30, "seconds": time.perf_counter() - start}


def main() -> None:
  """Prints both peaks, and writes them where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--steps", type=int, default=200)
  parser.add_argument("--run", nargs="*", choices=RUNS, default=list(RUNS))
  flags = parser.parse_args()
  rows = []
  for name in flags.run:
    rows.append({"run": name, **peak(RUNS[name], flags.steps)})
    print(
      f"{name:6} {rows[-1]['gibibytes']:.2f} GiB {rows[-1]['seconds']:.0f} s",
      flush=True,
    )
    timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
