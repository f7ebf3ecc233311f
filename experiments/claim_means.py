"""Claim: penalties make samples of the code independent, but not its means.

    python -m dvae_jax.study run --config=experiments/claim_means.py

Locatello et al. 2019 (arXiv:1811.12359): with strength the total correlation of
q(z) falls, that of the mean representation doesn't, save for DIP-VAE I. Read
off results/laptop; the full size is experiments/study_reference.py.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from dvae_jax.report.figures.style import PALETTE, panels, plain
from dvae_jax.studies import Claim, Conclusion, findings, load_study, study_of

RESULTS = Path(__file__).parents[1] / "results" / "laptop"
# Capacity isn't a strength: more of it is less of a penalty.
METHODS = ("beta_vae", "factor_vae", "beta_tcvae", "dip_vae_i", "dip_vae_ii")
KINDS = {"tc": "samples, exact", "total_correlation": "means, Gaussian"}


def measure(folder: Path) -> list[dict]:
  """A line a method and kind: TC at each strength, and its correlation."""
  table = findings.table_of(load_study(RESULTS).lanes)
  lines = []
  for method in METHODS:
    own = table.rows(table.run == method)
    for kind in KINDS:
      trend = lambda t, kind=kind: spearmanr(t.place, t.scores[kind])[0]
      found = findings.means(own, kind)
      lines.append({
        "method": method,
        "kind": kind,
        "rank correlation": findings.with_interval(own, trend),
        "strengths": [float(s.partition(",")[0].split()[1]) for _, s in found],
        "nats": list(found.values()),
      })  # fmt: skip
  return lines


def conclude(lines: list[dict]) -> Conclusion:
  """Held if in every method but DIP-VAE I, which penalises the means, TC of the
  samples falls with strength (interval below 0) and that of the means doesn't;
  in part if in some."""
  trend = {
    (x["method"], x["kind"]): findings.Interval(*x["rank correlation"])
    for x in lines
  }
  asked = [m for m in METHODS if m != "dip_vae_i"]
  so = [
    trend[m, "tc"].high < 0 and not trend[m, "total_correlation"].high < 0
    for m in asked
  ]
  say = "; ".join(
    f"{m} {trend[m, 'tc']} and {trend[m, 'total_correlation']}" for m in METHODS
  )
  return Conclusion(
    "held" if all(so) else "held in part" if any(so) else "failed",
    f"Rank correlation of strength with the TC of samples and of means: {say}.",
  )


def draw(lines: list[dict]) -> Figure:
  """TC against strength, a panel a method."""
  figure, axes = panels(len(METHODS), columns=3, height=1.9)
  for ax, method in zip(axes, METHODS, strict=True):
    plain(ax, title=method, xlabel="strength", ylabel="TC, nats")
    for colour, (kind, words) in zip(PALETTE, KINDS.items(), strict=False):
      line = next(
        x for x in lines if (x["method"], x["kind"]) == (method, kind)
      )
      mean, low, high = np.array(line["nats"]).T
      ax.plot(line["strengths"], mean, "o-", ms=3, color=colour, label=words)
      ax.fill_between(line["strengths"], low, high, color=colour, alpha=0.2)
    ax.set_xscale("log")
    ax.minorticks_off()
    strengths = line["strengths"]
    ax.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
  axes[0].legend(fontsize=6.5, frameon=False)
  return figure


CLAIM = Claim(
  name="means",
  text="Penalties make samples of the code independent, but not its means.",
  source="Locatello et al. 2019 (arXiv:1811.12359)",
  setting="results/laptop: 5 methods x 6 strengths x 10 seeds",
  runs=lambda profile: {},
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Nothing is trained."""
  return study_of([CLAIM], profile)
