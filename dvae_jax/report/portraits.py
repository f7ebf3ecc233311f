"""Which figures a run gives of one lane: a record in, figures out."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from dvae_jax import metrics
from dvae_jax.report import figures
from dvae_jax.report.figures import Usage, usage
from dvae_jax.report.gallery import Picture
from dvae_jax.report.records import Record, lane_title

ROWS = 20_000  # codes that a factor x latent matrix is estimated from


def draw(record: Record, lane: int) -> Iterator[Picture]:
  """Yields the figures of a lane that the run's files have the numbers for.

  Args:
    record: the files.
    lane: which.
  """
  if record.pictures:
    yield from _images(record, lane)
  if record.codes and "factors" in record.codes:
    yield from _selectivity(record, lane)
  if record.pictures:
    yield _anomalies(record, lane)
    yield from _cloud(record, lane)


def lane_usage(record: Record, lane: int) -> Usage:
  """How much a lane's latents are used: of its pictures, else of its codes."""
  shown = record.pictures
  if shown:
    return usage(
      shown["kl"][lane] if "kl" in shown else None, shown["spread"][lane]
    )
  codes = record.codes
  assert codes is not None
  kl = codes["kl"][lane] if "kl" in codes else None
  return usage(kl, codes["means"][lane].std(0))


def code_name(record: Record) -> str:
  """What a code is: without a KL there is no posterior to have a mean."""
  shown = record.pictures or record.codes or {}
  return "posterior mean" if "kl" in shown else "code"


def normalised_mi(codes, factors, *, discrete: bool = False) -> np.ndarray:
  """I(z_d; v_k) / H(v_k), the metric `selectivity`'s matrix.

  Args:
    codes: (N, D); of many, ROWS random rows are read.
    factors: (N, K) integers that vary.
    discrete: whether a latent takes few values.

  Returns:
    (K, D) in [0, 1].
  """
  rng = np.random.default_rng(0)
  if len(codes) > ROWS:
    rows = rng.choice(len(codes), ROWS, replace=False)
    codes, factors = codes[rows], factors[rows]
  found = metrics.score(
    "selectivity", codes, factors, rng=rng, discrete=discrete
  )
  return np.array(found["selectivity_matrix"])


def _picture(
  record: Record, lane: int, name, heading, alt, caption, draw
) -> Picture:
  """A lane's picture; its name and its text say which lane's."""
  alt = f"{alt}, {lane_title(record, lane)}."
  return Picture(f"lane{lane}_{name}", lane, heading, alt, caption, draw)


def _images(record: Record, lane: int) -> Iterator[Picture]:
  shown = record.pictures
  assert shown is not None
  picture = partial(_picture, record, lane)
  use, code = lane_usage(record, lane), code_name(record)
  yield picture(
    "reconstructions",
    "Reconstructions",
    "Images above their reconstructions: best, median and worst",
    f"The best, median and worst of {len(shown['indices'])} random images.",
    partial(
      figures.reconstructions,
      shown["originals"][lane],
      shown["reconstructions"][lane],
      shown["errors"][lane],
    ),
  )
  yield picture(
    "traversals",
    f"Traversals from a {code}",
    f"Rows of decodings while one latent moves, sorted by {use.name}",
    f"Each row moves one latent and keeps the others at an image's {code};"
    " inactive latents are dimmed.",
    partial(
      figures.traversals, shown["traversals"][lane], use, shown["values"][lane]
    ),
  )
  yield picture(
    "interpolations",
    "Interpolations",
    "Rows of decodings between two images",
    f"Straight lines between two {code}s.",
    partial(figures.interpolations, shown["interpolations"][lane]),
  )
  if "samples" in shown:
    yield from _of_prior(shown, lane, use, picture)


def _of_prior(shown, lane: int, use: Usage, picture) -> Iterator[Picture]:
  """What only a model with a prior has."""
  yield picture(
    "prior_traversals",
    "Traversals from the prior's middle",
    "Rows of decodings while one latent moves and the others stay in the middle"
    " of the prior",
    "The same, with the other latents in the middle of the prior.",
    partial(
      figures.traversals,
      shown["prior_traversals"][lane],
      use,
      shown["values"][lane],
    ),
  )
  yield picture(
    "samples",
    "Samples from the prior",
    "Decoded draws from the prior",
    "Decodings of random draws from the prior.",
    partial(figures.samples, shown["samples"][lane]),
  )
  if "walks" not in shown:
    return
  latents = shown["walk_latents"][lane]
  names = [f"z{d}" for d in latents]
  yield picture(
    "walk",
    "A walk along a circle",
    f"Decodings around a circle in the plane of {names[0]} and {names[1]}",
    f"The two latents of the largest {use.name} follow a circle; dots are the"
    " codes of images.",
    partial(
      figures.walk,
      shown["walks"][lane],
      shown["walk_paths"][lane],
      shown["codes"][lane][:, latents],
      names=names,
    ),
  )


