"""A run directory read back as arrays, whatever files it holds so far."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dvae_jax import results, rundir
from dvae_jax.report import files
from dvae_jax.report.files import Clouds


class Record(NamedTuple):
  """What a run directory says.

  Attributes:
    name: the folder's name.
    config: the resolved config.
    data: the data set's description.
    versions: package -> version.
    command: what made the run.
    lanes: one dict a lane: "lane", "seed", "hparams", "step", "diverged_at".
    scores: name -> (L,) numbers of results.jsonl, "dci.completeness" for nested
      ones; NaN where missing, and all of a diverged lane's.
    steps: (T,) logged steps.
    terms: name -> (L, T) logged terms, NaN where missing.
    kl: (L, T, D) nats per latent, or None.
    seconds: of training, or None.
    pictures: arrays of pictures.npz, or None.
    codes: arrays of codes.npz, or None.
    clouds: posterior means over training, or None.
  """

  name: str
  config: dict[str, Any]
  data: dict[str, Any]
  versions: dict[str, str]
  command: str
  lanes: list[dict]
  scores: dict[str, np.ndarray]
  steps: np.ndarray
  terms: dict[str, np.ndarray]
  kl: np.ndarray | None
  seconds: float | None
  pictures: dict[str, np.ndarray] | None
  codes: dict[str, np.ndarray] | None
  clouds: Clouds | None


def read(workdir, *, arrays: bool = True) -> Record:
  """Reads a run directory.

  Args:
    workdir: the folder; only config.json must be there.
    arrays: whether codes.npz, pictures.npz and clouds are read as well.

  Raises:
    ValueError: no config.json, or a file that isn't what it should be.
  """
  folder = Path(workdir)
  about = rundir.read_config(folder)
  logged = files.logged(folder)
  lanes = results.read(folder) or [
    {"lane": lane, "seed": None, "hparams": {}, "step": None}
    for lane in sorted({line["lane"] for line in logged})
  ]
  files.check_complete(folder, logged, lanes)
  steps, terms, kl = _curves(logged, len(lanes))
  return Record(
    name=folder.resolve().name,
    config=about["config"],
    data=about.get("data", {}),
    versions=about.get("versions", {}),
    command=about.get("command", ""),
    lanes=lanes,
    scores=scores_of(lanes),
    steps=steps,
    terms=terms,
    kl=kl,
    seconds=_seconds(files.timings(folder)),
    pictures=files.pictures(folder, len(lanes)) if arrays else None,
    codes=files.codes(folder, len(lanes)) if arrays else None,
    clouds=files.clouds(folder / rundir.CLOUDS, len(lanes)) if arrays else None,
  )


def _seconds(timings: list[dict]) -> float | None:
  spent = [
    line["seconds"]
    for line in timings
    if results.is_number(line.get("seconds"))
  ]
  return float(sum(spent)) if spent else None


def scores_of(lanes: list[dict]) -> dict[str, np.ndarray]:
  """Numbers of each lane's metrics, nested ones with a dot: name -> (L,)."""
  rows = [dict(_numbers(lane.get("metrics", {}))) for lane in lanes]
  rows = [
    dict.fromkeys(row, np.nan) if diverged(lane) else row
    for lane, row in zip(lanes, rows, strict=True)
  ]
  names = list(dict.fromkeys(name for row in rows for name in row))
  return {
    name: np.array([row.get(name, np.nan) for row in rows]) for name in names
  }


def diverged(lane: dict) -> bool:
  """Whether a lane's training diverged: its numbers say nothing then."""
  return lane.get("diverged_at", -1) >= 0


def _numbers(metrics: dict, prefix: str = ""):
  """Yields (name, number); null is NaN; texts and lists are left out."""
  for name, value in metrics.items():
    if isinstance(value, dict):
      yield from _numbers(value, f"{prefix}{name}.")
    elif value is None:
      yield prefix + name, np.nan
    elif isinstance(value, int | float):
      yield prefix + name, float(value)


