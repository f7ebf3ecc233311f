"""What a method's strength does: to the independence of codes, to a score."""

import numpy as np

from dvae_jax.report.scores import titled
from dvae_jax.studies import choosing, findings, plots, ranks
from dvae_jax.studies.findings import Interval, Table
from dvae_jax.studies.plots import Panel
from dvae_jax.studies.sections import (
  Columns,
  Section,
  extremes,
  rated,
  runs_of,
)

KINDS = {"tc": "draws", "total_correlation": "means"}


def draws(table: Table) -> Section | None:
  """Total correlation of draws and of means, a panel a run."""
  if not KINDS.keys() <= table.scores.keys():
    return None
  known = np.isfinite([table.scores[name] for name in KINDS]).all(0)
  table = _swept(table.rows(known))
  if not len(table.run):
    return None
  shown = {run: _panel(table, run, KINDS) for run in runs_of(table)}
  trends = {run: _trends(table.rows(table.run == run)) for run in shown}
  said = []
  for k, kind in enumerate(KINDS.values()):
    falls = sum(found[k].high < 0 for found in trends.values())
    rises = sum(found[k].low > 0 for found in trends.values())
    said.append(f"that of {kind} falls in {falls} and rises in {rises}")
  columns = _columns(shown, "nats")
  of_runs: Columns = {"run": list(trends)} | {
    f"trend of {kind}": [found[k] for found in trends.values()]
    for k, kind in enumerate(KINDS.values())
  }
  return Section(
    name="draws",
    title="Are draws of the code independent, and its means?",
    reference="Stronger penalties make the dimensions of a drawn code less"
    " correlated, those of its mean not.",
    text=f"Total correlation along the settings of {len(shown)} runs, in the"
    f" order of the sweep: {said[0]}, {said[1]} (95% interval of the rank"
    " correlation below or above 0).",
    tables={"draws": columns, "draws_trends": of_runs},
    draw=lambda width: plots.against_strength(
      shown, "total correlation, nats", width=width
    ),
  )


def strengths(table: Table, by: str) -> Section:
  """The score against strength, a panel a run, and the best setting of each."""
  title, name = "Does one strength serve everywhere?", "strengths"
  reference = (
    "No strength is good in every setting; which is best depends on method,"
    " data and score."
  )
  table = _swept(table.rows(np.isfinite(table.scores[by])))
  if not len(table.run):
    text = "No run has several settings."
    return Section(name, title, reference, text, {}, None)
  shown = {run: _panel(table, run, {by: ""}) for run in runs_of(table)}
  chance = choosing.chance_of_best(table, by, among=table.run)
  columns = _columns(shown, titled(by))
  keys = zip(columns["run"], columns["setting"], strict=True)
  columns["chance of best"] = [chance[key] for key in keys]
  best = {n: choosing.best_settings(table, n) for n in rated(table)}
  of_runs: Columns = {"run": list(shown)} | {
    titled(n): [own[run][0] if run in own else "" for run in shown]
    for n, own in best.items()
  }
  return Section(
    name,
    title,
    reference,
    _sureness(by, best, chance),
    {"strengths": columns, "strengths_best": of_runs},
    lambda width: plots.against_strength(shown, titled(by), width=width),
  )


def _sureness(by: str, best, chance) -> str:
  """How sure each run's best setting is, and whether other scores share it."""
  sure = {run: chance[run, setting] for run, (setting, _) in best[by].items()}
  least, most = extremes(sure)
  others = [
    own[run][0] != best[by][run][0]
    for name, own in best.items()
    for run in own
    if name != by and run in best[by]
  ]
  text = (
    f"In {sum(s >= 0.95 for s in sure.values())} of {len(sure)} runs one"
    f" setting has the best mean {by} in 95% of the bootstrap samples or more;"
    f" surest is {best[by][most][0]} of {most} ({sure[most]:.0%}), least sure"
    f" {best[by][least][0]} of {least} ({sure[least]:.0%})."
  )
  if others:
    text += (
      f" Another score's best setting of the same run is another one in"
      f" {sum(others)} of {len(others)} cases."
    )
  return text


def _swept(table: Table) -> Table:
  """The lanes of runs that have several settings."""
  several = [
    run for run in runs_of(table) if len(set(table.place[table.run == run])) > 1
  ]
  return table.rows(np.isin(table.run, several))


def _panel(table: Table, run: str, names: dict[str, str]) -> Panel:
  """One run's settings in order; scores by their names in a figure."""
  own = table.rows(table.run == run)
  order = np.unique(own.place)
  texts = dict(zip(own.place.tolist(), own.setting.tolist(), strict=True))
  means = {n: findings.means(own, n) for n in names}
  return Panel(
    settings=[texts[p] for p in order],
    places=np.searchsorted(order, own.place),
    values={words: own.scores[n] for n, words in names.items()},
    means={
      words: [means[n][run, texts[p]] for p in order]
      for n, words in names.items()
    },
  )


def _columns(shown: dict[str, Panel], label: str) -> Columns:
  """A row a setting with the means of each series."""
  first = next(iter(shown.values()))
  return {
    "run": [run for run, own in shown.items() for _ in own.settings],
    "setting": [s for own in shown.values() for s in own.settings],
    **{
      f"{label} of {name}" if name else label: [
        mean for own in shown.values() for mean in own.means[name]
      ]
      for name in first.means
    },
  }


def _trends(table: Table) -> list[Interval]:
  """Rank correlations of a run's strengths with each kind's correlation."""
  columns = [table.place, *(table.scores[name] for name in KINDS)]
  found, ends = ranks.correlations(table, columns)
  return [Interval(found[0, k], *ends[:, 0, k]) for k in (1, 2)]