def _anomalies(record: Record, lane: int) -> Picture:
  shown = record.pictures
  assert shown is not None
  score = "-ELBO" if "kl" in shown else "reconstruction"
  usual, unusual = (str(name) for name in shown["anomaly_names"])
  return _picture(
    record,
    lane,
    "anomalies",
    "Unusual images",
    f"Histograms of the {score} of usual and unusual images",
    f"The {score} of each image tells {usual} from {unusual} as well as the"
    " area under the ROC says.",
    partial(
      figures.anomaly_histograms,
      shown["usual"][lane],
      shown["unusual"][lane],
      label=f"{score}, nats per image",
      names=[usual, unusual],
    ),
  )


def _selectivity(record: Record, lane: int) -> Iterator[Picture]:
  assert record.codes is not None
  codes, factors = record.codes["means"][lane], record.codes["factors"]
  if not np.isfinite(codes).all():
    return
  picture, code = partial(_picture, record, lane), code_name(record)
  names = [str(name) for name in record.codes["factor_names"]]
  use = lane_usage(record, lane)
  discrete = bool(record.codes.get("discrete", False))
  bins = "" if discrete else " (20 bins)"
  yield picture(
    "factors",
    "What each latent knows",
    "Heat map of the mutual information between factors and latents",
    f"Mutual information of factor and latent over the factor's entropy{bins};"
    f" latents sorted by {use.name}.",
    partial(
      figures.factor_matrix,
      normalised_mi(codes, factors, discrete=discrete),
      names,
      use,
    ),
  )
  if use.active().any():
    yield picture(
      "selectivity",
      "Unit selectivity",
      "Mean response of each active latent to each factor",
      f"The {code}, averaged over all images that share a position, or a shape"
      " and one more factor (Higgins et al. 2016).",
      partial(figures.unit_selectivity, codes, factors, names, use),
    )


def _has_plane(record: Record, lane: int) -> bool:
  shown = record.pictures
  return (
    shown is not None
    and "factors" in shown
    and shown["codes"].shape[2] > 1
    and bool(np.isfinite(shown["codes"][lane]).all())
  )


def _plane(record: Record, lane: int) -> tuple[np.ndarray, int]:
  """The two most used latents, and the factor that the first follows best."""
  shown = record.pictures
  assert shown is not None
  plane = lane_usage(record, lane).order()[:2]
  shares = normalised_mi(
    shown["codes"][lane], shown["factors"], discrete=bool(shown["discrete"])
  )
  return plane, int(shares[:, plane[0]].argmax())


def _cloud(record: Record, lane: int) -> Iterator[Picture]:
  if not _has_plane(record, lane):
    return
  shown, code = record.pictures, code_name(record)
  assert shown is not None
  plane, factor = _plane(record, lane)
  name, prior = str(shown["factor_names"][factor]), "kl" in shown
  circles = "; circles hold one and two standard deviations of the prior"
  yield _picture(
    record,
    lane,
    "cloud",
    f"{code.capitalize()}s",
    f"Scatter plot of {code}s coloured by {name}",
    f"The two latents of the largest {lane_usage(record, lane).name}"
    f"{circles if prior else ''}.",
    partial(
      figures.posterior_cloud,
      shown["codes"][lane][:, plane],
      shown["factors"][:, factor],
      label=name,
      names=[f"z{d}" for d in plane],
      prior=prior,
    ),
  )


def cloud_over_training(
  record: Record, lane: int
) -> tuple[Figure, np.ndarray, list[str]] | None:
  """Clouds of one lane in the plane and colours of its still one.

  Returns:
    The last step's figure, whose axes hold the points of all of T steps, their
    points (T, N, 2) and titles: what `figures.cloud_history` takes. None for
    fewer than two steps, a data set that is no grid of its factors, or codes
    that aren't finite.
  """
  shown, clouds = record.pictures, record.clouds
  sizes = record.data.get("factors")
  if not (shown and clouds and isinstance(sizes, dict)):
    return None
  codes = clouds.means[:, lane]
  if not (
    len(codes) > 1 and np.isfinite(codes).all() and _has_plane(record, lane)
  ):
    return None
  plane, factor = _plane(record, lane)
  codes, name = codes[..., plane], str(shown["factor_names"][factor])
  values = np.unravel_index(clouds.indices, tuple(sizes.values()))
  prior = "kl" in shown
  titles = [f"step {step}" for step in clouds.steps]
  figure = figures.posterior_cloud(
    codes[-1],
    values[list(sizes).index(name)],
    label=name,
    names=[f"z{d}" for d in plane],
    title=titles[-1],
    limits=figures.cloud_limits(codes, prior=prior),
    prior=prior,
  )
  return figure, codes, titles
