"""Which figures a run directory gives: files in, named figures out."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)
from dvae_jax.report import figures
from dvae_jax.report.records import Record, lane_title, strengths

ROWS = 20_000  # codes that a factor x latent matrix is estimated from


class Picture(NamedTuple):
  """One figure of a report.

  Attributes:
    name: of the file figures/<name>.png.
    group: "training", "lanes" or a lane's number.
    title: a heading.
    alt: what a person who doesn't see it is told.
    caption: how to read it.
    figure: the figure itself.
    chart: whether it's drawn on white, and not a grid of images.
  """

  name: str
  group: str | int
  title: str
  alt: str
  caption: str
  figure: Figure
  chart: bool = True


def draw(record: Record, lanes) -> Iterator[Picture]:
  """Yields every figure that the run's files have the numbers for.

  Args:
    record: the files.
    lanes: indices of the lanes that are pictured one by one.
  """
  yield from _training(record)
  yield from _across(record)
  for lane in lanes:
    yield from _images(record, lane)
    yield from _latents(record, lane)


def _training(record: Record) -> Iterator[Picture]:
  label, numbers = strengths(record)
  if record.terms:
    yield Picture(
      "loss_terms",
      "training",
      "Loss terms",
      f"Line charts over training steps: {', '.join(record.terms)}.",
      "Means over the images since the last logged step, in nats per image.",
      figures.loss_terms(
        record.steps, record.terms, strengths=numbers, label=label
      ),
    )
  if record.kl is not None:
    yield Picture(
      "kl_over_training",
      "training",
      "KL of each latent",
      "Line charts of each latent's KL over training, one panel a lane.",
      "Latents enter one after another; grey ones stay inactive (under"
      f" {figures.INACTIVE_KL:g} nats).",
      figures.kl_over_training(
        record.steps,
        record.kl[:12],
        [lane_title(record, i) for i in range(len(record.kl[:12]))],
      ),
    )


def _across(record: Record) -> Iterator[Picture]:
  label, numbers = strengths(record)
  table = record.scores
  if len(record.lanes) > 1 and {"kl", "reconstruction"} <= table.keys():
    yield Picture(
      "rate_distortion",
      "lanes",
      "Rate and distortion",
      "Scatter plot of the reconstruction term against the KL, one point a"
      " lane.",
      "The dashed line holds the best lane's ELBO.",
      figures.rate_distortion(
        table["kl"], table["reconstruction"], strengths=numbers, label=label
      ),
    )
  scores = supervised(record)
  if not scores:
    return
  if len(np.unique(numbers)) > 1:
    yield Picture(
      "scores",
      "lanes",
      f"Scores against {label}",
      f"Charts of {', '.join(scores)} against {label}.",
      "Points are lanes; the line joins means, with standard errors over"
      " seeds.",
      figures.score_against(numbers, scores, label=label),
    )
  yield from _seeds(record, scores, label, numbers)
  if len(record.lanes) > 2 and len(scores) > 1:
    yield Picture(
      "agreement",
      "lanes",
      "Agreement of metrics",
      "Heat map of the rank correlations between metrics over the lanes.",
      f"Spearman's correlation over {len(record.lanes)} lanes.",
      figures.agreement(figures.rank_correlations(scores), list(scores)),
    )


def _seeds(record, scores, label, numbers) -> Iterator[Picture]:
  """Violins of the headline score where a setting has several seeds."""
  name, values = next(iter(scores.items()))
  groups = {f"{label} {n:g}": values[numbers == n] for n in np.unique(numbers)}
  if len(values) > len(groups):
    yield Picture(
      "violins",
      "lanes",
      f"Spread of {name} over seeds",
      f"Violin plots of {name}, one for each {label}.",
      "Points are lanes, the bar is their median.",
      figures.score_violins(groups, ylabel=name),
    )


# Quantities of the model itself; every other number of a result is a score.
UNSCORED = (
  "reconstruction",
  "kl",
  "elbo",
  "active_units",
  "mi",
  "tc",
  "dwkl",
  "loss",
)


def supervised(record: Record) -> dict[str, np.ndarray]:
  """Headline scores: name -> (L,), without their parts ("dci.completeness")."""
  return {
    name: values
    for name, values in record.scores.items()
    if name not in UNSCORED and "." not in name and np.isfinite(values).any()
  }


def _picture(
  record: Record, lane: int, name, heading, alt, caption, figure, *, chart=True
) -> Picture:
  """A lane's picture; its name and its text say which lane's."""
  alt = f"{alt}, {lane_title(record, lane)}."
  return Picture(
    f"lane{lane}_{name}", lane, heading, alt, caption, figure, chart=chart
  )


def _images(record: Record, lane: int) -> Iterator[Picture]:
  shown = record.pictures
  if not shown:
    return
  picture, kl = partial(_picture, record, lane, chart=False), shown["kl"][lane]
  yield picture(
    "reconstructions",
    "Reconstructions",
    "Images above their reconstructions: best, median and worst",
    f"The best, median and worst of {len(shown['indices'])} random images.",
    figures.reconstructions(
      shown["originals"][lane],
      shown["reconstructions"][lane],
      shown["errors"][lane],
    ),
  )
  for i, base in enumerate(shown["traversals"][lane][:1]):
    yield picture(
      f"traversals{i}",
      "Traversals from a posterior mean",
      "Rows of decodings while one latent moves, sorted by KL",
      "Each row moves one latent and keeps the others at an image's posterior"
      " mean; inactive latents are dimmed.",
      figures.traversals(base, kl, shown["values"]),
    )
  yield picture(
    "prior_traversals",
    "Traversals from the prior's mean",
    "Rows of decodings while one latent moves and the others are zero",
    "The same from z = 0.",
    figures.traversals(shown["prior_traversals"][lane], kl, shown["values"]),
  )
  yield picture(
    "samples",
    "Samples from the prior",
    "Decoded draws from the prior",
    "Decodings of z ~ N(0, I).",
    figures.samples(shown["samples"][lane]),
  )
  yield picture(
    "interpolations",
    "Interpolations",
    "Rows of decodings between two images",
    "Straight lines between two posterior means.",
    figures.interpolations(shown["interpolations"][lane]),
  )
  if shown["walk_latents"].shape[1] == 2:
    yield _walk(shown, lane, picture)


def _walk(shown, lane: int, picture) -> Picture:
  latents = shown["walk_latents"][lane]
  names = [f"z{d}" for d in latents]
  return picture(
    "walk",
    "A walk along a circle",
    f"Decodings around a circle in the plane of {names[0]} and {names[1]}",
    "The two latents of the largest KL follow a circle of radius 1.5; dots"
    " are posterior means.",
    figures.walk(
      shown["walks"][lane],
      shown["walk_paths"][lane],
      shown["means"][lane][:, latents],
      names=names,
    ),
  )


def _latents(record: Record, lane: int) -> Iterator[Picture]:
  picture = partial(_picture, record, lane)
  if record.codes and "factors" in record.codes:
    yield from _selectivity(record, lane, picture)
  shown = record.pictures
  if not shown:
    return
  yield picture(
    "anomalies",
    "Unusual images",
    "Histograms of the negative ELBO of usual and unusual images",
    f"The negative ELBO tells {shown['anomaly_names'][0]} from"
    f" {shown['anomaly_names'][1]} as well as the area under the ROC says.",
    figures.anomaly_histograms(
      shown["usual"][lane],
      shown["unusual"][lane],
      label="-ELBO, nats per image",
      names=list(shown["anomaly_names"]),
    ),
  )
  yield from _clouds(record, lane, picture)


def _selectivity(record, lane, picture) -> Iterator[Picture]:
  assert record.codes is not None
  means, factors = record.codes["means"][lane], record.codes["factors"]
  names = [str(name) for name in record.codes["factor_names"]]
  kl = _kl(record, lane)
  yield picture(
    "factors",
    "What each latent knows",
    "Heat map of the mutual information between factors and latents",
    "Mutual information of factor and latent over the factor's entropy (20"
    " bins); latents sorted by KL.",
    figures.factor_matrix(normalised_mi(means, factors), names, kl),
  )
  yield picture(
    "selectivity",
    "Unit selectivity",
    "Mean response of each active latent to each factor",
    "Mean posterior mean over all images that share a position, or a shape and"
    " one more factor (Higgins et al. 2016).",
    figures.unit_selectivity(means, factors, names, kl),
  )


def _kl(record, lane) -> np.ndarray:
  """KL per latent (D,), the one that the other pictures are sorted by."""
  if record.pictures:
    return record.pictures["kl"][lane]
  means, logvars = (record.codes[name][lane] for name in ("means", "logvars"))
  return 0.5 * (means**2 + np.exp(logvars) - logvars - 1).mean(0)


def normalised_mi(codes, factors) -> np.ndarray:
  """I(z_d; v_k) / H(v_k) from 20 bins per latent, at most ROWS random rows.

  Args:
    codes: (N, D).
    factors: (N, K) integers.

  Returns:
    (K, D) in [0, 1]; zero for a factor of one value.
  """
  if len(codes) > ROWS:
    rows = np.random.default_rng(0).choice(len(codes), ROWS, replace=False)
    codes, factors = codes[rows], factors[rows]
  information = mutual_information(histogram_bins(codes), factors)
  return (information / np.maximum(entropy(factors), 1e-12)).T


def cloud_over_training(record: Record, lane: int) -> list[Figure]:
  """Clouds of one lane in the plane and colours of its still one.

  Returns:
    One figure a step, all with the same axes; [] for fewer than two steps, a
    data set that is no grid of its factors, or means that aren't finite.
  """
  shown, clouds = record.pictures, record.clouds
  sizes = record.data.get("factors")
  if not (shown and clouds and _has_plane(shown) and isinstance(sizes, dict)):
    return []
  order, factor = _plane(shown, lane)
  means = clouds.means[:, lane][..., order[:2]]
  if len(means) < 2 or not np.isfinite(means).all():
    return []
  factors = np.unravel_index(clouds.indices, tuple(sizes.values()))
  return [
    figures.posterior_cloud(
      cloud,
      factors[factor],
      label=list(sizes)[factor],
      names=[f"z{d}" for d in order[:2]],
      title=f"step {step}",
      reach=max(3.6, 1.05 * np.abs(means).max()),
    )
    for step, cloud in zip(clouds.steps, means, strict=True)
  ]


def _has_plane(shown) -> bool:
  return "factors" in shown and shown["kl"].shape[1] > 1


def _plane(shown, lane: int) -> tuple[np.ndarray, int]:
  """Latents by KL, and the factor that the first of them follows best."""
  order = figures.order_by_kl(shown["kl"][lane])
  shares = normalised_mi(shown["means"][lane], shown["factors"])
  return order, int(shares[:, order[0]].argmax())


def _clouds(record, lane, picture) -> Iterator[Picture]:
  shown = record.pictures
  if not _has_plane(shown):
    return
  means, factors = shown["means"][lane], shown["factors"]
  names = [str(name) for name in shown["factor_names"]]
  order, factor = _plane(shown, lane)
  axes = [f"z{d}" for d in order[:3]]
  yield picture(
    "cloud",
    "Posterior means",
    f"Scatter plot of posterior means coloured by {names[factor]}",
    "The two latents of the largest KL; circles hold one and two standard"
    " deviations of the prior.",
    figures.posterior_cloud(
      means[:, order[:2]], factors[:, factor], label=names[factor], names=axes
    ),
  )
  if len(order) > 2:
    yield picture(
      "cloud_3d",
      "Posterior means in three latents",
      f"Scatter plot of posterior means coloured by {names[factor]}",
      "The three latents of the largest KL; circles hold two standard"
      " deviations of the prior.",
      figures.posterior_cloud_3d(
        means[:, order[:3]], factors[:, factor], label=names[factor], names=axes
      ),
    )
