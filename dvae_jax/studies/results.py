"""A finished study as data: every lane's line and codes, small enough to keep.

    study = dvae_jax.load_study("results/laptop")
    study.lanes            # a dict a lane: run, setting, seed, metrics, ...
    study.score("mig")     # (L,): any metric, on every model, in seconds

`python -m dvae_jax.study gather runs/x --out=results/x` makes such a folder.
"""

import contextlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from dvae_jax import arrays, metrics, results, rundir, schema
from dvae_jax.metrics.udr import FORMS, Model, rank
from dvae_jax.studies.plan import MANIFEST, MANIFEST_FIELDS, setting_of

LANES = "lanes.jsonl"
LANE_FIELDS = {
  "run": str, "setting": str, "seed": int, "hparams": dict, "metrics": dict,
  "diverged_at": int,
}  # fmt: skip
CODES = "codes_{}.npz"  # of a run
# Significant bits that are kept: 0.4% of a code, 3% of a log variance.
BITS = {"means": 7, "logvars": 4, "kl": 10}


class Results(NamedTuple):
  """What is kept of a study.

  Attributes:
    lanes: one dict a lane: "run", "setting", "method", "network", "data",
      "seed", "hparams", "diverged_at", "metrics", "details", ...
    codes: run -> arrays: `means` and, of Gaussian posteriors, `logvars` (L, N,
      D) float16 of its lanes in their order, `factors` (N, K), `factor_names`,
      `discrete`, `held_out` where images are held out.
    about: study.json: the configs of the runs, versions and commands.
  """

  lanes: list[dict[str, Any]]
  codes: dict[str, dict[str, np.ndarray]]
  about: dict[str, Any]

  def score(self, metric: str | Callable) -> np.ndarray:
    """A metric's value of every lane, (L,); NaN of diverged ones.

    Args:
      metric: a name in METRICS, or a function (codes (N, D), factors (N, K), *,
        rng) -> a number, or a dict whose first value is the number.
    """
    places = dict.fromkeys(self.codes, 0)
    values = []
    for lane in self.lanes:
      arrays, place = self.codes[lane["run"]], places[lane["run"]]
      places[lane["run"]] += 1
      if lane["diverged_at"] >= 0:
        values.append(np.nan)
      else:
        values.append(_score(metric, arrays, place))
    return np.array(values, np.float64)


def _score(metric, arrays, place: int) -> float:
  """One lane's value of one metric."""
  rng = np.random.default_rng(0)
  codes = arrays["means"][place].astype(np.float32)
  factors = arrays.get("factors")
  if not isinstance(metric, str):
    found = metric(codes, factors, rng=rng)
    return next(iter(found.values())) if isinstance(found, dict) else found
  logvars = arrays.get("logvars")
  found = metrics.score(
    metric,
    codes,
    factors,
    rng=rng,
    logvars=None if logvars is None else logvars[place].astype(np.float32),
    factor_names=tuple(arrays.get("factor_names", ())),
    discrete=bool(arrays["discrete"]),
  )
  return found[metric]


def gather(folders, out: str | Path) -> Path:
  """Writes the results folder of one study from its parts' directories.

  Args:
    folders: study directories, of one study: slices that were done apart.
    out: the folder, made where it's missing.

  Returns:
    lanes.jsonl.

  Raises:
    ValueError: no study, two different ones, a part that isn't the study's, or
      no part with results.
  """
  folders = [Path(folder) for folder in folders]
  manifest = _manifest(folders)
  lines: list[dict] = []
  about: dict[str, Any] = {}
  codes: dict[str, list[dict]] = {}
  for name in manifest["parts"]:
    if ".." in Path(name).parts or Path(name).is_absolute():
      raise rundir.unreadable(
        folders[0] / MANIFEST, f"{name!r:.60} is no part's name"
      )
    found = [f / name for f in folders if (f / name / rundir.RESULTS).exists()]
    if not found:
      continue
    run = name.partition("/")[0]
    record = rundir.read_config(found[0])
    with rundir.about(found[0] / rundir.CONFIG):
      schema.check_values(record["config"])
    config = ConfigDict(record["config"])
    _check_part(found[0], manifest, run, record["config"])
    for name in ("versions", "command"):
      about.setdefault(name, record.get(name))
    found_lines = results.evaluated(found[0])
    lines += [_line(line, run, config) for line in found_lines]
    path = found[0] / rundir.CODES
    part = _codes(path, len(found_lines), rundir.RESULTS)
    codes.setdefault(run, []).append(part)
  if not lines:
    raise ValueError(f"{folders[0]}: no part has results yet")
  out = Path(out)
  out.mkdir(parents=True, exist_ok=True)
  for run, parts in codes.items():
    whole = _together(parts)
    _add_udr([line for line in lines if line["run"] == run], whole)
    # LZMA shrinks codes further than DEFLATE.
    path = out / CODES.format(run)
    arrays.write(path, whole, compression=zipfile.ZIP_LZMA)
  rundir.write_json(out / MANIFEST, manifest | about)
  rundir.write_jsonl(out / LANES, lines)
  return out / LANES


