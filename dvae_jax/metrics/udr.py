"""Unsupervised disentanglement ranking: many models, no labels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

INFORMATIVE_KL = 0.01  # nats; with less a latent is inactive, everywhere
FORMS = ("udr", "udr_a2a")
TWIN_ROWS = 1000  # images on which two models are recognised as one training
TWIN_DISTANCE = 0.05  # over their size: twins measured 0, seeds 1.1 and more
LASSO_PENALTY = 0.1
SWEEPS = 1000  # of coordinate descent, at most


class Model(NamedTuple):
  """One lane of a run, as methods of choice without labels read it.

  Attributes:
    run: the run directory.
    lane: its number in the run.
    setting: equal texts for models that differ in their seed only.
    seed: of the training.
    codes: (N, D) codes.
    kl: (D,) mean KL to the prior of each latent, nats.
  """

  run: str
  lane: int
  setting: str
  seed: int | None
  codes: np.ndarray
  kl: np.ndarray


def rank(
  models: Sequence[Model],
  *,
  form: str = "udr",
  correlation: str = "lasso",
  normalisation: str = "paper",
) -> tuple[np.ndarray, str]:
  """Unsupervised disentanglement ranking of the lanes of runs.

  Duan et al. 2020 (arXiv:1905.12614), section 4. "udr" compares a model with
  those of its own setting and other seeds, "udr_a2a" with all. A model that was
  trained twice, under one name or two, counts once and is not its own partner.

  Args:
    models: those that didn't diverge; codes of the same N images.
    form: "udr" or "udr_a2a".
    correlation: see `udr`.
    normalisation: see `udr`.

  Returns:
    (L,) scores from 0 to 1, NaN where a model has no partner; and the variant.

  Raises:
    ValueError: an unknown form, no two models to compare, or what `udr`
      refuses.
  """
  if form not in FORMS:
    raise ValueError(f"form: {form!r}; must be one of {FORMS}")
  first = first_twins(models)
  partners = np.array(
    [[_partners(a, b, form) for b in models] for a in models], bool
  ).reshape(len(models), len(models))
  partners &= first[:, None] != first
  partners[:, first != np.arange(len(models))] = False
  if not partners.any():
    raise ValueError(
      f"{form}: no two of the {len(models)} models can be compared: "
      + (
        "none has a partner of the same setting and another seed; add seeds, or"
        " compare all with udr_a2a"
        if form == "udr"
        else "it takes two that are not the same training"
      )
    )
  values = udr(
    [model.codes for model in models],
    [model.kl for model in models],
    correlation=correlation,
    normalisation=normalisation,
    partners=partners,
  )
  shown = "1/(d_a + d_b)" if normalisation == "paper" else "mean of two means"
  return values, f"duan2020 {form}, {correlation}, {shown}"


def _partners(a: Model, b: Model, form: str) -> bool:
  alike = a.setting == b.setting
  return a.seed != b.seed if alike else form == "udr_a2a"


def first_twins(models: Sequence[Model]) -> np.ndarray:
  """First model of the same training as each, (L,) (Duan et al. 2020).

  The same run twice, or two names of one training, such as beta-TCVAE and
  beta-VAE at beta 1: their codes differ by rounding only, while seeds permute
  and flip latents.
  """
  first = np.arange(len(models))
  sample = [model.codes[:TWIN_ROWS].astype(np.float64) for model in models]
  for i, own in enumerate(sample):
    allowed = TWIN_DISTANCE * np.linalg.norm(own - own.mean(0))
    for j in range(i):
      if own.shape == sample[j].shape and (
        np.linalg.norm(own - sample[j]) <= allowed
      ):
        first[i] = first[j]
        break
  return first


def udr(
  codes: Sequence[np.ndarray],
  kl: Sequence[np.ndarray],
  *,
  correlation: str = "lasso",
  normalisation: str = "paper",
  partners: np.ndarray | None = None,
) -> np.ndarray:
  """Scores each model by how well other models find the same latents.

  Duan et al. 2020 (arXiv:1905.12614), section 4. Two models are as similar as
  the matrix R of their informative latents is close to a permutation:

    [sum_b max_a R^2 / sum_a R + sum_a max_b R^2 / sum_b R] / (d_a + d_b)

  or, as disentanglement_lib has it, the mean of the two sums, each over its own
  number of latents. A model's score is the median over its partners. R is
  either the absolute Spearman correlation, or the absolute weights of a Lasso
  that predicts the model's latents from all of the other's; both standardised.
  Informative is a latent with a mean KL above INFORMATIVE_KL; a pair in which
  one model has none scores 0.

  Args:
    codes: L arrays (N, D_l): the same N images in the same order.
    kl: L arrays (D_l,): mean KL of each latent to the prior, nats.
    correlation: "lasso" or "spearman".
    normalisation: "paper" or "dlib".
    partners: (L, L) booleans: row l marks those that model l is compared with;
      None for all others.

  Returns:
    (L,) scores from 0 to 1, NaN where a model has no partner.

  Raises:
    ValueError: fewer than two models, arrays that don't fit together, codes
      that aren't finite, or an unknown correlation or normalisation.
  """
  if normalisation not in ("paper", "dlib"):
    raise ValueError(
      f"normalisation: {normalisation!r}; must be 'paper' or 'dlib'"
    )
  informative = _informative(codes, kl)
  if partners is None:
    partners = ~np.eye(len(codes), dtype=bool)
  similar = _similarities(informative, correlation, normalisation)
  return np.array(
    [
      np.median(similar[mine, j]) if mine.any() else np.nan
      for j, mine in enumerate(partners)
    ]
  )


def _similarities(
  informative: list[np.ndarray], correlation: str, normalisation: str
) -> np.ndarray:
  """(L, L): how well model i's informative latents give those of model j."""
  ends = np.cumsum([0] + [z.shape[1] for z in informative])
  blocks = [slice(a, b) for a, b in pairwise(ends)]
  table = np.concatenate(informative, axis=1).astype(np.float64)
  if correlation == "spearman":
    from scipy.stats import rankdata

    table = rankdata(table, axis=0)
  elif correlation != "lasso":
    raise ValueError(
      f"correlation: {correlation!r}; must be 'lasso' or 'spearman'"
    )
  table -= table.mean(0)
  sd = table.std(0)
  table /= np.where(sd > 0, sd, 1)
  products = table.T @ table / len(table)
  similar = np.zeros((len(blocks), len(blocks)))
  for i, own in enumerate(blocks):  # predicts all the others
    weights = products[own]
    if correlation == "lasso":
      weights = _lasso(products, own)
    for j, other in enumerate(blocks):
      similar[i, j] = _similarity(np.abs(weights[:, other]), normalisation)
  return similar


