"""Claim: models and strengths can't be chosen well without labels.

    python -m dvae_jax.study run --config=experiments/claim_choice.py

Locatello et al. 2019 (arXiv:1811.12359): losses don't tell a good model from a
bad one. Against it: Duan et al. 2020 (arXiv:1905.12614), whose UDR does. Read
off results/laptop, per method and over all; the full size is
experiments/study_reference.py.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.report.figures.style import INK, PALETTE, panels, plain
from dvae_jax.studies import (
  Claim,
  Conclusion,
  choosing,
  findings,
  load_study,
  study_of,
)

RESULTS = Path(__file__).parents[1] / "results" / "laptop"
CRITERIA = (
  "elbo",
  "reconstruction",
  "tc",
  "udr",
  "udr_a2a",
  "model_centrality",
  "pipe",
)
LOSSES = CRITERIA[:3]


def measure(folder: Path) -> list[dict]:
  """A line a method, and one for all: what each criterion's choice scores."""
  table = findings.table_of(load_study(RESULTS).lanes)
  lines = []
  for run in ("all", *dict.fromkeys(map(str, table.run))):
    own = table if run == "all" else table.rows(table.run == run)
    found = choosing.choices(own, "mig")
    for name in ("best", "at random", *CRITERIA):
      if name in found:
        chosen, correlation = found[name]
        line = {"run": run, "criterion": name}
        lines.append(line | {"mig": chosen, "rank correlation": correlation})
  return lines


def conclude(lines: list[dict]) -> Conclusion:
  """Held if no criterion's rank correlation with MIG over all lanes has an
  interval above one half; in part if only one that is no loss has."""
  every = {line["criterion"]: line for line in lines if line["run"] == "all"}
  good = [n for n in CRITERIA if every[n]["rank correlation"][1] > 0.5]
  verdict = "held in part" if good else "held"
  if any(name in LOSSES for name in good):
    verdict = "failed"
  interval = lambda name, what: findings.Interval(*every[name][what])
  choices = ", ".join(f"{n} {interval(n, 'mig')}" for n in CRITERIA)
  ranks = ", ".join(f"{n} {interval(n, 'rank correlation')}" for n in CRITERIA)
  return Conclusion(
    verdict,
    f"Over all lanes the best MIG is {interval('best', 'mig')}, a random lane's"
    f" {interval('at random', 'mig')}; chosen by {choices}. Rank correlation"
    f" with MIG: {ranks}.",
  )


def draw(lines: list[dict]) -> Figure:
  """MIG of what each criterion chooses, a panel a method."""
  runs = list(dict.fromkeys(line["run"] for line in lines))
  figure, axes = panels(len(runs), columns=4, height=1.7)
  for ax, run in zip(axes, runs, strict=True):
    own = [line for line in lines if line["run"] == run]
    plain(ax, title=run, xlabel="its MIG")
    values = np.array([line["mig"] for line in own])
    for i, (value, low, high) in enumerate(values):
      colour = INK if i < 2 else PALETTE[0]
      ax.hlines(i, low, high, color=colour, lw=1)
      ax.plot(value, i, "o", ms=4, color=colour)
    ax.set_yticks(range(len(own)), [line["criterion"] for line in own])
    ax.tick_params(axis="y", labelsize=6)
    ax.set_xlim(0, 0.55)
    ax.invert_yaxis()
  return figure


CLAIM = Claim(
  name="choice",
  text="Without labels good models can't be told from bad ones.",
  source="Locatello et al. 2019 (arXiv:1811.12359); against it"
  " Duan et al. 2020 (arXiv:1905.12614)",
  setting="results/laptop: 6 methods x 6 strengths x 10 seeds; a choice is one"
  " lane",
  runs=lambda profile: {},
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Nothing is trained."""
  return study_of([CLAIM], profile)
