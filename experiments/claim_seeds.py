"""Claim: seeds and strengths matter more than the method.

    python -m dvae_jax.study run --config=experiments/claim_seeds.py

Locatello et al. 2019 (arXiv:1811.12359). It is read off results/laptop, the
laptop study of experiments/study_reference.py, and trains nothing; the full
size is that file without a profile.
"""

from pathlib import Path

from matplotlib.figure import Figure

from dvae_jax.report.figures.style import PALETTE, panels, plain
from dvae_jax.studies import (
  Claim,
  Conclusion,
  findings,
  load_study,
  study_of,
)

RESULTS = Path(__file__).parents[1] / "results" / "laptop"
PARTS = ("method", "strength", "seed")
HEADLINES = ("mig", "sap", "dcimig", "factor_vae", "beta_vae", "modularity")


def measure(folder: Path) -> list[dict]:
  """A line a score: the shares of its variance, with intervals."""
  table = findings.table_of(load_study(RESULTS).lanes)
  found = {name: findings.variance(table, name) for name in HEADLINES}
  return [
    {"score": name} | {part: shares[part] for part in PARTS}
    for name, shares in found.items()
  ]


def conclude(lines: list[dict]) -> Conclusion:
  """Held where the method's share is below the rest's, interval and all."""
  below = [
    line["score"]
    for line in lines
    if line["method"][2] < min(line["strength"][1] + line["seed"][1], 0.5)
  ]
  mig = {part: findings.Interval(*lines[0][part]) for part in PARTS}
  verdict = "held" if len(below) == len(lines) else "held in part"
  return Conclusion(
    verdict if below else "failed",
    f"Of MIG's variance the method explains {mig['method']}, the strength"
    f" {mig['strength']}, the seed {mig['seed']}; strength and seed outweigh"
    f" the method in {len(below)} of {len(lines)} scores.",
  )


def draw(lines: list[dict]) -> Figure:
  """A bar a score, in parts."""
  figure, (ax,) = panels(1, columns=1, height=2.2)
  plain(ax, xlabel="share of the variance")
  names, left = [line["score"] for line in lines], [0.0] * len(lines)
  for colour, part in zip(PALETTE, PARTS, strict=False):
    width = [line[part][0] for line in lines]
    ax.barh(names, width, left=left, color=colour, label=part)
    left = [a + b for a, b in zip(left, width, strict=True)]
  ax.invert_yaxis()
  figure.legend(loc="outside upper right", fontsize=7, frameon=False, ncols=3)
  return figure


CLAIM = Claim(
  name="seeds",
  text="Random seeds and strengths matter more than the choice of the method.",
  source="Locatello et al. 2019 (arXiv:1811.12359)",
  setting="results/laptop: 6 methods x 6 strengths x 10 seeds",
  runs=lambda profile: {},
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Nothing is trained."""
  return study_of([CLAIM], profile)