def _codes(path: Path, lanes: int, by: str) -> dict[str, np.ndarray]:
  """Arrays of a codes file that must have the lanes that another file says."""
  found = arrays.read(path, rundir.CODE_ARRAYS)
  if not {"means", "discrete"} <= found.keys():
    raise rundir.unreadable(path, "has no 'means', or no 'discrete'")
  arrays.check_axes(path, found, rundir.CODE_ARRAYS, by, L=lanes)
  return found


def _manifest(folders: list[Path]) -> dict[str, Any]:
  """study.json, which all folders must share."""
  found = []
  for folder in folders:
    if not (folder / MANIFEST).exists():
      raise ValueError(f"{folder}: no study (no {MANIFEST} in it)")
    found.append(rundir.read_json(folder / MANIFEST, MANIFEST_FIELDS))
  for folder, other in zip(folders, found, strict=True):
    changed = rundir.differences(found[0]["runs"], other["runs"])
    if changed:
      raise ValueError(f"{folder} holds another study: {changed[0]}")
  return found[0]


def _check_part(folder: Path, manifest, run: str, config: dict) -> None:
  """Refuses a part that was trained by another config than the study's."""
  wanted = manifest["runs"].get(run)
  if not isinstance(wanted, dict):
    raise ValueError(f"{folder}: {MANIFEST} has no run {run!r}")
  fields = {"sweep": dict}
  rundir.check_fields(folder.parents[1] / MANIFEST, wanted, fields)
  ours = {n: v for n, v in config.items() if n != "eval"}
  seeds = {"sweep": ours["sweep"] | {"seed": wanted["sweep"].get("seed")}}
  changed = rundir.differences(wanted, ours | seeds)
  if changed:
    raise ValueError(f"{folder} isn't this study's: {changed[0]}")


def _line(line: dict[str, Any], run: str, config: ConfigDict) -> dict[str, Any]:
  """A line of results.jsonl, and what the study knows of it."""
  about = {
    "run": run,
    "setting": setting_of(line, config),
    "method": config.objective,
    "network": config.network,
  }
  rest = {n: v for n, v in line.items() if n not in ("lane", "eval")}
  return about | rest


def _add_udr(lines: list[dict[str, Any]], arrays: dict) -> None:
  """Adds both forms of UDR to the metrics of a run's lanes, of codes as kept.

  Runs with one seed a setting, or without a KL, have none.
  """
  if "kl" not in arrays:
    return
  lanes = [n for n, line in enumerate(lines) if line["diverged_at"] < 0]
  models = [
    Model(
      lines[n]["run"],
      n,
      lines[n]["setting"],
      lines[n]["seed"],
      arrays["means"][n].astype(np.float32),
      arrays["kl"][n].astype(np.float32),
    )
    for n in lanes
  ]
  for form in FORMS:
    with contextlib.suppress(ValueError):  # nobody to compare with
      values, _ = rank(models, form=form)
      for n, value in zip(lanes, values, strict=True):
        lines[n]["metrics"][form] = float(value)


def _together(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
  """The lanes of a run's parts in one set of arrays, codes as float16."""
  whole = dict(parts[0])
  for name in ("means", "logvars", "kl"):
    if name in whole:
      joined = np.concatenate([part[name] for part in parts])
      whole[name] = shorten(joined, BITS[name])
  return whole


def shorten(array: np.ndarray, bits: int) -> np.ndarray:
  """Rounds to float16 with few significant bits, which compress well.

  Args:
    array: of any shape.
    bits: of the mantissa, at most 10.
  """
  drop = 10 - bits
  half = np.ascontiguousarray(array, np.float16).view(np.uint16)
  rounded = half.astype(np.uint32) + (1 << drop >> 1)
  return (rounded >> drop << drop).astype(np.uint16).view(np.float16)


def load_study(folder: str | Path) -> Results:
  """Reads a results folder.

  Raises:
    ValueError: it holds none.
  """
  folder = Path(folder)
  if not (folder / LANES).exists():
    raise ValueError(
      f"{folder}: no results of a study (no {LANES} in it); python -m"
      " dvae_jax.study gather makes them"
    )
  lanes = rundir.read_jsonl(folder / LANES, LANE_FIELDS)
  codes = {}
  for run in dict.fromkeys(lane["run"] for lane in lanes):
    if Path(run).name != run:
      raise rundir.unreadable(folder / LANES, f"{run!r:.60} is no run's name")
    number = sum(lane["run"] == run for lane in lanes)
    codes[run] = _codes(folder / CODES.format(run), number, LANES)
  about = rundir.read_json(folder / MANIFEST)
  return Results(lanes, codes, about)
