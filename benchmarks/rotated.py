"""Scores the autoencoder's codes, rotated without labels: two baselines.

    python -m benchmarks.rotated

An autoencoder and a rotation is what any method must beat. It reads the kept
codes of results/modern and results/budgets and writes rotated.jsonl beside
them, a line a rotation and seed: PCA and ICA as `python -m dvae_jax.rotate` has
them.
"""

from pathlib import Path

import numpy as np

from dvae_jax import load_study, rundir
from dvae_jax.metrics import headlines, score
from dvae_jax.metrics.rotations import ROTATIONS

RESULTS = Path(__file__).parents[1] / "results"
STUDIES = ("modern", "budgets")
FILE, METHOD = "rotated.jsonl", "autoencoder"
METHODS = ("pca", "ica")
SCORED = ("mig", "sap", "dcimig", "factor_vae", "infomec", "mcc")


def rotated(codes, method: str) -> np.ndarray:
  """Codes (N, D) of one model, rotated."""
  rng = np.random.default_rng(0)
  return ROTATIONS[method](codes, rng=rng).apply(codes)


def line(lane: dict, codes, factors, method: str, names=SCORED) -> dict:
  """The line of one model's rotation.

  Args:
    lane: its line of lanes.jsonl.
    codes: (N, D).
    factors: (N, K).
    method: of ROTATIONS.
    names: of METRICS.
  """
  found = rotated(np.asarray(codes, np.float32), method)
  scores: dict[str, float] = {}
  for name in names:
    rng = np.random.default_rng(0)
    result = score(name, found, factors, rng=rng)
    scores |= {part: result[part] for part in headlines(name)}
  kept = {n: lane[n] for n in ("setting", "method", "seed", "diverged_at")}
  about = {"run": f"{lane['run']}+{method}", "step": lane["step"]}
  return about | kept | {"metrics": scores}


def lines(folder: Path, names=SCORED) -> list[dict]:
  """Every rotation of every lane of a study's autoencoders.

  Args:
    folder: results of the study.
    names: of METRICS.
  """
  study = load_study(folder)
  found = []
  for run, arrays in study.codes.items():
    lanes = [lane for lane in study.lanes if lane["run"] == run]
    pairs = list(zip(lanes, arrays["means"], strict=True))
    found += [
      line(lane, codes, arrays["factors"], method, names)
      for method in METHODS
      for lane, codes in pairs
      if lane["method"] == METHOD and lane["diverged_at"] < 0
    ]
  return found


def main() -> None:
  """Writes the lines."""
  for name in STUDIES:
    path = RESULTS / name / FILE
    rundir.write_jsonl(path, lines(path.parent))
    print(path)


if __name__ == "__main__":
  main()
