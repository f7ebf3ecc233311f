"""The figures of a study's page: numbers with intervals in, a figure out.

Each takes its width in inches: the page shows a wide and a narrow one.
"""

import textwrap
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from dvae_jax.report.figures.style import (
  HALF_WIDTH,
  INK,
  PALETTE,
  new_figure,
  panels,
  plain,
)
from dvae_jax.studies.findings import Interval

VIOLIN = 10  # lanes from which a density is drawn
GREY = "#999999"
Series = dict[str, list[Interval]]  # name, "" of a single one -> one a row


def dots(
  names: list[str],
  shown: dict[str, Series],
  *,
  width: float,
  marks: dict[str, dict[str, float]] | None = None,
  share: str = "",
) -> Figure:
  """A row a name: numbers as dots on their intervals, a panel a quantity.

  Args:
    names: of N rows.
    shown: label of a panel's axis -> its series, N Intervals each.
    width: inches.
    marks: label of a panel's axis -> name and place of vertical lines.
    share: what all panels' numbers are shares of; "" where they are none.
  """
  columns = max(1, min(len(shown), int((width - 1.2) / 1.1)))
  below = -(-len(shown) // columns)
  labels = [textwrap.fill(n, 40 if width > HALF_WIDTH else 24) for n in names]
  most = max(len(series) for series in shown.values())
  lines = max((label.count("\n") for label in labels), default=0) + 1
  row = max(0.06 + 0.13 * lines, 0.08 + 0.13 * most)
  figure = new_figure(below * (0.55 + row * len(names)), width=width)
  axes = figure.subplots(below, columns, sharey=True, squeeze=False).ravel()
  for ax, (label, series) in zip(axes, shown.items(), strict=False):
    plain(ax, xlabel=label)
    ax.grid(axis="x", color=GREY, alpha=0.25, lw=0.6)
    _rows(ax, series)
    for name, place in (marks or {}).get(label, {}).items():
      ax.axvline(place, color=GREY, lw=0.9, ls=(0, (4, 3)))
      ax.annotate(
        name, (place, 1), (0, 1), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="center", fontsize=6.5, color=INK,
      )  # fmt: skip
    if share:
      ax.set_xlim(0, 1)
      ax.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
  for ax in axes[len(shown) :]:
    ax.remove()
  if share:
    figure.supxlabel(share, fontsize=8.5, color=INK)
  axes[0].set_yticks(range(len(names)), labels)
  axes[0].set_ylim(len(names) - 0.5, -0.5)
  if most > 1:
    _legend(figure, axes[0], width)
  return figure


def _rows(ax: Axes, series: Series) -> None:
  """Every series beside the others in its rows."""
  low, high = 0.0, 0.0
  for k, (name, found) in enumerate(series.items()):
    values = np.array(found, np.float64).reshape(-1, 3)
    places = np.arange(len(found)) + 0.7 * ((k + 0.5) / len(series) - 0.5)
    colour = PALETTE[k % len(PALETTE)]
    ax.hlines(places, values[:, 1], values[:, 2], color=colour, lw=1.1)
    ax.plot(values[:, 0], places, "o", color=colour, ms=3.5, label=name)
    low = min(low, np.nanmin(values, initial=0.0))
    high = max(high, np.nanmax(values, initial=0.0))
  if low < 0 < high:
    ax.axvline(0, color=GREY, lw=0.9)


def _legend(figure: Figure, ax: Axes, width: float) -> None:
  handles, labels = ax.get_legend_handles_labels()
  widest = 0.5 + 0.06 * max(map(len, labels))  # inches, about
  figure.legend(
    handles, labels, loc="outside upper right", fontsize=7, frameon=False,
    ncols=max(1, min(len(labels), int(width / widest))),
  )  # fmt: skip


def strips(
  groups: dict[str, np.ndarray], label: str, *, width: float
) -> Figure:
  """A row a run: every lane a point, their density above, a line the median.

  Args:
    groups: run -> (M,) finite values of its lanes.
    label: their name.
    width: inches, at most.
  """
  height = 0.5 + 0.45 * len(groups)
  figure = new_figure(height, width=min(width, HALF_WIDTH))
  ax = plain(figure.add_subplot(), xlabel=label)
  for i, values in enumerate(groups.values()):
    colour = PALETTE[i % len(PALETTE)]
    if len(values) >= VIOLIN and np.ptp(values) > 0:
      body = ax.violinplot(
        values, [i], orientation="horizontal", side="low", widths=0.9,
        showextrema=False,
      )["bodies"][0]  # fmt: skip
      body.set(facecolor=colour, alpha=0.3, edgecolor="none")
    places = i + np.linspace(0.05, 0.3, len(values))
    ax.scatter(values, places, s=8, color=colour, alpha=0.7, lw=0)
    ax.vlines(np.median(values), i - 0.35, i + 0.35, color=INK, lw=1.2)
  ax.set_yticks(range(len(groups)), list(groups))
  ax.invert_yaxis()
  return figure


class Panel(NamedTuple):
  """One run's settings.

  Attributes:
    settings: S texts, in the order of the sweep.
    places: (M,) each lane's setting, from 0.
    values: series -> (M,) numbers of its lanes.
    means: series -> S means over seeds.
  """

  settings: list[str]
  places: np.ndarray
  values: dict[str, np.ndarray]
  means: Series


def against_strength(
  shown: dict[str, Panel], label: str, *, width: float
) -> Figure:
  """A panel a run: lanes, the line of their means and its interval's band.

  Args:
    shown: run -> its settings.
    label: of what is drawn.
    width: inches.
  """
  height = 1.9 if width > HALF_WIDTH else 2.4
  figure, axes = panels(len(shown), columns=3, height=height, width=width)
  figure.supylabel(label, fontsize=8.5, color=INK)
  for i, (ax, (run, own)) in enumerate(zip(axes, shown.items(), strict=True)):
    plain(ax, title=run)
    at = np.arange(len(own.settings))
    for k, (name, means) in enumerate(own.means.items()):
      colour = PALETTE[(k if len(own.means) > 1 else i) % len(PALETTE)]
      ax.scatter(
        own.places, own.values[name], s=10, color=colour, alpha=0.5, lw=0
      )
      value, low, high = np.array(means, np.float64).T
      ax.plot(at, value, color=colour, lw=1.2, label=name)
      ax.fill_between(at, low, high, color=colour, alpha=0.2)
    swept = [[p.rpartition(" ") for p in s.split(", ")] for s in own.settings]
    ax.set_xticks(at, ["\n".join(p[2] for p in parts) for parts in swept])
    ax.set_xlabel(", ".join(p[0] for p in swept[0]), fontsize=8)
  if len(own.means) > 1:
    _legend(figure, axes[0], width)
  return figure


def clouds(
  points: dict[str, tuple[np.ndarray, np.ndarray]],
  found: list[Interval],
  labels: tuple[str, str, str],
  *,
  width: float,
) -> Figure:
  """Two numbers of every lane, and their rank correlation in each run.

  Args:
    points: run -> (M,) and (M,); its colour is that of its row.
    found: an Interval a run.
    labels: of the points' two axes and of the correlation's.
    width: inches; the two panels are one below the other where it's narrow.
  """
  beside = width > HALF_WIDTH
  rows = 0.6 + 0.2 * len(points)
  height = max(2.6, rows) if beside else 2.4 + rows
  figure = new_figure(height, width=width)
  left, right = (
    figure.subplots(1, 2) if beside
    else figure.subplots(2, 1, height_ratios=(2.4, rows))
  )  # fmt: skip
  plain(left, xlabel=labels[0], ylabel=labels[1])
  plain(right, xlabel=labels[2])
  right.locator_params(axis="x", nbins=5)
  right.axvline(0, color=GREY, lw=0.9)
  for i, ((x, y), own) in enumerate(zip(points.values(), found, strict=True)):
    colour = PALETTE[i % len(PALETTE)]
    left.scatter(x, y, s=10, color=colour, alpha=0.6, lw=0)
    right.hlines(i, own.low, own.high, color=colour, lw=1.1)
    right.plot(own.value, i, "o", color=colour, ms=4)
  right.set_yticks(range(len(points)), list(points))
  right.set_ylim(len(points) - 0.5, -0.5)
  return figure


def staircase(needed: np.ndarray, there: int, *, width: float) -> Figure:
  """How many pairs some seeds would tell apart.

  Args:
    needed: (P,) seeds that each pair takes; infinite ones never get there.
    there: seeds that the study has.
    width: inches, at most.
  """
  figure = new_figure(2.6, width=min(width, HALF_WIDTH))
  ax = plain(
    figure.add_subplot(),
    xlabel="seeds of each",
    ylabel=f"pairs told apart, of {len(needed)}",
  )
  reached = np.sort(needed[np.isfinite(needed)])
  ax.step(
    reached, np.arange(1, len(reached) + 1), where="post", color=PALETTE[0],
    marker="o", ms=3, lw=1.2,
  )  # fmt: skip
  ax.axvline(there, color=GREY, lw=0.9, ls=(0, (4, 3)))
  ax.annotate(
    f"{there} here", (there, 1), (3, -2), xycoords=("data", "axes fraction"),
    textcoords="offset points", va="top", fontsize=7, color=INK,
  )  # fmt: skip
  ax.set_xscale("log")
  ax.xaxis.set_major_formatter(LogFormatter())
  ax.xaxis.set_minor_formatter(LogFormatter())
  ax.tick_params(which="minor", labelsize=7.5, labelcolor=INK)
  ax.set_ylim(0, len(needed) + 0.5)
  return figure
