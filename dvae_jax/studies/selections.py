"""How to choose a model: by its loss, without labels, by other data."""

from typing import NamedTuple

import numpy as np

from dvae_jax.report.scores import titled, worth
from dvae_jax.studies import choosing, plots
from dvae_jax.studies import transfer as transfers
from dvae_jax.studies.findings import Interval, Table
from dvae_jax.studies.sections import (
  NONE,
  Columns,
  Section,
  extremes,
  runs_of,
)

Found = dict[str, tuple[Interval, Interval]]  # as `choosing.choices` returns
LOSSES = ("reconstruction", "elbo")
NOBODYS = ("best", "at random")


class Chosen(NamedTuple):
  """What choosing without labels gets, of all lanes and of each run's."""

  everywhere: Found
  of_runs: dict[str, Found]


def chosen(table: Table, by: str) -> Chosen:
  """Choices of all lanes and, of several runs, of each run's."""
  table = table.rows(np.isfinite(table.scores[by]))
  runs = runs_of(table) if len(runs_of(table)) > 1 else []
  return Chosen(
    choosing.choices(table, by),
    {r: choosing.choices(table.rows(table.run == r), by) for r in runs},
  )


def reconstruction(table: Table, by: str, found: Chosen) -> Section | None:
  """Reconstruction against the score, and how losses correlate with it."""
  if "reconstruction" not in found.everywhere:
    return None
  of = {"all": found.everywhere} | found.of_runs
  columns: Columns = {"run": list(of)} | {
    name: [own[name][1] if name in own else NONE for own in of.values()]
    for name in LOSSES
    if name in found.everywhere
  }
  losses = table.scores["reconstruction"], table.scores[by]
  points = {
    run: tuple(values[table.run == run] for values in losses)
    for run in found.of_runs or runs_of(table)
  }
  rows = columns["reconstruction"][-len(points) :]
  labels = (
    "reconstruction, nats per image",
    titled(by),
    "rank correlation of better ones",
  )
  return Section(
    name="reconstruction",
    title="Does the loss tell?",
    reference="Neither the reconstruction nor the ELBO tells a good model.",
    text=_tell(columns, by),
    tables={"reconstruction": columns},
    draw=lambda width: plots.clouds(points, rows, labels, width=width),
  )


def _tell(columns: Columns, by: str) -> str:
  """Correlations over all lanes, and in the runs where they are extreme."""
  said = []
  for name in LOSSES:
    found = dict(zip(columns["run"], columns.get(name, []), strict=False))
    if not found or np.isnan(found["all"].value):
      continue
    said.append(f"Rank correlation of a better {name} and a better {by} over"
                f" all models: {found.pop('all')}.")  # fmt: skip
    known = {r: c for r, c in found.items() if np.isfinite(c.value)}
    if known:
      low, high = extremes({run: own.value for run, own in known.items()})
      said.append(f"Of single runs it is least of {low}, {known[low]}, and most"
                  f" of {high}, {known[high]}.")  # fmt: skip
  return " ".join(said) or f"Too few models have a loss and {by}."


def choices(table: Table, by: str, found: Chosen) -> Section:
  """What choosing without labels gets, of all lanes and of each run's."""
  everywhere = found.everywhere
  known = {n: own for n, own in everywhere.items() if np.isfinite(own[0].value)}
  ranked = sorted(known, key=lambda name: -worth(by, known[name][0].value))
  columns: Columns = {
    "criterion": ranked,
    titled(by): [known[name][0] for name in ranked],
    "rank correlation": [known[name][1] for name in ranked],
    **{
      run: [own[name][0] if name in own else NONE for name in ranked]
      for run, own in found.of_runs.items()
    },
  }
  own = [n for n in ranked if n not in NOBODYS]
  text = "There is no criterion without labels."
  if own:
    text = (
      f"The best model has {known['best'][0]}, one at random"
      f" {known['at random'][0]}; of the criteria that need no labels"
      f" {own[0]} chooses best, {known[own[0]][0]}."
    )
  label = f"{titled(by)} of the choice"
  panels = {
    label: {"": [known[name][0] for name in own]},
    "rank correlation": {"": [known[name][1] for name in own]},
  }
  marks = {label: {name: known[name][0].value for name in NOBODYS}}
  return Section(
    name="choices",
    title="Can one choose without labels?",
    reference="Scores that need no labels don't tell a good model.",
    text=text,
    tables={"choices": columns},
    draw=(lambda width: plots.dots(own, panels, marks=marks, width=width))
    if own
    else None,
  )


def transfer(table: Table, by: str) -> Section:
  """What the best setting of one data set gets on another."""
  found = transfers.transfer(table, by)
  title = "Is a setting that is good on one data set good on another?"
  reference = (
    "Good settings transfer between data sets only in part: they beat a random"
    " one a little more often than not."
  )
  if not found:
    text = "All runs share their data, or no two data sets share a setting."
    return Section("transfer", title, reference, text, {}, None)
  names = [f"{here} to {there}" for here, there in found]
  series = {
    "of the best here": [own.chosen for own in found.values()],
    "of the best there": [own.best for own in found.values()],
    "of all": [own.at_random for own in found.values()],
  }
  columns: Columns = {
    "here": [here for here, _ in found],
    "there": [there for _, there in found],
    "settings": [own.settings for own in found.values()],
    "rank correlation": [own.correlation for own in found.values()],
    **{f"{titled(by)} there {words}": own for words, own in series.items()},
    "gain": [own.gain for own in found.values()],
  }
  return Section(
    "transfer", title, reference, _transferred(found, by),
    {"transfer": columns},
    lambda width: plots.dots(
      names, {f"{titled(by)} there": series}, width=width
    ),
  )  # fmt: skip


def _transferred(found, by: str) -> str:
  """How often a transferred setting beats the mean one, in words."""
  ranked = sorted(found, key=lambda pair: found[pair].correlation.value)
  least, most = ranked[0], ranked[-1]
  won = sum(
    worth(by, own.chosen.value) > worth(by, own.at_random.value)
    for own in found.values()
  )
  rank = lambda pair: f"{pair[0]} and {pair[1]}, {found[pair].correlation}"
  return (
    f"In {won} of {len(found)} pairs of data sets the setting with the best"
    f" mean {by} on one is above the mean setting on the other. Settings rank"
    f" most alike on {rank(most)}, least on {rank(least)}."
  )
