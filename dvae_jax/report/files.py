"""A run directory's files, each refused by name where it isn't what it was."""

import itertools
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dvae_jax import arrays as stored
from dvae_jax import results, rundir

CLOUDS = 12  # steps that posterior means are read of, at most: 0.1 s a frame
# Arrays of pictures.npz, as `pictures.write` says: an axis a letter.
PICTURE_ARRAYS = {
  "lanes": "L", "discrete": "", "codes": "LnD", "indices": "n", "spread": "LD",
  "factors": "nK", "factor_names": "K", "originals": "LePHWC",
  "reconstructions": "LePHWC", "errors": "LeP", "base": "HWC",
  "traversals": "LDVHWC", "values": "LDV", "interpolations": "LiSHWC",
  "usual": "Ln", "unusual": "Lu", "anomaly_names": "2", "grids": "LgHWC",
  "grid_latents": "La", "grid_values": "Lav", "kl": "LD", "samples": "LzHWC",
  "prior_traversals": "LDVHWC", "walks": "LwHWC", "walk_paths": "Lw2",
  "walk_latents": "L2",
}  # fmt: skip
# What is in every pictures.npz.
ALWAYS = (
  "lanes", "discrete", "codes", "indices", "spread", "originals",
  "reconstructions", "errors", "base", "traversals", "values", "interpolations",
  "usual", "unusual", "anomaly_names", "grids", "grid_latents", "grid_values",
)  # fmt: skip


class Clouds(NamedTuple):
  """Posterior means of the same images at several steps.

  Attributes:
    steps: (T,) of the checkpoints, ascending.
    indices: (n,) of the images.
    means: (T, L, n, D).
  """

  steps: np.ndarray
  indices: np.ndarray
  means: np.ndarray


def logged(folder: Path) -> list[dict]:
  """Lines of metrics.jsonl: numbers, texts and lists of as many numbers."""
  path, latents = folder / rundir.LOGGED, None
  lines = rundir.read_jsonl(path, rundir.LOGGED_FIELDS)
  for number, line in enumerate(lines, 1):
    for name, value in line.items():
      good = value is None or isinstance(value, str) or results.is_number(value)
      if isinstance(value, list):
        latents = latents or len(value)
        good = len(value) == latents and all(
          v is None or results.is_number(v) for v in value
        )
      if not good or (name == "kl_per_latent" and not isinstance(value, list)):
        raise rundir.unreadable(path, f"{name!r} isn't numbers", number)
  return lines


def timings(folder: Path) -> list[dict]:
  """Lines of timings.jsonl."""
  return rundir.read_jsonl(folder / rundir.TIMINGS, rundir.TIMING_FIELDS)


def check_complete(folder: Path, lines: list[dict], lanes: list[dict]) -> None:
  """Refuses a log that lacks lines of a finished run; it may begin late.

  Args:
    folder: the run directory.
    lines: of metrics.jsonl.
    lanes: of results.jsonl, or as if they were.
  """
  path = folder / rundir.LOGGED
  seen = Counter(line["step"] for line in lines)
  strange = {line["lane"] for line in lines} - {*range(len(lanes))}
  if strange:
    why = f"has a lane {min(strange)}, which {rundir.RESULTS} lacks"
    raise rundir.unreadable(path, why)
  trained = lanes[0].get("step") if lanes else None
  if trained is None:  # being trained
    return
  rundir.check_ends_at(path, lines, trained, len(lanes))
  rundir.check_ends_at(folder / rundir.TIMINGS, timings(folder), trained, 1)
  missing = [step for step in seen if seen[step] != len(lanes)]
  steps = sorted(seen)
  every = min((b - a for a, b in itertools.pairwise(steps[:-1])), default=0)
  if every:
    missing += {*range(steps[0], trained, every)} - {*steps}
  if missing:
    raise rundir.unreadable(path, f"lacks lines of step {min(missing)}")


def pictures(folder: Path, lanes: int) -> dict[str, np.ndarray] | None:
  """Arrays of pictures.npz of so many lanes, or None."""
  path = folder / rundir.PICTURES
  if not path.exists():
    return None
  found = stored.read(path, PICTURE_ARRAYS)
  missing = [name for name in ALWAYS if name not in found]
  if missing:
    raise rundir.unreadable(path, f"has no {missing[0]!r}")
  stored.check_axes(path, found, PICTURE_ARRAYS, rundir.RESULTS, L=lanes, e=3)
  return found


def codes(folder: Path, lanes: int) -> dict[str, np.ndarray] | None:
  """Arrays of codes.npz of so many lanes, or None."""
  path = folder / rundir.CODES
  if not path.exists():
    return None
  found = stored.read(path, [n for n in rundir.CODE_ARRAYS if n != "logvars"])
  if "means" not in found:
    raise rundir.unreadable(path, "has no 'means'")
  stored.check_axes(path, found, rundir.CODE_ARRAYS, rundir.RESULTS, L=lanes)
  return found


def clouds(folder: Path, lanes: int) -> Clouds | None:
  """At most CLOUDS steps, evenly spaced, the first and the last among them."""
  files = folder.glob("*.npy")
  steps = np.array(sorted(int(f.stem) for f in files if f.stem.isdigit()))
  if not steps.size:
    return None
  at = np.linspace(0, len(steps) - 1, min(len(steps), CLOUDS))
  steps = steps[at.round().astype(int)]
  indices = stored.read_one(folder / "indices.npy")
  sizes = {"L": lanes, "n": len(indices)}
  means = []
  for path in (folder / f"{step}.npy" for step in steps):
    means.append(stored.read_one(path))
    stored.check_axes(
      path, {"codes": means[-1]}, {"codes": "LnD"}, rundir.RESULTS, **sizes
    )
    sizes["D"] = means[-1].shape[2]
  return Clouds(steps, indices, np.stack(means).astype(np.float32))
