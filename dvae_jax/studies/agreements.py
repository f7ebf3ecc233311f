"""Whether scores agree: on models, on settings, on what codes are good for."""

import numpy as np

from dvae_jax.report import figures
from dvae_jax.report.scores import worth
from dvae_jax.studies import plots, ranks
from dvae_jax.studies.findings import Interval, Table
from dvae_jax.studies.sections import Columns, Section, extremes, rated
from dvae_jax.studies.transfer import Transfer, between_scores

# What a classifier gets from the codes of few labelled images.
FEW = {
  "downstream.downstream_10": "10 labels",
  "downstream": "100 labels",
  "downstream.downstream_1000": "1,000 labels",
}
EFFICIENCY = "100 over 1,000 labels"


def agreement(table: Table) -> Section:
  """Rank correlations of the scores."""
  names = [n for n in rated(table) if _alive(table, n)]
  matrix, ends = ranks.agreement(table, names)
  # The diagonal aside, a score that few models have compares with nothing.
  there = np.isfinite(matrix).sum(0) > np.isfinite(matrix.diagonal())
  names = [n for n, some in zip(names, there, strict=True) if some]
  matrix, ends = matrix[there][:, there], ends[:, there][:, :, there]
  pairs = {
    (a, b): Interval(float(matrix[i, j]), *ends[:, i, j])
    for i, a in enumerate(names)
    for j, b in enumerate(names[:i])
    if np.isfinite(matrix[i, j])
  }
  columns: Columns = {
    "score": [a for a, _ in pairs],
    "and score": [b for _, b in pairs],
    "rank correlation": list(pairs.values()),
  }
  text = "Too few scores to compare."
  if pairs:
    least, most = extremes({pair: own.value for pair, own in pairs.items()})
    positive = sum(found.low > 0 for found in pairs.values())
    text = (
      f"{most[0]} and {most[1]} agree most, {pairs[most]}; {least[0]} and"
      f" {least[1]} least, {pairs[least]}. Of {len(pairs)} pairs {positive}"
      " have an interval above 0."
    )
  return Section(
    name="agreement",
    title="Do scores agree?",
    reference="All scores but modularity are correlated, how much depends on"
    " the data.",
    text=text,
    tables={"agreement": columns} if pairs else {},
    draw=(lambda width: figures.agreement(matrix, names, width=width))
    if pairs
    else None,
  )


def scores(table: Table, by: str) -> Section:
  """What the best setting by one score gets by another."""
  title, name = (
    "Is a setting that is good by one score good by another?",
    "scores",
  )
  reference = "Good strengths don't seem to transfer between scores."
  names = [n for n in rated(table) if np.isfinite(table.scores[n]).all()]
  several = any(
    len(set(table.group[table.data == data])) > 1 for data in set(table.data)
  )
  if len(names) < 2 or not several:
    text = "There are no two scores that every model has, or no two settings."
    return Section(name, title, reference, text, {}, None)
  found = between_scores(table, names)
  matrix = np.eye(len(names))
  for (a, b), own in found.items():
    matrix[names.index(a), names.index(b)] = own.gain.value
  columns: Columns = {
    "chosen by": [a for a, _ in found],
    "judged by": [b for _, b in found],
    "rank correlation": [own.correlation for own in found.values()],
    "of the chosen": [own.chosen for own in found.values()],
    "of the best": [own.best for own in found.values()],
    "of all": [own.at_random for own in found.values()],
    "gain": [own.gain for own in found.values()],
  }
  return Section(
    name, title, reference, _gains(found, by), {"scores": columns},
    lambda width: figures.agreement(
      matrix, names, label="gain",
      axes=("judged by", "chosen by"), width=width,
    ),
  )  # fmt: skip


def _gains(found: dict[tuple[str, str], Transfer], by: str) -> str:
  """How far choices by other scores get, in words."""
  gains = {pair: own.gain.value for pair, own in found.items()}
  known = {pair: gain for pair, gain in gains.items() if np.isfinite(gain)}
  if not known:
    return "All settings have one mean."
  least, most = extremes(known)
  above = sum(found[pair].gain.low > 0 for pair in known)
  rank = lambda p: f"chosen by {p[0]} and judged by {p[1]}, {found[p].gain}"
  text = (
    "From the mean setting (a gain of 0) to the best one (1), choosing by"
    f" another score gets {np.mean(list(known.values())):.2f} in the mean over"
    f" {len(known)} pairs, beyond chance in {above} of them; furthest"
    f" where {rank(most)}, least far where {rank(least)}."
  )
  own = {a: gain for (a, b), gain in known.items() if b == by}
  if own:
    _, best = extremes(own)
    text += f" Judged by {by} {best} chooses best, {found[best, by].gain}."
  return text


def labels(table: Table, by: str) -> Section | None:
  """Scores against what a classifier makes of the codes of few labels."""
  few = {n: words for n, words in FEW.items() if n in table.scores}
  names = [n for n in rated(table) if n not in FEW and _alive(table, n)]
  if not few or not names:
    return None
  values = {words: table.scores[n] for n, words in few.items()}
  if {"downstream", "downstream.downstream_1000"} <= few.keys():
    many = values[FEW["downstream.downstream_1000"]]
    values[EFFICIENCY] = values[FEW["downstream"]] / many
  columns = [worth(n, table.scores[n]) for n in names] + list(values.values())
  matrix, ends = ranks.correlations(table, columns)
  series = {
    words: [
      Interval(matrix[i, j], *ends[:, i, j]) for i in range(len(names))
    ]
    for j, words in enumerate(values, start=len(names))
  }  # fmt: skip
  return Section(
    name="labels",
    title="Are well-rated codes worth more with few labels?",
    reference="Scores correlate with the accuracy of downstream tasks, but not"
    " with how few labels these need.",
    text=_usefulness(names, series, by),
    tables={"labels": {"score": names, **series}},
    draw=lambda width: plots.dots(
      names,
      {"rank correlation with the accuracy from": series},
      width=width,
    ),
  )


def _alive(table: Table, name: str) -> bool:
  return bool(np.isfinite(table.scores[name]).any())


def _usefulness(names: list[str], series: plots.Series, by: str) -> str:
  """Correlations of the rating score, and how many scores have one."""
  said = []
  if by in names:
    own = [f"{w} {found[names.index(by)]}" for w, found in series.items()]
    said.append(f"Rank correlation of {by} with the accuracy from"
                f" {', '.join(own)}.")  # fmt: skip
  for words in (FEW["downstream"], EFFICIENCY):
    if words in series:
      above = sum(found.low > 0 for found in series[words])
      said.append(f"Of {len(names)} scores {above} correlate beyond chance"
                  f" with that from {words}.")  # fmt: skip
  return " ".join(said)
