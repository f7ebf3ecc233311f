"""Figures of numbers: training curves, scores, histograms, agreement."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from scipy.stats import rankdata

from dvae_jax.metrics.explicitness import roc_area
from dvae_jax.report.figures.style import (
  HALF_WIDTH,
  INK,
  ON_CELL,
  PAGE_WIDTH,
  PALETTE,
  is_log,
  new_figure,
  panels,
  plain,
  strength_colours,
)
from dvae_jax.report.scores import summary

VIOLIN = 10  # points from which a violin says more than they do


def loss_terms(
  steps, terms, *, strengths, label: str, ticks=None, width=PAGE_WIDTH
) -> Figure:
  """Every logged term over training, one panel a term, one line a lane.

  Args:
    steps: (T,).
    terms: name -> (L, T): the loss, its parts in nats per image, the critic's.
    strengths: (L,) the swept number that colours the lanes.
    label: its name.
    ticks: strength -> text; the numbers themselves where it's None.
    width: inches.
  """
  colours, scale = strength_colours(strengths)
  figure, axes = panels(len(terms), columns=3, height=1.9, width=width)
  for ax, (name, lanes) in zip(axes, terms.items(), strict=True):
    plain(ax, title=name)
    there = np.isfinite(lanes).any(axis=0)  # some are logged at checkpoints
    for lane, colour in zip(np.asarray(lanes), colours, strict=True):
      ax.plot(steps[there], lane[there], color=colour, lw=1.1)
  figure.supxlabel("step", fontsize=8.5, color=INK)
  _strength_bar(figure, axes, scale, strengths, label, ticks)
  return figure


def _strength_bar(
  figure, axes, scale: ScalarMappable | None, strengths, label, ticks
) -> None:
  """A colour bar whose ticks are the swept numbers, eight at most."""
  if scale is None:
    return
  ticks = ticks or {s: f"{s:g}" for s in np.unique(strengths)}
  few = list(ticks)[:: -(-len(ticks) // 8)]
  bar = figure.colorbar(scale, ax=axes, fraction=0.025, pad=0.02)
  bar.set_ticks(few, labels=[ticks[s] for s in few])
  bar.minorticks_off()
  bar.ax.tick_params(labelsize=7, length=2)
  bar.set_label(label, fontsize=8.5)


def rate_distortion(
  rate, distortion, *, strengths, label: str, ticks=None, width=HALF_WIDTH
) -> Figure:
  """Distortion against rate, one point a lane (Alemi et al. 2018, figure 2).

  Args:
    rate: (L,) KL, nats per image.
    distortion: (L,) reconstruction term, nats per image.
    strengths: (L,) the swept number that colours the points.
    label: its name.
    ticks: strength -> text; the numbers themselves where it's None.
    width: inches.
  """
  rate, distortion = np.asarray(rate), np.asarray(distortion)
  colours, scale = strength_colours(strengths)
  figure = new_figure(2.8, width=width)
  ax = plain(
    figure.add_subplot(),
    xlabel="rate: KL, nats per image",
    ylabel="distortion, nats per image",
  )
  ax.scatter(rate, distortion, c=colours, s=34, zorder=3, lw=0)
  finite = np.isfinite(rate) & np.isfinite(distortion)
  if finite.any():
    _iso_elbo(ax, rate[finite], distortion[finite])
  _strength_bar(figure, [ax], scale, strengths, label, ticks)
  return figure


def _iso_elbo(ax, rate, distortion) -> None:
  """The line of the best ELBO: rate + distortion is constant on it."""
  best = (rate + distortion).min()
  xlim, ylim = ax.get_xlim(), ax.get_ylim()
  ax.plot(xlim, best - np.array(xlim), color="#999999", lw=0.9, ls=(0, (4, 3)))
  ax.set(xlim=xlim, ylim=ylim)
  ax.annotate(
    f"-ELBO = {best:.1f}",
    (xlim[1], ylim[1]),
    ha="right",
    va="top",
    fontsize=7.5,
    color=INK,
  )


def score_violins(groups, *, ylabel: str, width=PAGE_WIDTH) -> Figure:
  """Every lane's score as a point and the median of each group.

  Args:
    groups: name -> (n,) scores; those of VIOLIN scores or more get a violin.
    ylabel: the score's name.
    width: inches, at most.
  """
  kept = {name: _finite(scores) for name, scores in groups.items()}
  kept = {name: scores for name, scores in kept.items() if len(scores)}
  width = min(width, 1.4 + 0.9 * len(kept))
  crowded = width < 1.0 + 0.6 * len(kept)
  figure = new_figure(2.6, width=width)
  ax = plain(figure.add_subplot(), ylabel=ylabel)
  for i, scores in enumerate(kept.values()):
    colour = PALETTE[i % len(PALETTE)]
    if len(scores) >= VIOLIN and np.ptp(scores) > 0:
      body = ax.violinplot(
        scores, [i], widths=0.75, showextrema=False, showmedians=False
      )["bodies"][0]
      body.set(facecolor=colour, alpha=0.25, edgecolor="none")
    jitter = np.linspace(-0.12, 0.12, len(scores)) if len(scores) > 1 else [0]
    ax.scatter(i + np.array(jitter), scores, s=12, color=colour, zorder=3, lw=0)
    ax.hlines(np.median(scores), i - 0.3, i + 0.3, color=INK, lw=1.2, zorder=4)
  names = [name if crowded else name.replace(" ", "\n", 1) for name in kept]
  turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
  ax.set_xticks(
    range(len(kept)), names, fontsize=8, **(turned if crowded else {})
  )
  return figure


def score_against(
  strengths,
  scores,
  *,
  label: str,
  ticks=None,
  groups=None,
  width=PAGE_WIDTH,
) -> Figure:
  """Scores against a swept number: points are lanes, lines join means.

  Error bars are standard errors, where two lanes or more share a setting: a
  strength and a group.

  Args:
    strengths: (L,) the swept number.
    scores: name -> (L,).
    label: the swept number's name.
    ticks: strength -> text; the numbers themselves where it's None.
    groups: L texts, what else differs between the lanes: one line each.
    width: inches.
  """
  strengths = np.asarray(strengths, np.float64)
  groups = np.array(groups or [""] * len(strengths))
  figure, axes = panels(len(scores), columns=3, height=1.9, width=width)
  for ax, (name, values) in zip(axes, scores.items(), strict=True):
    plain(ax, title=name)
    values = np.asarray(values, np.float64)
    for i, group in enumerate(dict.fromkeys(groups)):
      mine, colour = groups == group, PALETTE[i % len(PALETTE)]
      _means(ax, strengths[mine], values[mine], colour, group)
    _strength_axis(ax, strengths, ticks)
  if any(groups):
    lines = axes[0].get_legend_handles_labels()
    figure.legend(
      *lines,
      loc="outside upper right",
      ncols=max(1, int(width / 2.4)),
      fontsize=7.5,
      frameon=False,
    )
  figure.supxlabel(label, fontsize=8.5, color=INK)
  return figure


def _means(ax, strengths, values, colour, group: str) -> None:
  """One group's lanes, the line of their means, and its error bars."""
  ax.scatter(strengths, values, s=12, color=colour, alpha=0.55, lw=0)
  xs = np.unique(strengths)
  found = [summary(values[strengths == x]) for x in xs]
  means, errors, numbers = np.array(found).T
  ax.plot(xs, means, color=colour, lw=1.2, label=group)
  several = numbers > 1
  if several.any():
    ax.errorbar(
      *(xs[several], means[several], errors[several]),
      fmt="none", color=colour, lw=1.2, capsize=2,
    )  # fmt: skip


