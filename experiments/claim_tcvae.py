"""Claim: beta-TCVAE's distribution of MIG lies above the others'.

    python -m dvae_jax.study run --config=experiments/claim_tcvae.py

Chen et al. 2018 (arXiv:1802.04942), with better reconstructions. It is read off
results/laptop, over the strengths and ten seeds of each method; the VAE is
beta-VAE at beta 1. The full size is experiments/study_reference.py.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.report.figures.style import INK, PALETTE, panels, plain
from dvae_jax.studies import Claim, Conclusion, findings, load_study, study_of

RESULTS = Path(__file__).parents[1] / "results" / "laptop"
RIVALS = {"beta-VAE": "beta_vae", "FactorVAE": "factor_vae", "VAE": "vae"}


def measure(folder: Path) -> list[dict]:
  """A line a lane: method, setting, MIG and reconstruction in nats."""
  lines = []
  for lane in load_study(RESULTS).lanes:
    scores = lane["metrics"]
    if lane["run"] in ("beta_tcvae", "beta_vae", "factor_vae"):
      lines.append({
        "method": lane["run"],
        "setting": lane["setting"],
        "seed": lane["seed"],
        "mig": scores["mig"],
        "reconstruction": scores["reconstruction"],
      })  # fmt: skip
  return lines


def groups(lines: list[dict], name: str) -> dict[str, np.ndarray]:
  """method -> a number of each of its lanes; beta 1 is the VAE as well."""
  found: dict[str, list] = {}
  for line in lines:
    found.setdefault(line["method"], []).append(line[name])
    if (line["method"], line["setting"]) == ("beta_vae", "beta 1"):
      found.setdefault("vae", []).append(line[name])
  return {method: np.array(values) for method, values in found.items()}


def chance(ours: np.ndarray, theirs: np.ndarray) -> findings.Interval:
  """P(ours > theirs) of two lanes at random, and its interval over lanes."""
  above = lambda a, b: np.mean(a[:, None] > b[None])
  rng = np.random.default_rng(0)
  draw = lambda values: rng.choice(values, len(values))
  found = [above(draw(ours), draw(theirs)) for _ in range(findings.SAMPLES)]
  return findings.interval(above(ours, theirs), found)


def conclude(lines: list[dict]) -> Conclusion:
  """Held if beta-TCVAE's MIG is larger than each rival's with a chance whose
  interval is above one half, and its reconstruction smaller likewise; in part
  if only some of the six comparisons are so."""
  mig, nats = groups(lines, "mig"), groups(lines, "reconstruction")
  higher = {n: chance(mig["beta_tcvae"], mig[m]) for n, m in RIVALS.items()}
  cheaper = {
    n: chance(-nats["beta_tcvae"], -nats[m]) for n, m in RIVALS.items()
  }
  won = [found.low > 0.5 for found in (*higher.values(), *cheaper.values())]
  say = lambda found: ", ".join(f"{n} {i}" for n, i in found.items())
  return Conclusion(
    "held" if all(won) else "held in part" if any(won) else "failed",
    f"Of two lanes at random beta-TCVAE's has the higher MIG with a chance of:"
    f" {say(higher)}; the better reconstruction with a chance of:"
    f" {say(cheaper)}.",
  )


def draw(lines: list[dict]) -> Figure:
  """Distributions of MIG, a point a lane, and MIG against reconstruction."""
  mig, nats = groups(lines, "mig"), groups(lines, "reconstruction")
  figure, (left, right) = panels(2, columns=2, height=2.6)
  plain(left, xlabel="MIG")
  plain(right, xlabel="reconstruction, nats per image", ylabel="MIG")
  names = ["vae", "factor_vae", "beta_vae", "beta_tcvae"]
  for i, name in enumerate(names):
    colour, place = PALETTE[i], np.linspace(i - 0.3, i + 0.3, len(mig[name]))
    left.scatter(np.sort(mig[name]), place, s=6, color=colour, lw=0)
    left.vlines(np.median(mig[name]), i - 0.4, i + 0.4, color=INK, lw=1.2)
    right.scatter(nats[name], mig[name], s=8, color=colour, lw=0, label=name)
  left.set_yticks(range(len(names)), names)
  right.legend(fontsize=6.5, frameon=False)
  return figure


CLAIM = Claim(
  name="tcvae",
  text="The distribution of MIG of beta-TCVAE lies above beta-VAE's,"
  " FactorVAE's and the VAE's, at better reconstruction.",
  source="Chen et al. 2018 (arXiv:1802.04942)",
  setting="results/laptop: 6 strengths x 10 seeds of each method",
  runs=lambda profile: {},
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Nothing is trained."""
  return study_of([CLAIM], profile)
