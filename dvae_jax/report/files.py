"""A run directory's files, each refused by name where it isn't what it was."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dvae_jax import arrays as stored
from dvae_jax import rundir

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


def results(folder: Path) -> list[dict]:
  """Lines of results.jsonl, by lane; each once, all with the same sweep."""
  path = folder / rundir.RESULTS
  lines = rundir.read_jsonl(path, rundir.RESULT_FIELDS)
  known = sorted(line["lane"] for line in lines)
  if known != list(range(len(lines))):
    raise rundir.unreadable(path, f"has the lanes {known}")
  for number, line in enumerate(lines, 1):
    bad = [n for n, v in line["hparams"].items() if not is_number(v)]
    if bad or line["hparams"].keys() != lines[0]["hparams"].keys():
      why = f"{'hparams'!r} {bad} aren't numbers, or not the other lanes'"
      raise rundir.unreadable(path, why, number)
    optional = {"step": int, "diverged_at": int, "metrics": dict}
    there = {name: kind for name, kind in optional.items() if name in line}
    rundir.check_fields(path, line, there, number)
  return sorted(lines, key=lambda line: line["lane"])


def is_number(value: Any) -> bool:
  """Whether a value is JSON's kind of number."""
  return isinstance(value, int | float) and not isinstance(value, bool)


def check_logged(path: Path, lines: list[dict], lanes: list[dict]) -> None:
  """Refuses lines of other lanes or kinds, and a file that was cut short."""
  latents = None
  for number, line in enumerate(lines, 1):
    if line["lane"] not in range(len(lanes)):
      raise rundir.unreadable(path, f"has a lane {line['lane']}", number)
    for name, value in line.items():
      good = value is None or isinstance(value, str) or is_number(value)
      if isinstance(value, list):
        latents = latents or len(value)
        good = len(value) == latents and all(
          v is None or is_number(v) for v in value
        )
      if not good or (name == "kl_per_latent" and not isinstance(value, list)):
        raise rundir.unreadable(path, f"{name!r} isn't numbers", number)
  last = max((line["step"] for line in lines), default=None)
  trained = lanes[0]["step"] if lanes and "step" in lanes[0] else None
  if last is not None and trained is not None and last < trained:
    raise rundir.unreadable(
      path, f"ends at step {last}, and {rundir.RESULTS} is of step {trained}"
    )


def pictures(folder: Path, lanes: int) -> dict[str, np.ndarray] | None:
  """Arrays of pictures.npz of so many lanes, or None."""
  path = folder / rundir.PICTURES
  if not path.exists():
    return None
  found = stored.read(path, PICTURE_ARRAYS)
  missing = [name for name in ALWAYS if name not in found]
  if missing:
    raise rundir.unreadable(path, f"has no {missing[0]!r}")
  stored.check_axes(path, found, PICTURE_ARRAYS, L=lanes, e=3)
  return found


def codes(folder: Path, lanes: int) -> dict[str, np.ndarray] | None:
  """Arrays of codes.npz of so many lanes, or None."""
  path = folder / rundir.CODES
  if not path.exists():
    return None
  found = stored.read(path, [n for n in rundir.CODE_ARRAYS if n != "logvars"])
  if "means" not in found:
    raise rundir.unreadable(path, "has no 'means'")
  stored.check_axes(path, found, rundir.CODE_ARRAYS, L=lanes)
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
    stored.check_axes(path, {"codes": means[-1]}, {"codes": "LnD"}, **sizes)
    sizes["D"] = means[-1].shape[2]
  return Clouds(steps, indices, np.stack(means).astype(np.float32))
