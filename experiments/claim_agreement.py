"""Claim: metrics of disentanglement agree, but not all of them.

    python -m dvae_jax.study run --config=experiments/claim_agreement.py

Locatello et al. 2019 (arXiv:1811.12359): all metrics but modularity correlate
on dSprites, to different degrees. Read off results/laptop; the full size is
experiments/study_reference.py.
"""

from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.report import figures
from dvae_jax.studies import (
  Claim,
  Conclusion,
  findings,
  load_study,
  ranks,
  study_of,
)

RESULTS = Path(__file__).parents[1] / "results" / "laptop"
# Theirs but DCI, which that study leaves out; DCIMIG stands beside it.
NAMES = ["beta_vae", "factor_vae", "mig", "dcimig", "sap", "modularity"]


def measure(folder: Path) -> list[dict]:
  """A line a pair of scores: Spearman's correlation and its interval."""
  table = findings.table_of(load_study(RESULTS).lanes)
  matrix, ends = ranks.agreement(table, NAMES)
  return [
    {
      "scores": [NAMES[i], NAMES[j]],
      "rank correlation": [matrix[i, j], ends[0, i, j], ends[1, i, j]],
    }
    for i, j in combinations(range(len(NAMES)), 2)
  ]


def conclude(lines: list[dict]) -> Conclusion:
  """Held if every pair without modularity correlates, its interval above 0, and
  modularity's mean correlation is below every other score's."""
  pairs = {tuple(x["scores"]): x["rank correlation"] for x in lines}
  others = [v for names, v in pairs.items() if "modularity" not in names]
  mean = {
    name: float(np.mean([v[0] for names, v in pairs.items() if name in names]))
    for name in NAMES
  }
  positive = all(low > 0 for _, low, _ in others)
  odd = min(mean, key=lambda name: mean[name])
  both = positive + (odd == "modularity")
  low, high = (f(pairs, key=lambda names: pairs[names][0]) for f in (min, max))
  say = lambda n: f"{n[0]} and {n[1]} {findings.Interval(*pairs[n])}"
  return Conclusion(
    ("failed", "held in part", "held")[both],
    f"Least agree {say(low)}, most {say(high)}; the score with the lowest mean"
    f" correlation with the others is {odd} ({mean[odd]:.2f}).",
  )


def draw(lines: list[dict]) -> Figure:
  """The matrix."""
  matrix = np.eye(len(NAMES))
  for line in lines:
    i, j = map(NAMES.index, line["scores"])
    matrix[i, j] = matrix[j, i] = line["rank correlation"][0]
  return figures.agreement(matrix, NAMES)


CLAIM = Claim(
  name="agreement",
  text="Metrics of disentanglement correlate, all but modularity.",
  source="Locatello et al. 2019 (arXiv:1811.12359)",
  setting="results/laptop: 360 models of 6 methods",
  runs=lambda profile: {},
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Nothing is trained."""
  return study_of([CLAIM], profile)
