"""What a study says: each question a figure and a sentence that is computed."""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.report import figures
from dvae_jax.report.figures.style import INK, PALETTE, panels, plain
from dvae_jax.report.formats import Rows
from dvae_jax.report.scores import (
  MODEL,
  metric_of,
  needs_labels,
  titled,
  worth,
)
from dvae_jax.studies import choosing, findings, ranks, transfer
from dvae_jax.studies.findings import Table

VIOLIN = 10  # lanes from which a density is drawn


class Section(NamedTuple):
  """One question: its name, the answer, a figure and a table, or None."""

  name: str
  title: str
  text: str
  figure: Figure | None
  rows: Rows | None


def rated(table: Table) -> list[str]:
  """Names of the scores that labels give, headlines only."""
  return [n for n in table.scores if "." not in n and needs_labels(n)]


def sections(table: Table, by: str) -> list[Section]:
  """What a study says, rated by one score.

  Args:
    table: of the study.
    by: the score, a name among `rated`.

  Raises:
    ValueError: there is no such score.
  """
  allowed = rated(table)
  if by not in allowed:
    raise ValueError(f"--by: {by!r} found, one of {allowed} expected")
  return [
    _settings(table, by),
    _distributions(table, by),
    _strengths(table, by),
    _reconstruction(table, by),
    _variance(table, by),
    _agreement(table),
    _transfer(table, by),
    _choices(table, by),
    _seeds(table, by),
  ]


def _settings(table: Table, by: str) -> Section:
  """Every setting's means; which one is best, and how sure that is."""
  names = [n for n in table.scores if metric_of(n) or n in MODEL]
  columns = {name: findings.means(table, name) for name in names}
  chance = choosing.chance_of_best(table, by)
  rows = [["run", "setting", "seeds", *map(titled, names), "chance of best"]]
  for key in dict.fromkeys(zip(table.run, table.setting, strict=True)):
    same = (table.run == key[0]) & (table.setting == key[1])
    cells = [str(columns[n].get(key, "")) for n in names]
    rows.append([*key, str(same.sum()), *cells, f"{chance.get(key, 0):.2f}"])
  (run, setting), sure = next(iter(chance.items()))
  text = (
    f"The best mean {by} is {columns[by][run, setting]} of {run} at {setting};"
    f" it is the best setting in {sure:.0%} of the bootstrap samples."
  )
  return Section("settings", "Settings", text, None, rows)


def _distributions(table: Table, by: str) -> Section:
  """Distributions of the score by run, a point a lane."""
  groups = {r: table.scores[by][table.run == r] for r in _runs(table)}
  median = {r: float(np.nanmedian(v)) for r, v in groups.items()}
  ranked = sorted(median, key=lambda r: -worth(by, median[r]))
  text = (
    f"Over all strengths and seeds the median {by} is best of {ranked[0]}"
    f" ({median[ranked[0]]:.2f}) and worst of {ranked[-1]}"
    f" ({median[ranked[-1]]:.2f})."
  )
  figure = _strips(groups, titled(by))
  rows = [["run", "lanes", "minimum", "lower quartile", "median",
           "upper quartile", "maximum"]]  # fmt: skip
  for run, values in groups.items():
    known = values[np.isfinite(values)]
    cells = [f"{q:.3f}" for q in np.percentile(known, (0, 25, 50, 75, 100))]
    rows.append([run, str(len(known)), *cells])
  return Section("distributions", "Distributions", text, figure, rows)


def _strips(groups: dict[str, np.ndarray], label: str) -> Figure:
  """A row a run: every lane a point, their density above, a line the median."""
  figure, (ax,) = panels(1, columns=1, height=0.5 + 0.45 * len(groups))
  plain(ax, xlabel=label)
  for i, values in enumerate(groups.values()):
    known, colour = values[np.isfinite(values)], PALETTE[i % len(PALETTE)]
    if len(known) >= VIOLIN and np.ptp(known) > 0:
      body = ax.violinplot(
        known, [i], orientation="horizontal", side="low", widths=0.9,
        showextrema=False,
      )["bodies"][0]  # fmt: skip
      body.set(facecolor=colour, alpha=0.3, edgecolor="none")
    places = i + np.linspace(0.05, 0.3, len(known))
    ax.scatter(known, places, s=8, color=colour, alpha=0.7, lw=0)
    ax.vlines(np.median(known), i - 0.35, i + 0.35, color=INK, lw=1.2)
  ax.set_yticks(range(len(groups)), list(groups))
  ax.invert_yaxis()
  return figure