def _strength_axis(ax, strengths, ticks) -> None:
  """A logarithmic axis where the numbers spread; ticks at the numbers."""
  if is_log(strengths):
    ax.set_xscale("log")
    ticks = ticks or {s: f"{s:g}" for s in np.unique(strengths)}
    ax.minorticks_off()
  if ticks:
    ax.set_xticks(list(ticks), list(ticks.values()))


def _finite(values) -> np.ndarray:
  values = np.asarray(values, np.float64)
  return values[np.isfinite(values)]


def anomaly_histograms(
  usual, unusual, *, label: str, names, width=HALF_WIDTH
) -> Figure:
  """Histograms of a score on usual and on unusual images, and their AUC.

  Args:
    usual: (N,) scores, such as -ELBO in nats.
    unusual: (M,).
    label: the score's name.
    names: what the two sets of images are.
    width: inches.
  """
  usual, unusual = _finite(usual), _finite(unusual)
  figure = new_figure(2.2, width=width)
  ax = plain(figure.add_subplot(), xlabel=label, ylabel="share of images")
  both = np.concatenate([usual, unusual])
  if not len(both):
    return figure
  edges = np.histogram_bin_edges(both, 40)
  for scores, colour, name in zip(
    (usual, unusual), PALETTE, names, strict=False
  ):
    weights = np.full(len(scores), 1 / max(len(scores), 1))
    ax.hist(
      scores, edges, weights=weights, color=colour, alpha=0.55, label=name
    )
  ax.legend(fontsize=7.5, frameon=False)
  if len(usual) and len(unusual):
    second = np.repeat([False, True], [len(usual), len(unusual)])
    auc = f"AUC {roc_area(both, second):.3f}"
    ax.set_title(auc, fontsize=9, loc="right", color=INK)
  return figure


