"""Figures of numbers: training curves, scores, histograms, agreement."""

from itertools import cycle

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from dvae_jax.metrics.explicitness import roc_area
from dvae_jax.report.figures.seeds import (
  DASHES,
  POINTS,
  by_seed,
  handles,
  legend,
  scatter,
)
from dvae_jax.report.figures.style import (
  FAINT,
  HALF_WIDTH,
  INK,
  PAGE_WIDTH,
  PALETTE,
  framed,
  is_log,
  new_figure,
  panels,
  plain,
  strength_colours,
)
from dvae_jax.report.scores import summary

# Terms of a loss that are nats per image; others are shares and distances.
NATS = {"loss", "reconstruction", "kl", "capacity", "mi", "tc", "dwkl"}
NATS |= {f"sample_{name}" for name in ("mi", "tc", "dwkl")}
VIOLIN = 10  # points from which a violin says more than they do


def loss_terms(
  steps,
  terms,
  *,
  strengths,
  label: str,
  ticks=None,
  seeds=None,
  width=PAGE_WIDTH,
) -> Figure:
  """Every logged term over training, one panel a term, one line a lane.

  Args:
    steps: (T,).
    terms: name -> (L, T): the loss, its parts in nats per image, the critic's.
    strengths: (L,) the swept number that colours the lanes.
    label: its name.
    ticks: strength -> text; the numbers themselves where it's None.
    seeds: (L,) that dashes tell apart; None leaves them alike.
    width: inches.
  """
  colours, scale = strength_colours(strengths)
  figure, axes = panels(len(terms), columns=3, height=1.9, width=width)
  dashes = by_seed(seeds, DASHES, len(colours))
  for ax, (name, lanes) in zip(axes, terms.items(), strict=True):
    plain(ax, title=name, ylabel="nats" if name in NATS else "")
    there = np.isfinite(lanes).any(axis=0)  # some are logged at checkpoints
    for lane, colour, dash in zip(lanes, colours, dashes, strict=True):
      ax.plot(steps[there], lane[there], color=colour, lw=1.1, ls=dash)
  figure.supxlabel("step", fontsize=8.5, color=INK)
  legend(figure, handles(seeds, DASHES), columns=int(width / 0.8))
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
  bar.outline.set_visible(False)
  bar.ax.tick_params(labelsize=7, length=2, color=FAINT, labelcolor=INK)
  bar.set_label(label, fontsize=8.5, color=INK)


def rate_distortion(
  rate,
  distortion,
  *,
  strengths,
  label: str,
  ticks=None,
  seeds=None,
  width=HALF_WIDTH,
) -> Figure:
  """Distortion against rate, one point a lane (Alemi et al. 2018, figure 2).

  Args:
    rate: (L,) KL, nats per image.
    distortion: (L,) reconstruction term, nats per image.
    strengths: (L,) the swept number that colours the points.
    label: its name.
    ticks: strength -> text; the numbers themselves where it's None.
    seeds: (L,) that kinds of points tell apart; None leaves them alike.
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
  scatter(ax, rate, distortion, colours=colours, seeds=seeds, s=34, zorder=3)
  finite = np.isfinite(rate) & np.isfinite(distortion)
  if finite.any():
    _iso_elbo(ax, rate[finite], distortion[finite])
  _strength_bar(figure, [ax], scale, strengths, label, ticks)
  entries = [*ax.get_lines(), *handles(seeds, POINTS)]
  legend(figure, entries, columns=int(width / 0.85))
  return figure


def _iso_elbo(ax, rate, distortion) -> None:
  """The line of the best ELBO: rate + distortion is constant on it."""
  best = (rate + distortion).min()
  xlim, ylim = ax.get_xlim(), ax.get_ylim()
  ax.plot(
    xlim, best - np.array(xlim), color=FAINT, lw=0.9, ls=(0, (4, 3)),
    label=f"-ELBO {best:.1f}",
  )  # fmt: skip
  ax.set(xlim=xlim, ylim=ylim)


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
    if len(scores) >= VIOLIN and np.ptp(scores) > 0:
      body = ax.violinplot(
        scores, [i], widths=0.75, showextrema=False, showmedians=False
      )["bodies"][0]
      body.set(facecolor=PALETTE[0], alpha=0.25, edgecolor="none")
    jitter = np.linspace(-0.12, 0.12, len(scores)) if len(scores) > 1 else [0]
    ax.scatter(
      i + np.array(jitter), scores, s=14, color=PALETTE[0], zorder=3, lw=0
    )
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
  seeds=None,
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
    seeds: (L,) that kinds of points tell apart; None leaves them alike.
    width: inches.
  """
  strengths = np.asarray(strengths, np.float64)
  groups = np.array(groups or [""] * len(strengths))
  shades = dict(zip(dict.fromkeys(groups), cycle(PALETTE), strict=False))
  colours = [shades[group] for group in groups]
  figure, axes = panels(len(scores), columns=3, height=1.9, width=width)
  for ax, (name, values) in zip(axes, scores.items(), strict=True):
    plain(ax, title=name)
    values = np.asarray(values, np.float64)
    scatter(
      ax, strengths, values, colours=colours, seeds=seeds, s=14, alpha=0.7
    )
    for group, colour in shades.items():
      mine = groups == group
      _means(ax, strengths[mine], values[mine], colour, group)
    _strength_axis(ax, strengths, ticks)
  lines = axes[0].get_legend_handles_labels()[0] if any(groups) else []
  entries = [*lines, *handles(seeds, POINTS)]
  longest = max((len(entry.get_label()) for entry in entries), default=0)
  legend(figure, entries, columns=int(width / (0.5 + 0.065 * longest)) or 1)
  figure.supxlabel(label, fontsize=8.5, color=INK)
  return figure


def _means(ax, strengths, values, colour, group: str) -> None:
  """The line of one group's means, and its error bars."""
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
  figure, ax = framed(width, 1.5, top=0.5)
  plain(ax, xlabel=label, ylabel="share of images")
  both = np.concatenate([usual, unusual])
  if not len(both):
    return figure
  edges = np.histogram_bin_edges(both, 40)
  for scores, colour, name in zip(
    (usual, unusual), PALETTE, names, strict=False
  ):
    shares = np.histogram(scores, edges)[0] / max(len(scores), 1)
    ax.stairs(shares, edges, color=colour, alpha=0.35, fill=True, label=name)
    ax.stairs(shares, edges, color=colour, lw=1.1)
  ax.legend(
    fontsize=7.5, frameon=False, ncols=2, loc="lower right",
    bbox_to_anchor=(1, 1), borderaxespad=0,
  )  # fmt: skip
  if len(usual) and len(unusual):
    second = np.repeat([False, True], [len(usual), len(unusual)])
    auc = f"AUC {roc_area(both, second):.3f}"
    ax.set_title(auc, fontsize=9, loc="right", color=INK, pad=18)
  return figure