def _curves(logged: list[dict], number: int):
  """Steps (T,), terms name -> (L, T), KL per latent (L, T, D) or None."""
  steps = sorted({line["step"] for line in logged})
  column = {step: t for t, step in enumerate(steps)}
  terms: dict[str, np.ndarray] = {}
  kl = None
  for line in logged:
    at = line["lane"], column[line["step"]]
    for name, value in line.items():
      if name == "kl_per_latent":
        if kl is None:
          kl = np.full((number, len(steps), len(value)), np.nan)
        kl[at] = [np.nan if v is None else v for v in value]
      elif name not in ("step", "lane") and not isinstance(value, list | str):
        if name not in terms:
          terms[name] = np.full((number, len(steps)), np.nan)
        terms[name][at] = np.nan if value is None else value
  first = [name for name in ("loss", "reconstruction", "kl") if name in terms]
  order = first + [name for name in terms if name not in first]
  return np.array(steps), {name: terms[name] for name in order}, kl


def swept(record: Record) -> list[str]:
  """Names of the hyper-parameters that differ between lanes."""
  names = record.lanes[0]["hparams"] if record.lanes else {}
  return [
    name
    for name in names
    if len({lane["hparams"].get(name) for lane in record.lanes}) > 1
  ]


class Sweep(NamedTuple):
  """How the lanes of a run differ.

  Attributes:
    name: what is swept first: "beta", or "alpha, beta" jointly; without a swept
      hyper-parameter "seed", or "lane" for a single one.
    places: (L,) its number in each lane; of a joint sweep 0, 1, ...
    ticks: the values of a joint sweep, place -> "1, 4"; None where the places
      are the values themselves.
    rest: L texts, what else is swept: "gamma 2"; "" where nothing is.
    settings: L texts, all that is swept but the seed: "beta 4, gamma 2"; lanes
      with the same one differ in their seed alone.
  """

  name: str
  places: np.ndarray
  ticks: dict[float, str] | None
  rest: list[str]
  settings: list[str]


def sweep(record: Record) -> Sweep:
  """How the lanes of a run differ, by whole settings."""
  lanes, dimensions = record.lanes, _dimensions(record)
  blank = [""] * len(lanes)
  if not dimensions:
    name = "seed" if len({lane["seed"] for lane in lanes}) > 1 else "lane"
    places = np.array([float(lane[name]) for lane in lanes])
    return Sweep(name, places, None, blank, blank)
  first, *others = dimensions
  texts = [[_text(lane, names) for lane in lanes] for names in others]
  rest = [", ".join(parts) for parts in zip(*texts, strict=True)] or blank
  places, ticks = _places(
    [[lane["hparams"][n] for n in first] for lane in lanes]
  )
  settings = [
    ", ".join(filter(None, [_text(lane, first), other]))
    for lane, other in zip(lanes, rest, strict=True)
  ]
  return Sweep(", ".join(first), places, ticks, rest, settings)


def _places(values: list[list[float]]):
  """Places and ticks of a dimension whose point in each lane is given."""
  if len(values[0]) == 1:
    return np.array(values, np.float64)[:, 0], None
  texts = [", ".join(_short(v) for v in point) for point in values]
  joint = list(dict.fromkeys(texts))
  places = np.array([float(joint.index(text)) for text in texts])
  return places, {float(i): text for i, text in enumerate(joint)}


def _dimensions(record: Record) -> list[tuple[str, ...]]:
  """Names of each swept dimension; several names where they move jointly."""
  differ = swept(record)
  sweeps = record.config.get("sweep", {}).items()
  joint = [tuple(key.split(",")) for key, values in sweeps if values]
  known = [tuple(name for name in names if name in differ) for names in joint]
  covered = {name for names in known for name in names}
  alone = [(name,) for name in differ if name not in covered]
  return [names for names in known if names] + alone


def _text(lane: dict, names) -> str:
  return ", ".join(f"{name} {_short(lane['hparams'][name])}" for name in names)


def _short(value: float) -> str:
  """A number's text, different for different numbers."""
  return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def lane_title(record: Record, lane: int) -> str:
  """ "lane 2: beta 4, seed 1", with what is swept."""
  about = record.lanes[lane]
  parts = [_text(about, swept(record))]
  if len({other["seed"] for other in record.lanes}) > 1:
    parts.append(f"seed {about['seed']}")
  title = ", ".join(filter(None, parts))
  return f"lane {lane}" + (f": {title}" if title else "")