def agreement(
  matrix,
  names,
  *,
  label: str = "rank correlation",
  axes=("", ""),
  width=PAGE_WIDTH,
) -> Figure:
  """Heat map of what metrics have to do with each other, such as correlations.

  Locatello et al. 2019 (arXiv:1811.12359), figure 2.

  Args:
    matrix: (M, M) in [-1, 1]; what lies outside has the colour of the end.
    names: M metrics.
    label: what the numbers are.
    axes: what columns and rows are, where they differ.
    width: inches, at most; numbers are left out where cells have no room.
  """
  matrix = np.asarray(matrix, np.float64)
  side = min(width, 1.8 + 0.42 * len(names))
  cell = (side - 1.8) / len(names)  # about
  figure = new_figure(side - (0.5 if cell > 0.3 else 0.9), width=side)
  ax = figure.add_subplot()
  ax.set_xlabel(axes[0], fontsize=8.5, color=INK)
  ax.set_ylabel(axes[1], fontsize=8.5, color=INK)
  image = ax.imshow(matrix, cmap="PuOr", vmin=-1, vmax=1)
  ax.set_xticks(
    range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor"
  )
  ax.set_yticks(range(len(names)), names)
  ax.tick_params(length=0, labelsize=8, labelcolor=INK)
  for (i, j), value in np.ndenumerate(matrix):
    colour = "white" if abs(value) > 0.6 else ON_CELL
    text = "" if np.isnan(value) or cell < 0.2 else _short(value, cell < 0.3)
    ax.text(j, i, text, ha="center", va="center", size=6.5, color=colour)
  bar = figure.colorbar(image, ax=ax, fraction=0.04, pad=0.02)
  bar.ax.tick_params(labelsize=7)
  bar.set_label(label, fontsize=8)
  return figure


def _short(value: float, narrow: bool) -> str:
  """A number in a cell: "-0.25"; in a narrow one "-.25", "1", "-1.4"."""
  if not narrow:
    return f"{value:.2f}"
  if abs(value) < 0.995:
    return f"{value:.2f}".replace("0.", ".")
  return f"{value:.1f}".removesuffix(".0")


def rank_correlations(scores: dict[str, np.ndarray]) -> np.ndarray:
  """Spearman's correlation between scores of the same lanes.

  Lanes where either score is missing are left out of a pair.

  Args:
    scores: M names -> (L,), NaN where missing.

  Returns:
    (M, M); NaN where fewer than three lanes are left or a score is constant.
  """
  columns = list(scores.values())
  matrix = np.full((len(columns), len(columns)), np.nan)
  for i, a in enumerate(columns):
    for j, b in enumerate(columns):
      both = np.isfinite(a) & np.isfinite(b)
      x, y = rankdata(a[both]), rankdata(b[both])
      if both.sum() > 2 and np.ptp(x) > 0 and np.ptp(y) > 0:
        matrix[i, j] = np.corrcoef(x, y)[0, 1]
  return matrix