def _strengths(table: Table, by: str) -> Section:
  """The score against strength, a panel a run."""
  runs = _runs(table)
  figure, axes = panels(len(runs), columns=3, height=1.9)
  for i, (ax, run) in enumerate(zip(axes, runs, strict=True)):
    mine = table.run == run
    places, values = table.place[mine], table.scores[by][mine]
    plain(ax, title=run, ylabel=titled(by) if i % 3 == 0 else "")
    ax.scatter(
      places, values, s=10, color=PALETTE[i % len(PALETTE)], alpha=0.5, lw=0
    )
    names = dict(zip(places, table.setting[mine], strict=True))
    found = findings.means(table.rows(mine), by)
    at = sorted(names)
    means = np.array([found[run, names[p]] for p in at])
    ax.plot(at, means[:, 0], color=PALETTE[i % len(PALETTE)], lw=1.2)
    ax.fill_between(
      at, means[:, 1], means[:, 2], color=PALETTE[i % len(PALETTE)], alpha=0.2
    )
    short = [str(names[p]).partition(",")[0].rpartition(" ")[2] for p in at]
    ax.set_xticks(at, short)
    ax.set_xlabel(str(names[at[0]]).partition(" ")[0], fontsize=8)
  text = "Lines are means over seeds, bands their 95% intervals."
  return Section("strengths", f"{by} against strength", text, figure, None)


def _reconstruction(table: Table, by: str) -> Section:
  """Reconstruction against the score, a point a lane."""
  height = max(2.8, 0.15 * len(_runs(table)))
  figure, (ax,) = panels(1, columns=1, height=height)
  plain(ax, xlabel="reconstruction, nats per image", ylabel=titled(by))
  for i, run in enumerate(_runs(table)):
    mine = table.run == run
    x, y = table.scores["reconstruction"][mine], table.scores[by][mine]
    ax.scatter(
      x, y, s=10, color=PALETTE[i % len(PALETTE)], alpha=0.6, lw=0, label=run
    )
  figure.legend(loc="outside right upper", fontsize=6.5, frameon=False)
  pair, ends = ranks.agreement(table, ["reconstruction", by])
  found = findings.Interval(pair[0, 1], *ends[:, 0, 1])
  text = f"Rank correlation of better reconstruction and better {by}: {found}."
  return Section("reconstruction", "Reconstruction", text, figure, None)


def _variance(table: Table, by: str) -> Section:
  """How much of each score method, strength and seed explain."""
  names = rated(table)
  found = {name: findings.variance(table, name) for name in names}
  found = {n: v for n, v in found.items() if np.isfinite(v["seed"].value)}
  figure, (ax,) = panels(1, columns=1, height=0.4 + 0.22 * len(found))
  plain(ax, xlabel="share of the variance")
  left = np.zeros(len(found))
  for i, part in enumerate(("method", "strength", "seed")):
    width = np.array([shares[part].value for shares in found.values()])
    ax.barh(
      list(found), width, left=left, color=PALETTE[i % len(PALETTE)], label=part
    )
    left += width
  figure.legend(loc="outside upper right", fontsize=7, frameon=False, ncols=3)
  ax.invert_yaxis()
  parts = found[by]
  text = (
    f"Of {by}'s variance the method explains {parts['method']}, the strength"
    f" within it {parts['strength']} and the seed the remaining"
    f" {parts['seed']}."
  )
  rows = [["score", "method", "strength", "seed"]]
  rows += [
    [name, *(str(shares[part]) for part in rows[0][1:])]
    for name, shares in found.items()
  ]
  return Section("variance", "What explains a score", text, figure, rows)