def _informative(codes, kl) -> list[np.ndarray]:
  """The informative columns of each model, after checking that all fit."""
  if len(codes) < 2 or len(codes) != len(kl):
    raise ValueError(
      f"codes and kl: {len(codes)} and {len(kl)} models; must be as many,"
      " two or more"
    )
  for number, (z, divergence) in enumerate(zip(codes, kl, strict=True)):
    if z.ndim != 2 or len(z) != len(codes[0]) or len(z) < 2:
      raise ValueError(
        f"codes: model {number} has shape {z.shape}; must be (N, D) with the"
        f" rows of model 0, {codes[0].shape}, and two or more"
      )
    if not np.isfinite(z).all() or divergence.shape != z.shape[1:]:
      raise ValueError(
        f"codes and kl: model {number} has codes that aren't finite, or not one"
        f" KL for each latent ({divergence.shape} for {z.shape})"
      )
  return [z[:, d > INFORMATIVE_KL] for z, d in zip(codes, kl, strict=True)]


def _similarity(weights: np.ndarray, normalisation: str) -> float:
  """Closeness of (d_a, d_b) non-negative weights to a permutation."""
  if weights.size == 0:
    return 0.0
  totals = []
  for axis in (0, 1):
    sums = weights.sum(axis)
    squares = weights.max(axis) ** 2
    totals.append((squares[sums > 0] / sums[sums > 0]).sum())
  if normalisation == "dlib":
    return (
      float(totals[0] / weights.shape[1] + totals[1] / weights.shape[0]) / 2
    )
  return float(sum(totals) / sum(weights.shape))


def _lasso(products: np.ndarray, own: slice) -> np.ndarray:
  """Lasso weights of some columns in predicting every column.

  Coordinate descent for all targets at once on the standardised columns'
  products: minimises |y - x w|^2 / (2 N) + LASSO_PENALTY |w|_1.

  Args:
    products: (C, C) x^T x / N of the standardised columns.
    own: the predicting columns.

  Returns:
    (predicting columns, C) weights.
  """
  gram, aims = products[own, own], products[own]
  weights = np.zeros_like(aims)
  for _ in range(SWEEPS):
    change = 0.0
    for a in range(len(gram)):
      if gram[a, a] == 0:  # a constant column
        continue
      pull = aims[a] - gram[a] @ weights + gram[a, a] * weights[a]
      shrunk = np.maximum(np.abs(pull) - LASSO_PENALTY, 0) / gram[a, a]
      new = np.copysign(shrunk, pull)
      change = max(change, np.abs(new - weights[a]).max(initial=0))
      weights[a] = new
    if change < 1e-8:
      break
  return weights
