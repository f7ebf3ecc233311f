"""Kills commands at random moments, and compares what they leave in the end.

    python tests/kills.py --folder=runs/kills --minutes=10

Every piece of work is killed (SIGKILL) some times, begun again each time, and
then let finish: its files must be those of one that nobody killed, to the bit.
A line a piece goes to FOLDER/kills.jsonl, so that it can be stopped and called
again; the counts are printed. Work is done in forks of a process that has
imported everything, so that a kill costs about a second.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

import numpy as np
from helpers import damages, fake_runs, tiny

import dvae_jax
from dvae_jax import arrays, data, evaluate, rundir, session, studies
from dvae_jax.data.formats import packing
from dvae_jax.data.official import own_images
from dvae_jax.progress import say
from dvae_jax.report import page, pictures
from dvae_jax.train import loop, training

PIECES = "kills.jsonl"
MOST = 8  # kills of a piece of work


def config_of(seeds=(0,)):
  """Two lanes of 200 steps."""
  config = tiny.get_config()
  config.network, config.sweep.seed = "mlp_tiny", seeds
  config.train.steps, config.checkpoint.every = 200, 20
  config.eval.metrics = ("mig", "sap")
  return config


def train(folder):
  """What `main` does until the evaluation."""
  config = config_of()
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  with session.opened(folder, config.to_dict(), dataset):
    loop.train(config, setup, folder)


def trained(folder):
  """What training leaves."""
  run = dvae_jax.load_run(folder)
  names = [rundir.LOGGED, *(f"clouds/{n}.npy" for n in ("indices", 20, 200))]
  return vars(run.states), [(folder / name).read_bytes() for name in names]


def measure(folder):
  """`evaluate`, of a run that is trained."""
  run = dvae_jax.load_run(folder)
  with rundir.locked(folder):
    evaluate.evaluate(run, run.config.eval.to_dict())


def measured(folder):
  """What an evaluation leaves."""
  parts = [arrays.read(folder / n) for n in (rundir.CODES, rundir.PICTURES)]
  return (folder / rundir.RESULTS).read_bytes(), parts


def draw(folder):
  """`report`, of a run with one lane."""
  page.write(folder)


def drawn(folder):
  """What a report leaves, the animations aside."""
  return {
    path.name: path.read_bytes()
    for path in sorted((folder / "figures").iterdir())
    if not path.name.startswith(".")  # litter, counted apart
  } | {"page": len((folder / "report.html").read_bytes())}


def plan_of(folder):
  """Two parts of a seed each."""
  runs = {"beta_vae": config_of((0, 1))}
  return studies.plan(studies.Study(runs, lanes=2), "kills.py")


def study(folder):
  """`study run` and `study gather`."""
  studies.work(plan_of(folder), folder)
  studies.gather([folder], folder / "kept")


def studied(folder):
  """What a study leaves; study.json names the command, which may differ."""
  kept = sorted((folder / "kept").iterdir())
  return [path.read_bytes() for path in kept if path.name != "study.json"]


def prepare(folder):
  """`data prepare`, of 3,000 images."""
  images = own_images.read_npz(folder / "images.npz", "center")
  packing.write(folder / "prepared", *images, title="packing")


def prepared(folder):
  """What preparing leaves."""
  stored = packing.open_stored(folder / "prepared")
  return packing.read_all(stored), stored.header


class Work:
  """A piece of work: begins from `template`, `do` it, compare `made`."""

  def __init__(self, do, made, begin=None):
    self.do, self.made, self.begin = do, made, begin


def begin_report(folder):
  run = fake_runs.make_run(folder, lanes=1)
  fake_runs.write_run(run)
  pictures.write(run)


def begin_prepare(folder):
  folder.mkdir()
  images = np.random.default_rng(0).integers(0, 256, (3000, 48, 48), np.uint8)
  np.savez(folder / "images.npz", images=images)


WORK = {
  "train": Work(train, trained),
  "evaluate": Work(measure, measured, train),
  "report": Work(draw, drawn, begin_report),
  "study": Work(study, studied),
  "prepare": Work(prepare, prepared, begin_prepare),
}
CHANCES = {"train": 3, "evaluate": 3, "report": 3, "study": 2, "prepare": 3}


def forked(function, *given, after=None, log=None):
  """Runs a function in a fork; after some seconds, kills it.

  Returns:
    Exit status, negative where it was killed, and the seconds it took.
  """
  began = time.monotonic()
  child = os.fork()
  if not child:
    os.setsid()  # its own processes end with it
    if log:
      os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    try:
      session.set_up()
      function(*given)
    except BaseException:
      traceback.print_exc()
      os._exit(1)
    os._exit(0)
  while after is None or time.monotonic() - began < after:
    found, status = os.waitpid(child, os.WNOHANG)
    if found:
      return os.waitstatus_to_exitcode(status), time.monotonic() - began
    time.sleep(0.005)
  with contextlib.suppress(ProcessLookupError):
    os.killpg(child, signal.SIGKILL)
  return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), after


def fingerprint(folder, name, place):
  """Writes what a piece of work has left into a file, in a fork."""

  def write():
    place.write_text(damages.fingerprint(WORK[name].made(folder)))

  code, _ = forked(write)
  return place.read_text() if code == 0 else "unreadable"


def reference(root, name):
  """What the work leaves that nobody kills, and the seconds it takes."""
  place = root / f"{name}.json"
  if not place.exists():
    for _ in range(2):  # the first one compiles
      folder = begun(root, name)
      code, seconds = forked(WORK[name].do, folder)
      assert code == 0, f"{name} can't be done at all"
    found = fingerprint(folder, name, root / "made")
    rundir.write_json(place, {"seconds": seconds, "made": found})
  return rundir.read_json(place)


def begun(root, name):
  """The folder of a piece of work, as it is before."""
  folder, template = root / "work", root / f"{name}.template"
  shutil.rmtree(folder, ignore_errors=True)
  if WORK[name].begin is None:
    return folder
  if not template.exists():
    code, _ = forked(WORK[name].begin, template)
    assert code == 0
  shutil.copytree(template, folder)
  return folder


def one(root, name, chance):
  """One piece of work: killed some times, begun again, compared."""
  known, folder = reference(root, name), begun(root, name)
  kills = done = 0
  for _ in range(chance.randint(3, MOST)):
    after = chance.uniform(0.05, 1.0) * known["seconds"]
    code, _ = forked(WORK[name].do, folder, after=after, log=root / "log")
    kills += code == -signal.SIGKILL
    if code >= 0:
      done = code
      break
  code, _ = forked(WORK[name].do, folder, log=root / "log")
  same = fingerprint(folder, name, root / "made") == known["made"]
  litter = [p for p in folder.rglob(".*") if p.name != ".lock"]
  return {
    "work": name,
    "kills": kills,
    "failed": bool(code or done),
    "lost": not same,
    "litter": len(litter),
  }


def counts(root):
  """Kills by the work, and what went wrong."""
  lines = rundir.read_jsonl(root / PIECES) if (root / PIECES).exists() else []
  found = Counter()
  for line in lines:
    found[line["work"]] += line["kills"]
    for what in ("failed", "lost"):
      found[what] += line[what]
    found["kills"] += line["kills"]
    found["litter"] += line["litter"]
  return dict(found)


def main():
  """Kills until the time is over."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--folder", default="runs/kills", type=Path)
  parser.add_argument("--minutes", default=10.0, type=float)
  options = parser.parse_args()
  root = options.folder
  root.mkdir(parents=True, exist_ok=True)
  os.environ["XDG_CACHE_HOME"] = str(root / "cache")
  end = time.monotonic() + 60 * options.minutes
  chance = random.Random(time.time_ns())
  while time.monotonic() < end:
    (name,) = chance.choices([*CHANCES], CHANCES.values())
    line = one(root, name, chance)
    with (root / PIECES).open("a") as file:
      file.write(rundir.to_line(line))
    if line["failed"] or line["lost"]:
      shutil.copytree(root / "work", root / f"bad-{time.time_ns()}")
      say(f"{line}")
  print(counts(root))


if __name__ == "__main__":
  sys.exit(main())
