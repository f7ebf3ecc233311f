"""A long run: memory, open files and pace stay what they are.

    python tests/test_soak.py --minutes=30

trains in a process of its own, which logs, writes checkpoints and evaluates
itself now and then, and prints what was measured of it. It works half of the
time, so that a machine can be used meanwhile.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
EVERY = 500  # steps between checkpoints
EVALUATED = 5  # checkpoints between evaluations
WARM = 0.2  # of the time, before anything is compared
SLOPE, PACE = 1.0, 0.1  # MiB a minute; share by which a step may change
CALLS, SAMPLES = "calls.jsonl", "samples.txt"


def train(folder):
  """What the process does, until a signal ends it."""
  import jax
  from helpers import tiny

  from dvae_jax import data, evaluate, runs, session, stopping
  from dvae_jax.train import checkpoint, loop, sweep, training

  config = tiny.get_config()
  config.train.steps = 10**9
  config.train.log_every, config.checkpoint.every = EVERY // 5, EVERY
  config.eval.metrics = ("mig", "sap")
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  calls = (folder.parent / CALLS).open("a")
  save = checkpoint.save

  lanes = sweep.grid(config.sweep, config.hparams)
  named = [{"lane": i, **lane._asdict()} for i, lane in enumerate(lanes)]

  def saved(checkpoints, step, states, *given, **options):
    save(checkpoints, step, states, *given, **options)
    if step % (EVERY * EVALUATED) == 0:
      run = runs.Run(folder, config, setup, named, step, states)
      evaluate.evaluate(run, config.eval.to_dict())
      calls.write('{"evaluated": 1}\n')

  def compiled(mesh, **options):
    call = loop.compiled_steps(setup, mesh, **options)

    def resting(states, images, steps):
      wall, spent = time.monotonic(), time.process_time()
      found = jax.block_until_ready(call(states, images, steps))
      spent, took = time.process_time() - spent, time.monotonic() - wall
      line = {"steps": int(steps), "cpu": spent, "wall": took, "at": wall}
      print(json.dumps(line), file=calls, flush=True)
      time.sleep(took)
      return found

    return resting

  checkpoint.save = saved
  session.set_up()
  with (
    session.refusing(),
    stopping.listening(),
    session.opened(folder, config.to_dict(), dataset),
  ):
    loop.train(config, setup, folder, compiled=compiled)


def sampled(process):
  """Seconds, MiB of memory and open files of a process, now."""
  folder = Path(f"/proc/{process.pid}")
  pages = int((folder / "statm").read_text().split()[1])
  files = len(list((folder / "fd").iterdir()))
  size = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
  return time.monotonic(), size, files


def soak(folder, minutes):
  """Trains for some minutes; what was measured.

  Returns:
    Steps, checkpoints, evaluations; MiB of memory, and by how many it grew a
    minute; open files of the first and the last third; processor and wall
    milliseconds a step of these; the exit status after SIGTERM.
  """
  log = (folder / "log").open("w")
  process = subprocess.Popen(
    [sys.executable, __file__, f"--folder={folder / 'run'}"],
    stderr=log,
    cwd=ROOT,
    env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
  )
  began, samples = time.monotonic(), []
  kept = (folder / SAMPLES).open("w", buffering=1)
  try:
    while time.monotonic() - began < 60 * minutes:
      time.sleep(1)
      assert process.poll() is None, (folder / "log").read_text()
      samples.append(sampled(process))
      print(*samples[-1], file=kept)
    process.send_signal(signal.SIGTERM)
    status = process.wait(30)
  finally:
    process.kill()
  lines = (folder / CALLS).read_text().splitlines()
  calls = [json.loads(line) for line in lines]
  return {"minutes": minutes, "status": status} | figures(samples, calls)


def figures(samples, calls):
  """Numbers of a soak, by its samples and its compiled calls."""
  begin = samples[0][0] + WARM * (samples[-1][0] - samples[0][0])
  warm = np.array([sample for sample in samples if sample[0] >= begin])
  evaluations = sum("evaluated" in call for call in calls)
  calls = [call for call in calls if call.get("at", 0) >= begin]
  steps = sum(call["steps"] for call in calls)
  thirds = np.array_split(np.arange(len(calls)), 3)
  first, last = ([calls[i] for i in thirds[n]] for n in (0, 2))
  files = [part[:, 2] for part in np.array_split(warm, 3)]
  return {
    "steps": steps,
    "checkpoints": steps // EVERY,
    "evaluations": evaluations,
    "memory": round(float(np.median(warm[:, 1])), 1),
    "slope": round(float(60 * np.polyfit(warm[:, 0], warm[:, 1], 1)[0]), 3),
    "files": [int(np.median(files[0])), int(np.median(files[2]))],
    "most_files": [int(files[0].max()), int(files[2].max())],
    "cpu": [per_step(first, "cpu"), per_step(last, "cpu")],
    "wall": [per_step(first, "wall"), per_step(last, "wall")],
  }


def per_step(calls, clock):
  """Milliseconds a step: the median of calls."""
  found = [1000 * call[clock] / call["steps"] for call in calls]
  return round(statistics.median(found), 4)


@pytest.mark.slow
def test_a_long_run_stays_what_it_is(tmp_path):
  found = soak(tmp_path, MINUTES)
  print(found)
  assert found["status"] == 128 + signal.SIGTERM
  assert found["evaluations"] >= 1
  assert found["slope"] < SLOPE
  first, last = found["files"]
  assert last <= first
  first, last = found["wall"]
  assert abs(last / first - 1) < PACE


def main():
  """Trains, where a folder is named, and soaks otherwise."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--folder", type=Path)
  parser.add_argument("--minutes", default=MINUTES, type=float)
  parser.add_argument("--out", default=Path("runs/soak"), type=Path)
  options = parser.parse_args()
  if options.folder:
    train(options.folder)
  else:
    options.out.mkdir(parents=True)
    print(json.dumps(soak(options.out.absolute(), options.minutes)))


if __name__ == "__main__":
  main()
