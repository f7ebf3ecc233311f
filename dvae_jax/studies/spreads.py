"""How a score spreads: over methods, strengths and seeds."""

from collections import Counter

import numpy as np

from dvae_jax.report.scores import titled, worth
from dvae_jax.studies import findings, plots
from dvae_jax.studies.findings import Interval, Table
from dvae_jax.studies.sections import (
  NONE,
  Columns,
  Section,
  data_of,
  listed,
  on,
  rated,
  runs_of,
)

QUANTILES = {
  "minimum": 0, "lower quartile": 25, "median": 50, "upper quartile": 75,
  "maximum": 100,
}  # fmt: skip
PARTS = {
  "data": "data set",
  "method": "method",
  "strength": "strength within it",
  "seed": "seed, the rest",
  "shared": "seed in every setting",
}


def distributions(table: Table, by: str) -> Section:
  """Distributions of the score by run, a point a lane."""
  groups = {r: v for r in runs_of(table) if len(v := _known(table, r, by))}
  columns: Columns = {
    "run": list(groups),
    "lanes": [len(values) for values in groups.values()],
    **{
      name: [float(np.percentile(values, q)) for values in groups.values()]
      for name, q in QUANTILES.items()
    },
  }
  first = {
    (data, name): best
    for data in data_of(table)
    for name in rated(table)
    if (best := _ranked(table, data, name))
  }
  of_scores: Columns = {
    "data set": [data for data, _ in first],
    "score": [name for _, name in first],
    "best median of": [best[0][0] for best in first.values()],
    "median": [best[0][1] for best in first.values()],
  }
  return Section(
    name="distributions",
    title="Is one method best?",
    reference="No method is consistently best; the scores of all methods"
    " overlap.",
    text=_winners(table, by, first),
    tables={"distributions": columns, "distributions_best": of_scores},
    draw=lambda width: plots.strips(groups, titled(by), width=width),
  )


def _known(table: Table, run: str, name: str) -> np.ndarray:
  values = table.scores[name][table.run == run]
  return values[np.isfinite(values)]


def _ranked(table: Table, data: str, name: str) -> list[tuple[str, float]]:
  """Runs of a data set and their medians, the best one first."""
  runs = runs_of(table.rows(table.data == data))
  median = {
    run: float(np.median(values))
    for run in runs
    if len(values := _known(table, run, name))
  }
  return sorted(median.items(), key=lambda item: -worth(name, item[1]))


def _winners(table: Table, by: str, first) -> str:
  """Whose median is best and worst, and whose by how many of all scores."""
  said = []
  for data in data_of(table):
    if (data, by) in first:
      (best, top), (worst, low) = first[data, by][0], first[data, by][-1]
      said.append(
        f"{on(table, data)}median {by} over all strengths and seeds is best of"
        f" {best} ({top:.2f}) and worst of {worst} ({low:.2f})."
      )
  method = dict(zip(table.run.tolist(), table.method.tolist(), strict=True))
  name = method if len(data_of(table)) > 1 else {run: run for run in method}
  wins = Counter(name[best[0][0]] for best in first.values())
  counts = [f"{winner} by {number}" for winner, number in wins.most_common()]
  where = " and data sets" if len(data_of(table)) > 1 else ""
  said.append(f"Of {len(first)} scores{where} the best median is that of"
              f" {listed(counts)}.")  # fmt: skip
  return " ".join(said)


def variance(table: Table, by: str) -> Section:
  """How much of each score method, strength and seed explain."""
  found = {name: findings.variance(table, name) for name in rated(table)}
  found = {n: v for n, v in found.items() if np.isfinite(v["seed"].value)}
  title, name = "Does the method matter, its strength or the seed?", "variance"
  reference = (
    "Random seeds and strengths matter more than the choice of the method."
  )
  if by not in found:
    return Section(
      name, title, reference, f"All lanes have one {by}.", {}, None
    )
  series = {
    words: [shares.get(part, NONE) for shares in found.values()]
    for part, words in PARTS.items()
    if part in found[by]
  }
  text = f"Of {by}'s variance {_explained(found[by])}"
  more = sum(
    shares["method"].value < shares["strength"].value + shares["seed"].value
    for shares in found.values()
  )
  text += (
    f" Strengths and seeds together explain more than the method in {more} of"
    f" {len(found)} scores."
  )
  panels = {words: {"": column} for words, column in series.items()}
  return Section(
    name, title, reference, text,
    {"variance": {"score": list(found), **series}},
    lambda width: plots.dots(
      list(found), panels, width=width, share="share of the variance"
    ),
  )  # fmt: skip


def _explained(parts: dict[str, Interval]) -> str:
  """A score's shares in words."""
  data = f"the data set explains {parts['data']}, " if "data" in parts else ""
  return (
    f"{data}the method explains {parts['method']}, the strength within it"
    f" {parts['strength']} and the seed the remaining {parts['seed']}, of which"
    f" {parts['shared']} is the same seed's in every setting and what is left"
    " its interaction with the setting."
  )
