"""Damaged files: one sentence that names the file, or no harm; never silence.

200 damages by a seeded generator, each read by every command that reads the
file, run in this process. The suite takes the quick readers and a part of them.
"""

import contextlib
import functools
import json
import shutil
import warnings
from collections import Counter

import numpy as np
import pytest
from helpers import damages, fake_runs, tiny, trained
from ml_collections import ConfigDict

import dvae_jax
from dvae_jax import arrays, data, evaluate, results, rundir, session, studies
from dvae_jax.data.rendered import dsprites
from dvae_jax.metrics.__main__ import main as metrics_main
from dvae_jax.report import pictures, records
from dvae_jax.studies.worker import FAILED
from dvae_jax.train import loop, training

MADE = ("scores.json", "udr.json", rundir.UNFINISHED)  # and gone by readers
PART, OTHER = "beta_vae/seeds_0-1", "other/seeds_0-1"
FEW = 40  # damages of the normal suite


@pytest.fixture(scope="module", autouse=True)
def _drawn_once():
  """The sprites' table is the same for every reader."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(dsprites, "span_table", functools.cache(dsprites.span_table))
    yield


def trained_study(root):
  """A study of one part, trained and evaluated, and its results."""
  run = trained.make_evaluated(root / PART, **{"sweep.seed": (0, 1)})
  finish(root)
  lines = results.evaluated(root / PART)
  task = {"names": ["sap"], "eval": lines[0]["eval"], "step": run.step}
  rundir.write_jsonl(root / PART / rundir.UNFINISHED, [task, *lines[:2]])


def drawn_study(root):
  """The same files but checkpoints, of a run that nobody trained."""
  run = fake_runs.make_run(root / PART, lanes=2, seeds=(0, 1))
  fake_runs.write_run(run)
  pictures.write(run)
  config = tiny.get_config()
  config.sweep.update(beta=(1.0, 16.0), seed=(0, 1))
  config.train.update(steps=1000, log_every=100)
  config.checkpoint.every = 100
  data_of = session.describe(data.load(config.data))
  record = {"config": config.to_dict(), "data": data_of, "versions": {}}
  rundir.write_config(run.workdir, record | {"command": "python"})
  lines = rundir.read_jsonl(run.workdir / rundir.RESULTS)
  about = {"details": {}, "eval": {"stride": [], "metrics": []}}
  rundir.write_jsonl(
    run.workdir / rundir.RESULTS, [line | about for line in lines]
  )
  codes = arrays.read(run.workdir / rundir.CODES)
  arrays.write(run.workdir / rundir.CODES, codes, compression=0)
  (run.workdir / rundir.CLOUDS).mkdir()
  for name, shape in (("indices", (9,)), ("500", (4, 9, 5)), ("40", (4, 9, 5))):
    path = run.workdir / rundir.CLOUDS / f"{name}.npy"
    arrays.write_one(path, np.arange(np.prod(shape)).reshape(shape))
  finish(root)


def finish(root):
  """What belongs to the study, not to the part."""
  studies.hold_to(_plan(root), root)
  studies.gather([root], root / "kept")
  (root / OTHER).mkdir(parents=True)
  rundir.write_json(root / OTHER / FAILED, {"reason": "no reason"})


def _config(root):
  return ConfigDict(
    json.loads((root / PART / "config.json").read_text())["config"]
  )


def _plan(root):
  other = _config(root)
  other.latent_dim = 5
  runs = {"beta_vae": _config(root), "other": other}
  return studies.plan(studies.Study(runs, lanes=4), "file.py")


# Readers: the study's folder -> what they make of it.
def report(root):
  return records.read(root / PART)


def load_run(root):
  run = dvae_jax.load_run(root / PART)
  return run.config.to_dict(), run.lanes, run.step, vars(run.states)


def scores(root):
  """`metrics codes.npz`."""
  out = root / "scores.json"
  out.unlink(missing_ok=True)
  path = root / PART / rundir.CODES
  code = metrics_main([str(path), "--lane=1", "--metrics=mig", f"--out={out}"])
  return code or json.loads(out.read_text())


def ranking(root):
  """`metrics udr`."""
  out = root / "udr.json"
  out.unlink(missing_ok=True)
  arguments = ["udr", str(root / PART), "--correlation=spearman"]
  return metrics_main([*arguments, f"--out={out}"]) or json.loads(
    out.read_text()
  )


def status(root, plan):
  """`study status`: why a part can't be read stands in the table."""
  studies.hold_to(plan, root)
  table = studies.table(plan, root)
  for part in plan.parts:
    found = studies.state(part, root)
    if str(root) in found.reason:
      assert found.reason in table
      raise ValueError(found.reason)
  return table


