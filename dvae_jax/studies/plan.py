"""A study file becomes parts: run directories that any process may do.

A study file has a function

    def get_study(profile="") -> Study

whose runs are configs, one a method, network and data set, with strengths and
seeds swept. A run is cut along its seeds into parts of at most `lanes` lanes.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from dvae_jax import checks, registration, rundir
from dvae_jax.train import sweep

MANIFEST = "study.json"
MANIFEST_FIELDS = {"lanes": int, "runs": dict, "parts": dict}


class Study(NamedTuple):
  """What a study file returns.

  Attributes:
    runs: name -> config of a run; a name is a folder's, such as "beta_vae".
    lanes: most lanes that one process trains together.
    after: called with the study's folder once every run is done; a study that
      only computes has no runs.
  """

  runs: Mapping[str, ConfigDict]
  lanes: int = 64
  after: Callable[[Path], None] | None = None


class Part(NamedTuple):
  """Some seeds of one run: what is claimed, trained and evaluated as a whole.

  Attributes:
    name: the folder below the study's, "beta_vae/seeds_0-4".
    run: name of the run that it belongs to.
    config: of these seeds.
    lanes: how many.
  """

  name: str
  run: str
  config: ConfigDict
  lanes: int


class Plan(NamedTuple):
  """A study, cut into parts.

  Attributes:
    file: path of the study file, with its profile.
    parts: in the order in which one process would do them.
    manifest: what study.json holds.
  """

  file: str
  parts: list[Part]
  manifest: dict[str, Any]


def load(path: str) -> Study:
  """Runs a study file: `experiments/x.py` or `experiments/x.py:profile`.

  Raises:
    ValueError: no such file, or one that returns no study.
  """
  file, _, profile = path.partition(":")
  module = registration.execute("--config", file)
  found = getattr(module, "get_study", None)
  if found is None:
    raise ValueError(
      f"--config: {file} has no get_study(profile); an experiment file of one"
      " run goes to python -m dvae_jax.main"
    )
  with registration.running("--config", file):
    study = found(profile)
  if not isinstance(study, Study) or not (study.runs or study.after):
    raise ValueError(
      f"--config: get_study of {file} returned {type(study).__name__!r}, a"
      " Study with one run or more expected"
    )
  return study


def plan(study: Study, file: str) -> Plan:
  """Checks every run and cuts it into parts.

  Args:
    study: from `load`.
    file: where it comes from.

  Raises:
    ValueError: a run's config is refused, or one setting alone has more
      strengths than lanes are allowed.
  """
  if study.lanes < 1:
    raise ValueError(f"lanes: {study.lanes} found, 1 or more expected")
  parts = []
  for name, config in study.runs.items():
    if not name or Path(name).name != name:
      raise ValueError(f"runs: {name!r} found, a folder's name expected")
    try:
      checks.check(config)
      parts += _parts(name, config, study.lanes)
    except ValueError as error:
      raise ValueError(f"runs[{name!r}]: {error}") from error
  known: dict[str, str] = {}
  for part in parts:
    same = known.setdefault(digest(part.config), part.run)
    if same != part.run:
      raise ValueError(f"runs: {part.run!r} trains the models of {same!r}")
  manifest = {
    "lanes": study.lanes,
    "runs": {name: trained(config) for name, config in study.runs.items()},
    "parts": {part.name: digest(part.config) for part in parts},
  }
  return Plan(file, parts, rundir.plain(manifest))


def _parts(name: str, config: ConfigDict, lanes: int) -> list[Part]:
  seeds = tuple(config.sweep.seed)
  strengths = len(sweep.grid(config.sweep, config.hparams)) // len(seeds)
  if strengths > lanes:
    raise ValueError(
      f"{strengths} strengths found, at most lanes = {lanes} allowed"
    )
  each, parts = lanes // strengths, []
  for start in range(0, len(seeds), each):
    some = seeds[start : start + each]
    own = config.copy_and_resolve_references()
    own.sweep.seed = some
    folder = f"{name}/seeds_{some[0]}-{some[-1]}"
    parts.append(Part(folder, name, own, strengths * len(some)))
  return parts


def setting_of(line: Mapping[str, Any], config: ConfigDict) -> str:
  """What is swept of a lane but its seed: "beta 4", "alpha 1, gamma 2".

  Args:
    line: of results.jsonl.
    config: of its run.
  """
  swept = [names for names, values in config.sweep.items() if values]
  names = [n for joint in swept for n in joint.split(",") if n != "seed"]
  return ", ".join(f"{n} {line['hparams'][n]:g}" for n in names)


def trained(config: ConfigDict) -> dict[str, Any]:
  """What decides a trained model; how it is evaluated may change."""
  return {n: v for n, v in config.to_dict().items() if n != "eval"}


def digest(config: ConfigDict) -> str:
  """SHA-256 of what decides the trained models of a part."""
  text = json.dumps(rundir.plain(trained(config)), sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()


def hold_to(plan: Plan, folder: Path) -> None:
  """Writes study.json, or compares the study with the one that is there.

  Raises:
    ValueError: the folder belongs to another study; names the fields.
  """
  path = folder / MANIFEST
  if not path.exists():
    folder.mkdir(parents=True, exist_ok=True)
    rundir.write_json(path, plan.manifest | {"file": plan.file})
    return
  found = rundir.read_json(path, MANIFEST_FIELDS)
  parts = ("lanes", "runs")
  changed = rundir.differences(
    {name: found[name] for name in parts},
    {name: plan.manifest[name] for name in parts},
  )
  if changed:
    more = f", and {len(changed) - 3} more" if len(changed) > 3 else ""
    raise ValueError(
      f"--workdir: {folder} holds another study, by its {MANIFEST}:"
      f" {'; '.join(changed[:3])[:300]}{more}. Choose another --workdir, or"
      " undo the change"
    )
