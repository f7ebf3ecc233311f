"""Scores the autoencoder's codes, rotated without labels: two baselines.

    python -m benchmarks.rotated

An autoencoder and a rotation is what any method must beat. It reads the kept
codes of results/modern and writes rotated.jsonl beside them, a line a rotation
and seed: PCA and ICA as `python -m dvae_jax.rotate` has them.
"""

from pathlib import Path

import numpy as np

from dvae_jax import load_study, rundir
from dvae_jax.metrics import headlines, score
from dvae_jax.metrics.rotations import ROTATIONS

FOLDER = Path(__file__).parents[1] / "results" / "modern"
FILE, RUN = "rotated.jsonl", "autoencoder"
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
  about = {"run": f"{RUN}+{method}", "step": lane["step"]}
  return about | kept | {"metrics": scores}


def lines(folder: Path, names=SCORED) -> list[dict]:
  """Every rotation of every lane of a study's autoencoder.

  Args:
    folder: results of the study.
    names: of METRICS.
  """
  study = load_study(folder)
  arrays = study.codes[RUN]
  lanes = [lane for lane in study.lanes if lane["run"] == RUN]
  return [
    line(lane, codes, arrays["factors"], method, names)
    for method in METHODS
    for lane, codes in zip(lanes, arrays["means"], strict=True)
    if lane["diverged_at"] < 0
  ]


def main() -> None:
  """Writes the lines."""
  rundir.write_jsonl(FOLDER / FILE, lines(FOLDER))
  print(FOLDER / FILE)


if __name__ == "__main__":
  main()