def gather(root):
  out = root / "again"
  studies.gather([root], out)
  return [path.read_bytes() for path in sorted(out.iterdir())]


def load_study(root):
  return dvae_jax.load_study(root / "kept")


def opened(root, config, dataset):
  """What `main` reads before it trains, and whether it evaluates."""
  with session.opened(root / PART, config.to_dict(), dataset) as folder:
    last = config.train.steps
    for name, each in ((rundir.LOGGED, 4), (rundir.TIMINGS, 1)):
      rundir.truncate_jsonl(folder / name, last, last, each)
    lines = results.evaluated(folder)
    return evaluate.unmeasured(lines, config.to_dict()["eval"]), [
      rundir.read_jsonl(folder / name)
      for name in (rundir.LOGGED, rundir.TIMINGS)
    ]


def main(root, config, dataset):
  """`opened`, and the training, of which nothing or half is left."""
  setup = training.set_up(config, dataset)
  with session.opened(root / PART, config.to_dict(), dataset) as folder:
    states = loop.train(config, setup, folder)
    lines = results.evaluated(folder)
    return vars(states), evaluate.unmeasured(lines, config.to_dict()["eval"])


def evaluation(root):
  run = dvae_jax.load_run(root / PART)
  return evaluate.evaluate(run, trained.SETTINGS, only=["sap"], draw=False)


def readers_of(study):
  """Reader -> the files it reads, and whether it is quick."""
  config, plan = _config(study), _plan(study)
  dataset = data.load(config.data)
  whole = rundir.CODES, rundir.CONFIG, rundir.RESULTS
  return {
    report: (
      {*whole, *rundir.GROWING, "pictures.npz", ".npy"}, 1),
    scores: ({rundir.CODES}, 1),
    ranking: ({*whole}, 1),
    functools.partial(status, plan=plan): (
      {rundir.RESULTS, FAILED, "study.json"}, 1),
    gather: ({*whole, "study.json"}, 1),
    load_study: ({"kept"}, 1),
    functools.partial(opened, config=config, dataset=dataset): (
      {rundir.CONFIG, rundir.RESULTS, "metrics.jsonl", "timings.jsonl"}, 1),
    load_run: ({rundir.CONFIG, "checkpoints"}, 0),
    functools.partial(main, config=config, dataset=dataset): (
      {rundir.CONFIG, rundir.RESULTS, "checkpoints", "metrics.jsonl"}, 0),
    evaluation: ({rundir.CONFIG, rundir.RESULTS, rundir.UNFINISHED}, 0),
  }  # fmt: skip


def kind_of(path):
  """How `readers` names a file."""
  for folder in ("kept", "checkpoints"):
    if folder in path.parts:
      return folder
  return ".npy" if path.suffix == ".npy" else path.name


@functools.cache
def files_of(study):
  """Every file that somebody reads; many of a checkpoint's count as few."""
  return [
    path.relative_to(study)
    for path in sorted(study.rglob("*"))
    if path.is_file() and "tensorboard" not in path.parts
    and path.name not in (".lock", *MADE[:2])
    and ("checkpoints" not in path.parts or path.stat().st_size > 300)
  ]  # fmt: skip