def _agreement(table: Table) -> Section:
  """Rank correlations of the scores."""
  names = [n for n in rated(table) if np.isfinite(table.scores[n]).any()]
  matrix, ends = ranks.agreement(table, names)
  figure = figures.agreement(matrix, names)
  pairs = [
    (matrix[i, j], findings.Interval(matrix[i, j], *ends[:, i, j]), a, b)
    for i, a in enumerate(names)
    for j, b in enumerate(names[:i])
    if np.isfinite(matrix[i, j])
  ]
  text = "Too few scores to compare."
  if pairs:
    (_, low, a, b), (_, high, c, d) = min(pairs), max(pairs)
    text = f"{c} and {d} agree most, {high}; {a} and {b} least, {low}."
  rows = [["score", "score", "rank correlation"]]
  rows += [[a, b, str(found)] for _, found, a, b in pairs]
  return Section("agreement", "Agreement of scores", text, figure, rows)


def _transfer(table: Table, by: str) -> Section:
  """What the best setting of one data set gets on another."""
  found = transfer.transfer(table, by)
  rows = [["here", "there", "settings", "rank correlation",
           f"{titled(by)} there of the best here", "of the best there",
           "of all"]]  # fmt: skip
  rows += [[*pair, *map(str, own[:-1])] for pair, own in found.items()]
  text = "All runs share their data, or no two data sets share a setting."
  if found:
    ranked = sorted(found, key=lambda pair: found[pair].correlation.value)
    least, most = ranked[0], ranked[-1]
    won = sum(
      worth(by, own.chosen.value) > worth(by, own.at_random.value)
      for own in found.values()
    )
    rank = lambda pair: f"{pair[0]} and {pair[1]}, {found[pair].correlation}"
    text = (
      f"In {won} of {len(found)} pairs of data sets the setting with the best"
      f" mean {by} on one is above the mean setting on the other. Settings rank"
      f" most alike on {rank(most)}, least on {rank(least)}."
    )
  return Section(
    "transfer", "Transfer between data sets", text, None,
    rows if found else None,
  )  # fmt: skip


def _choices(table: Table, by: str) -> Section:
  """What choosing without labels gets, of all lanes and of each run's."""
  found = choosing.choices(table, by)
  ranked = sorted(found, key=lambda name: -worth(by, found[name][0].value))
  runs = _runs(table) if len(_runs(table)) > 1 else []
  parts = [choosing.choices(table.rows(table.run == run), by) for run in runs]
  rows = [["criterion", titled(by), "rank correlation", *runs]]
  rows += [
    [name, *map(str, found[name])]
    + [str(part[name][0]) if name in part else "" for part in parts]
    for name in ranked
  ]
  own = [n for n in ranked if n not in ("best", "at random")]
  text = "There is no criterion without labels."
  if own:
    text = (
      f"The best lane has {found['best'][0]}, one at random"
      f" {found['at random'][0]}; of the criteria that need no labels"
      f" {own[0]} chooses best, {found[own[0]][0]}."
    )
  return Section("choices", "Choosing without labels", text, None, rows)


def _seeds(table: Table, by: str) -> Section:
  """How many seeds tell the best settings of two runs apart."""
  groups = {}
  for run in _runs(table):
    found = findings.means(table.rows(table.run == run), by)
    if found:
      setting = max(found, key=lambda key: worth(by, found[key].value))[1]
      own = table.scores[by][(table.run == run) & (table.setting == setting)]
      groups[f"{run} {setting}"] = own[np.isfinite(own)]
  rows = [["one", "other", "difference", "seeds of each"]]
  for i, (a, x) in enumerate(groups.items()):
    for b, y in list(groups.items())[:i]:
      if min(len(x), len(y)) > 1:
        number = f"{choosing.seeds_needed(x, y):.0f}"
        rows.append([a, b, f"{x.mean() - y.mean():+.3f}", number])
  text = (
    "How many seeds of each would show the difference of two runs at their best"
    " settings, with 80% power at 5%, were it the one measured here."
  )
  return Section("seeds", "How many seeds a claim needs", text, None, rows)


def _runs(table: Table) -> list[str]:
  return [str(run) for run in dict.fromkeys(table.run)]
