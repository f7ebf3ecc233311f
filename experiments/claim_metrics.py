"""Claim: of the metrics of disentanglement, only 3CharM keeps its word.

    python -m dvae_jax.study run --config=experiments/claim_metrics.py

Sepliarskaia, Kiseleva and de Rijke 2019 (arXiv:1910.05587): the metrics of
their day don't give every disentangled representation a high score and every
entangled one a low one; 3CharM, "dcimig" here, does. They prove it; here codes
are made that are one or the other (`metrics.representations`), from all 960
combinations of factors with 4, 5, 6 and 8 values, and every metric scores them.
A score is read as its way from noise (0) to the factors themselves (1), since
metrics have different zeros, and not at all where noise scores as the factors
do. Left out are metrics that read no factors, and `d_lsbd`, whose factors are
cyclic. Nothing is trained; there is no larger size.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dvae_jax import metrics
from dvae_jax.metrics.representations import (
  BLUR,
  DISENTANGLED,
  ENTANGLED,
  representations,
)
from dvae_jax.report.figures.style import INK, new_figure, plain
from dvae_jax.studies import Claim, Conclusion, findings, study_of

SIZES = (4, 5, 6, 8)
DRAWS = 3  # of noise and orders of values
HIGH, LOW = 0.75, 0.5
NEW = "dcimig"
OLD = ("beta_vae", "factor_vae", "dci", "sap", "mig", "modularity")
TELLS = 0.1  # what factors must score apart from noise
READ = ("codes and factors", "posteriors")


def measure(folder: Path) -> list[dict]:
  """A line a metric, representation and draw."""
  axes = np.meshgrid(*map(np.arange, SIZES), indexing="ij")
  factors = np.stack(axes, -1).reshape(-1, len(SIZES))
  lines = []
  for seed in range(DRAWS):
    made = representations(factors, rng=np.random.default_rng(seed))
    for metric, row in metrics.METRICS.items():
      if metric == "d_lsbd" or row.reads not in READ:
        continue
      for name, (codes, kind) in made.items():
        found = metrics.score(
          metric,
          codes,
          factors,
          rng=np.random.default_rng(seed),
          logvars=np.full(codes.shape, 2 * np.log(BLUR)),
        )
        about = {"metric": metric, "codes": name, "kind": kind, "seed": seed}
        lines.append(about | {"score": found[metric]})
  return lines


def ways(lines: list[dict]) -> dict[str, dict[str, np.ndarray]]:
  """metric -> representation -> (draws,), its way from noise to the factors.

  Without the metrics that noise gets as much from as the factors do.
  """
  scores: dict[str, dict[str, list]] = {}
  for line in lines:
    own = scores.setdefault(line["metric"], {})
    own.setdefault(line["codes"], []).append(line["score"])
  found = {}
  for metric, of in scores.items():
    noise, best = np.mean(of["noise"]), np.mean(of["own"])
    if abs(best - noise) > TELLS:
      found[metric] = {
        name: (np.array(values) - noise) / (best - noise)
        for name, values in of.items()
      }
  return found


def kept(lines: list[dict]) -> dict[str, tuple[list[str], list[str]]]:
  """metric -> disentangled codes it scores too low, entangled ones too high."""
  kinds = {line["codes"]: line["kind"] for line in lines}
  wrong = {}
  for metric, of in ways(lines).items():
    mean = {name: values.mean() for name, values in of.items()}
    wrong[metric] = (
      [n for n, m in mean.items() if kinds[n] == DISENTANGLED and m < HIGH],
      [n for n, m in mean.items() if kinds[n] == ENTANGLED and m > LOW],
    )
  return wrong


def conclude(lines: list[dict]) -> Conclusion:
  """By which metrics score as both properties ask, on every representation.

  High is three quarters of the way from noise to the factors themselves or
  more, low is half of it or less, of the mean over draws. Held where 3CharM
  keeps both and no metric of its day does, held in part where some of those do
  too, failed where 3CharM doesn't. The thresholds were set after a first look
  at some scores. DCI of four factors gives two in a latent one half by
  definition, 1 - log 2 / log 4: it stands on the edge.
  """
  wrong = kept(lines)
  both = [name for name, sides in wrong.items() if sides == ([], [])]
  rivals = [name for name in OLD if name in both]
  verdict = "held in part" if rivals else "held"
  say = lambda names: ", ".join(names) or "none"
  of, kinds = ways(lines), {line["codes"]: line["kind"] for line in lines}
  alike = sorted({line["metric"] for line in lines} - set(of))
  tangled = [name for name, kind in kinds.items() if kind == ENTANGLED]
  most = {n: max(tangled, key=lambda c: of[n][c].mean()) for n in OLD}
  worst = ", ".join(
    f"{n} {findings.over_seeds(np.mean, of[n][codes])} ({codes})"
    for n, codes in most.items()
  )
  return Conclusion(
    verdict if NEW in both else "failed",
    f"Both properties are kept by {say(both)}; noise scores as the factors do"
    f" with {say(alike)}. Too low for disentangled codes:"
    f" {say([n for n, sides in wrong.items() if sides[0]])}; too high for"
    f" entangled ones: {say([n for n, sides in wrong.items() if sides[1]])}."
    f" Of the metrics of its day, {say(rivals)} keeps both; the"
    f" most that entangled codes get from them is {worst}.",
  )


def draw(lines: list[dict]) -> Figure:
  """The table: metrics down, representations across, grouped by kind."""
  of, wrong = ways(lines), kept(lines)
  kinds = {line["codes"]: line["kind"] for line in lines}
  columns = list(kinds)
  table = np.array([[of[m][c].mean() for c in columns] for m in of])
  figure = new_figure(0.3 * len(of) + 1.6)
  ax = plain(figure.subplots())
  ax.imshow(table, vmin=0, vmax=2.5, cmap="Blues", aspect="auto")
  for (i, j), value in np.ndenumerate(table):
    metric, codes = list(of)[i], columns[j]
    broken = codes in wrong[metric][0] + wrong[metric][1]
    ax.text(
      j, i, f"{round(value, 2) + 0:.2f}", ha="center", va="center",
      fontsize=6.5,
      color="#B03000" if broken else INK,
      weight="bold" if broken else "normal",
    )  # fmt: skip
  ax.set_yticks(range(len(of)), list(of))
  ax.set_xticks(range(len(columns)), columns, rotation=40, ha="right")
  of_kind = [kinds[name] for name in columns]
  edges = [j for j, (a, b) in enumerate(pairwise(of_kind), 1) if a != b]
  for edge in edges:
    ax.axvline(edge - 0.5, color=INK, lw=1)
  starts = [0, *edges, len(columns)]
  top = ax.secondary_xaxis("top")
  top.set_xticks(
    [(a + b - 1) / 2 for a, b in pairwise(starts)],
    [kinds[columns[a]].replace(", ", ",\n") for a in starts[:-1]],
  )
  top.tick_params(labelsize=7.5, length=0)
  top.spines[:].set_visible(False)
  return figure


CLAIM = Claim(
  name="metrics",
  text="Metrics of disentanglement don't score high all that is disentangled"
  " and low all that isn't; 3CharM (DCIMIG) does.",
  source="Sepliarskaia et al. 2019 (arXiv:1910.05587), abstract",
  setting="codes made of the 960 combinations of four factors, 3 draws; in the"
  " figure 1 is what the factors themselves score and 0 what noise does, and"
  " what breaks a property is red. Three quarters or more are high, half or"
  " less low: thresholds set after a first look at some scores",
  runs=lambda profile: {},
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Nothing is trained."""
  return study_of([CLAIM], profile)