def outcome(reader, root, capsys):
  """("refused", sentence, "") or ("made", fingerprint, what was said)."""
  capsys.readouterr()
  try:
    with warnings.catch_warnings():
      warnings.simplefilter("ignore")  # of NumPy, about what it skipped
      found = reader(root)
  except (ValueError, OSError) as error:
    return "refused", str(error), ""
  said = capsys.readouterr().err.strip()
  if found == 2:  # a command's exit status
    return "refused", said.splitlines()[-1], ""
  return "made", damages.fingerprint(found), said


def put(path, damage):
  """Puts a damage in a file's place."""
  path.unlink()
  path.mkdir() if damage.content is None else path.write_bytes(damage.content)


def check(reader, root, file, damage, whole, capsys):
  """One damage, one reader: what came of it."""
  kept = "checkpoints" not in file.parts  # there a damaged one is moved
  before = {path for path in root.rglob("*") if path.is_file()}
  kind, found, said = outcome(reader, root, capsys)
  gone = {path for path in before if kept and not path.exists()}
  assert not {p for p in gone if p.name not in MADE and p.name[0] != "."}
  assert not damages.UNPICKLED
  if kind == "refused":
    (sentence,) = found.splitlines()
    assert (file.name if kept else "checkpoint") in sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 300 + 3 * len(str(root)), sentence
    return "refused"
  if not kept and "Damaged: the checkpoint" in said:
    return "said, and the checkpoint before was taken"
  if damage.noticed:
    assert found == whole, "a result changed in silence"
    return "harmless"
  return "another result, as the file says"


def try_damage(seed, study, readers, wholes, quick, capsys):
  """Damages one file and has it read by all who read it."""
  rng = np.random.default_rng(seed)
  asked = {r: names for r, (names, fast) in readers.items() if fast >= quick}
  kinds = sorted({kind for names in asked.values() for kind in names})
  kind = kinds[rng.integers(len(kinds))]
  some = [file for file in files_of(study) if kind_of(file) == kind]
  file = some[rng.integers(len(some))]
  damage = damages.draw(study / file, rng)
  return {
    reader: try_reader(reader, study, file, damage, wholes, capsys)
    for reader, names in asked.items()
    if kind in names
  }


def try_reader(reader, study, file, damage, wholes, capsys):
  """What a reader makes of a damaged copy."""
  if reader not in wholes:
    with copied(study) as root:
      ended, wholes[reader], _ = outcome(reader, root, capsys)
    assert ended == "made", wholes[reader]
  with copied(study) as root:
    put(root / file, damage)
    try:
      return check(reader, root, file, damage, wholes[reader], capsys)
    except Exception as error:
      error.add_note(f"{damage.name}: {file}, read by {reader}"[:300])
      raise


@contextlib.contextmanager
def copied(study):
  """A copy, always in the same place, where paths are written into files."""
  place = study.with_name("copy")
  shutil.copytree(study, place, ignore=shutil.ignore_patterns("tensorboard"))
  try:
    yield place
  finally:
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
  """A study that nobody trained, its readers, and what they make of it."""
  root = tmp_path_factory.mktemp("drawn") / "study"
  drawn_study(root)
  return root, readers_of(root), {}


@pytest.mark.parametrize("seed", range(FEW))
def test_a_damaged_file_is_named_or_does_no_harm(seed, drawn, capsys):
  assert try_damage(seed, *drawn, True, capsys)


# Orbax leaves a coroutine behind where its own files are damaged.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
def test_two_hundred_damages_by_every_reader(tmp_path, capsys):
  root, counts = tmp_path / "study", Counter()
  trained_study(root)
  readers, wholes = readers_of(root), {}
  for seed in range(FEW, FEW + 200):
    found = try_damage(seed, root, readers, wholes, False, capsys)
    counts.update(found.values())
  with capsys.disabled():
    print(dict(counts))
  assert counts["refused"] > 100
