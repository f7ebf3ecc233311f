"""Which settings are best, how sure that is, and how many seeds would tell."""

import numpy as np

from dvae_jax.report.scores import MODEL, metric_of, titled, worth
from dvae_jax.studies import choosing, findings, plots
from dvae_jax.studies.findings import Table
from dvae_jax.studies.sections import (
  NONE,
  Columns,
  Section,
  data_of,
  on,
)


def settings(table: Table, by: str) -> Section:
  """Every setting's means; which one is best, and how sure that is."""
  names = [n for n in table.scores if metric_of(n) or n in MODEL]
  means = {name: findings.means(table, name) for name in names}
  chance = choosing.chance_of_best(table, by)
  keys = list(findings.settings(table).values())
  sizes = np.bincount(table.group)
  columns: Columns = {
    "run": [run for run, _ in keys],
    "setting": [setting for _, setting in keys],
    "seeds": [int(sizes[g]) for g in findings.settings(table)],
    **{titled(n): [means[n].get(key, NONE) for key in keys] for n in names},
    "chance of best": [chance.get(key, 0.0) for key in keys],
  }
  best = choosing.best_settings(table, by)
  rows = [place(run, setting) for run, (setting, _) in best.items()]
  found = [mean for _, mean in best.values()]
  return Section(
    name="settings",
    title="Which setting is best?",
    reference="",
    text=_best(table, by, best, chance),
    tables={"settings": columns},
    draw=lambda width: plots.dots(
      rows, {f"{titled(by)}, best setting": {"": found}}, width=width
    ),
  )


def _best(table: Table, by: str, best, chance) -> str:
  """The best setting of each data set and the chance that it is."""
  said = []
  for data in data_of(table):
    own = {
      r: b
      for r, b in best.items()
      if (table.data[table.run == r] == data).all()
    }
    if own:
      run = max(own, key=lambda run: worth(by, own[run][1].value))
      setting, mean = own[run]
      said.append(
        f"{on(table, data)}best mean {by} is {mean}, of {place(run, setting)};"
        f" it is the best setting in {chance[run, setting]:.0%} of the"
        " bootstrap samples."
      )
  return " ".join(said)


def place(run: str, setting: str) -> str:
  """ "beta_vae at beta 4", or the run's name where nothing is swept."""
  return f"{run} at {setting}" if setting else run


def seeds(table: Table, by: str) -> Section:
  """How many seeds tell the best settings of two runs apart."""
  found = choosing.pairs(table, by)
  columns: Columns = {
    "one": [pair.one for pair in found],
    "other": [pair.other for pair in found],
    "difference": [pair.difference for pair in found],
    "seeds of each": [pair.needed for pair in found],
    "seeds here": [pair.seeds for pair in found],
  }
  text = "No two runs share a data set and have two seeds each."
  needed = np.array([pair.needed for pair in found])
  there = int(np.median([pair.seeds for pair in found])) if found else 0
  if found:
    told = sum(pair.needed <= pair.seeds for pair in found)
    text = (
      f"With 80% power at 5%, the seeds here tell {told} of {len(found)} pairs"
      " of runs apart, at their best settings, were the differences those"
      f" measured here; for half of the pairs it takes {np.median(needed):,.0f}"
      f" seeds of each or fewer, for all of them {needed.max():,.0f}."
    )
  return Section(
    name="seeds",
    title="How many seeds does a claim need?",
    reference="",
    text=text,
    tables={"seeds": columns} if found else {},
    draw=(lambda width: plots.staircase(needed, there, width=width))
    if found
    else None,
  )
