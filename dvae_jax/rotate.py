"""Rotates codes without labels and scores them again.

python -m dvae_jax.rotate runs/autoencoder --method=ica
python -m dvae_jax.rotate codes.npz --method=varimax --out=rotated.npz

An autoencoder and ICA is a baseline that costs no training of its own. The
rotation is fitted to all images but the held-out ones, a lane at a time.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from dvae_jax.metrics import METRICS, headlines, missing, score, single_model
from dvae_jax.metrics.checks import check
from dvae_jax.metrics.files import Codes, read_arrays, read_codes
from dvae_jax.metrics.rotations import ROTATIONS, Rotation
from dvae_jax.registration import register_first
from dvae_jax.rundir import CODES, write_atomic

SCORED = "mig,sap,dci_fast,modularity,mcc"
# What a file of codes says about the images, not about the latents.
ABOUT_IMAGES = ("indices", "factors", "factor_names", "held_out")


def parse(arguments: list[str]) -> argparse.Namespace:
  """Options of the command."""
  parser = argparse.ArgumentParser(
    prog="python -m dvae_jax.rotate",
    description="Rotates codes by a method that reads no labels, scores them"
    " before and after, and writes them.",
  )
  parser.add_argument(
    "source",
    help="a run directory with codes.npz, or an npz as `python -m"
    " dvae_jax.metrics` reads it",
  )
  parser.add_argument("--method", choices=ROTATIONS, required=True)
  parser.add_argument(
    "--metrics",
    default=SCORED,
    help=f"comma-separated, or '' for none; default: {SCORED}",
  )
  parser.add_argument(
    "--least",
    type=float,
    default=0.01,
    help="principal axes that vary at most this part of the widest are left"
    " out; default: 0.01",
  )
  parser.add_argument("--seed", type=int, default=0, help="default: 0")
  parser.add_argument(
    "--out",
    help="npz for the rotated codes; must be new; default: <source's"
    " name>_<method>.npz beside it",
  )
  return parser.parse_args(arguments)


def rotate_file(path: Path, options: argparse.Namespace) -> tuple[dict, list]:
  """Rotates every model of a file.

  Args:
    path: npz of codes.
    options: from `parse`.

  Returns:
    The arrays of the new file, and a list with the scores of each model before
    and after: ({metric: value}, {metric: value}).

  Raises:
    ValueError: what can't be read, rotated or scored.
  """
  arrays = read_arrays(path)
  several = "codes" not in arrays and np.ndim(arrays.get("means", 0)) == 3
  lanes = range(len(arrays["means"])) if several else [None]
  held_out, codes, scores = arrays.get("held_out"), [], []
  for lane in lanes:
    data = read_codes(path, lane)
    check(data.codes, data.factors, factor_names=data.factor_names)
    rotation = fitted(data.codes, held_out, options)
    if rotation.note:
      print(f"note: {rotation.note}", file=sys.stderr)
    found = rotation.apply(data.codes)
    codes.append(found.astype(np.float32))
    rotated = data._replace(codes=found, logvars=None, discrete=False)
    names = chosen(options.metrics, rotated)
    each = (scored(names, one, options.seed) for one in (data, rotated))
    scores.append(tuple(each))
  kept = {name: arrays[name] for name in ABOUT_IMAGES if name in arrays}
  if not several:
    return {**kept, "codes": codes[0]}, scores
  return {**kept, "means": padded(codes)}, scores


def fitted(codes, held_out, options: argparse.Namespace) -> Rotation:
  """The rotation of one model's codes, of those it may see."""
  seen = codes if held_out is None else codes[~held_out.astype(bool)]
  rng = np.random.default_rng(options.seed)
  return ROTATIONS[options.method](seen, rng=rng, least=options.least)


def padded(codes: list[np.ndarray]) -> np.ndarray:
  """Lanes' codes (N, M) as one array; latents that a lane lacks are 0."""
  most = max(one.shape[1] for one in codes)
  return np.stack(
    [np.pad(one, ((0, 0), (0, most - one.shape[1]))) for one in codes]
  )


def chosen(listed: str, data: Codes) -> list[str]:
  """The metrics to compute, those that read factors only where there are any.

  Raises:
    ValueError: an unknown metric, or one that a rotation leaves nothing for.
  """
  names = [name.strip() for name in listed.split(",") if name.strip()]
  for name in names:
    if name not in METRICS:
      raise ValueError(
        f"--metrics: {name!r} found, of {single_model()} expected"
      )
  refused = {
    n: missing(n, factors=data.factors, logvars=data.logvars) for n in names
  }
  if listed == SCORED:
    return [name for name in names if not refused[name]]
  for name, why in refused.items():
    if why:
      raise ValueError(f"--metrics: {name}: {why}; a rotation has only codes")
  return names


def scored(names: list[str], data: Codes, seed: int) -> dict[str, float]:
  """Headlines of one model's codes."""
  found: dict[str, float] = {}
  for name in names:
    result = score(
      name,
      data.codes,
      data.factors,
      rng=np.random.default_rng(seed),
      factor_names=data.factor_names,
      discrete=data.discrete,
    )
    found |= {part: result[part] for part in headlines(name)}
  return found


def print_scores(scores: list) -> None:
  """Prints a line a model and score: before and after; then their means."""
  for lane, (before, after) in enumerate(scores):
    label = f"lane {lane}" if len(scores) > 1 else ""
    for name in before:
      print(f"{label:<8} {name:<18} {before[name]:.4f} -> {after[name]:.4f}")
  if len(scores) < 2:
    return
  for name in scores[0][0]:
    sides = [[lane[side][name] for lane in scores] for side in (0, 1)]
    words = (f"{np.mean(s):.4f} ({min(s):.4f} to {max(s):.4f})" for s in sides)
    print(f"{'mean':<8} {name:<18} " + " -> ".join(words))


def main(arguments: list[str]) -> int:
  """Runs the command; returns 0, or 2 after saying what was refused."""
  try:
    options = parse(register_first(arguments))
    path = Path(options.source)
    path = path / CODES if path.is_dir() else path
    out = Path(
      options.out or path.with_name(f"{path.stem}_{options.method}.npz")
    )
    if out.exists():
      raise ValueError(f"--out: {out} exists; remove it or name another")
    arrays, scores = rotate_file(path, options)
  except ValueError as error:
    print(f"error: {error}", file=sys.stderr)
    return 2
  print_scores(scores)
  write_atomic(out, lambda file: np.savez_compressed(file, **arrays))
  print(f"Wrote {out}.")
  return 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))
