"""Which figures a run gives of its lanes together: a record in, figures out."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.metrics.udr import INFORMATIVE_KL
from dvae_jax.report import figures
from dvae_jax.report.records import Record, lane_title, sweep
from dvae_jax.report.scores import by_setting, headline, rated, titled, worth

PANELS = 12  # lanes whose KLs are drawn over training
FEW_METRICS = 8  # whose agreement is read at half the width


class Picture(NamedTuple):
  """One figure of a report.

  Attributes:
    name: of the file figures/<name>.png.
    group: "training", "lanes" or a lane's number.
    title: a heading.
    alt: what a person who doesn't see it is told.
    caption: how to read it.
    draw: makes the figure, of a `width` in inches.
    beside: whether a wide page shows it at HALF_WIDTH, beside wide ones.
  """

  name: str
  group: str | int
  title: str
  alt: str
  caption: str
  draw: Callable[..., Figure]
  beside: bool = False


def draw(record: Record) -> Iterator[Picture]:
  """Yields the figures that the run's files have the numbers for.

  Args:
    record: the files.
  """
  yield from _training(record)
  yield from _across(record)


def _training(record: Record) -> Iterator[Picture]:
  swept, seeds = sweep(record), _seed_of_each(record)
  if record.terms:
    yield Picture(
      "loss_terms",
      "training",
      "Loss terms",
      f"Line charts over training steps: {', '.join(record.terms)}.",
      "Means over the images since the last logged step; nats are per image.",
      partial(
        figures.loss_terms,
        record.steps,
        record.terms,
        strengths=swept.places,
        label=swept.name,
        ticks=swept.ticks,
        seeds=seeds,
      ),
    )
  if record.kl is not None:
    shown = record.kl[:PANELS]
    yield Picture(
      "kl_over_training",
      "training",
      "KL of each latent",
      "Line charts of each latent's KL over training, one panel a lane.",
      f"Latents that end at {INFORMATIVE_KL:g} nats or less are grey.",
      partial(
        figures.kl_over_training,
        record.steps,
        shown,
        [lane_title(record, i) for i in range(len(shown))],
      ),
      beside=True,
    )


def _seed_of_each(record: Record) -> list | None:
  """Of every lane; None where colours tell them already."""
  if sweep(record).name == "seed":
    return None
  return [lane["seed"] for lane in record.lanes]


def _across(record: Record) -> Iterator[Picture]:
  if len(record.lanes) < 2:
    return
  swept, table = sweep(record), record.scores
  if {"kl", "reconstruction"} <= table.keys():
    yield Picture(
      "rate_distortion",
      "lanes",
      "Rate and distortion",
      "Scatter plot of the reconstruction term against the KL, one point a"
      " lane.",
      "The dashed line holds the best lane's ELBO.",
      partial(
        figures.rate_distortion,
        table["kl"],
        table["reconstruction"],
        strengths=swept.places,
        label=swept.name,
        ticks=swept.ticks,
        seeds=_seed_of_each(record),
      ),
    )
  names = rated(table)
  if names:
    yield from _against(record, names)
    yield from _seeds(record)
  if len(record.lanes) > 2 and len(names) > 1:
    yield _agreement(record, names)


def _against(record: Record, names) -> Iterator[Picture]:
  """Scores against what is swept; nothing where only seeds differ."""
  swept = sweep(record)
  if len(set(swept.settings)) < 2:
    return
  caption = "Points are lanes; lines join the means of settings."
  if _repeated(record):
    caption = (
      "Points are lanes; lines join means over seeds, with standard errors."
    )
  yield Picture(
    "scores",
    "lanes",
    f"Scores against {swept.name}",
    f"Charts of {', '.join(names)} against {swept.name}.",
    f"{caption} Arrows point to the better side.",
    partial(
      figures.score_against,
      swept.places,
      {titled(name): record.scores[name] for name in names},
      label=swept.name,
      ticks=swept.ticks,
      groups=swept.rest,
      seeds=_seed_of_each(record),
    ),
  )


def _repeated(record: Record) -> bool:
  """Whether any setting has the headline score of several seeds."""
  values = record.scores[headline(record.scores)]
  found = by_setting(sweep(record).settings, values)
  return any(of_setting.number > 1 for of_setting in found.values())


def _seeds(record: Record) -> Iterator[Picture]:
  """The spread of the headline score where a setting has several seeds."""
  settings, name = sweep(record).settings, headline(record.scores)
  if not _repeated(record):
    return
  same = np.array(settings)
  groups = {
    setting or "all lanes": record.scores[name][same == setting]
    for setting in dict.fromkeys(settings)
  }
  yield Picture(
    "violins",
    "lanes",
    f"Spread of {name} over seeds",
    f"Points of {name}, one column for each setting.",
    "Points are lanes, the bar is their median.",
    partial(figures.score_violins, groups, ylabel=titled(name)),
    beside=True,
  )


def _agreement(record: Record, names) -> Picture:
  turned = {name: worth(name, record.scores[name]) for name in names}
  return Picture(
    "agreement",
    "lanes",
    "Agreement of metrics",
    "Heat map of the rank correlations between metrics over the lanes.",
    f"Spearman's correlation over {len(record.lanes)} lanes, each metric turned"
    " so that more is better.",
    partial(figures.agreement, figures.rank_correlations(turned), list(turned)),
    beside=len(names) <= FEW_METRICS,
  )
