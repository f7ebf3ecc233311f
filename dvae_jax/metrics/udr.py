"""Unsupervised disentanglement ranking: many models, no labels."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

INFORMATIVE_KL = 0.01  # nats
LASSO_PENALTY = 0.1
SWEEPS = 1000  # of coordinate descent, at most


def udr(
  codes: Sequence[np.ndarray],
  kl: Sequence[np.ndarray],
  *,
  correlation: str = "lasso",
) -> np.ndarray:
  """Scores each model by how well the other models find the same latents.

  Duan et al. 2020 (arXiv:1905.12614), section 4. Two models are as similar as
  the matrix R of their informative latents is close to a permutation:

    [sum_b max_a R^2 / sum_a R + sum_a max_b R^2 / sum_b R] / (d_a + d_b)

  A model's score is the median over all other models. R is either the absolute
  Spearman correlation, or the absolute weights of a Lasso that predicts the
  model's latents from all of the other's; both standardised. Informative is a
  latent with a mean KL above INFORMATIVE_KL; a pair in which one model has none
  scores 0.

  Args:
    codes: L arrays (N, D_l): the same N images in the same order.
    kl: L arrays (D_l,): mean KL of each latent to the prior, nats.
    correlation: "lasso" or "spearman".

  Returns:
    (L,) scores from 0 to 1.

  Raises:
    ValueError: fewer than two models, arrays that don't fit together, codes
      that aren't finite, or an unknown correlation.
  """
  informative = _informative(codes, kl)
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
  similar = np.zeros((len(codes), len(codes)))
  for i, own in enumerate(blocks):  # predicts all the others
    weights = products[own]
    if correlation == "lasso":
      weights = _lasso(products, own)
    for j, other in enumerate(blocks):
      similar[i, j] = _similarity(np.abs(weights[:, other]))
  others = ~np.eye(len(codes), dtype=bool)
  return np.array(
    [np.median(similar[others[:, j], j]) for j in range(len(codes))]
  )


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


def _similarity(weights: np.ndarray) -> float:
  """Closeness of (d_a, d_b) non-negative weights to a permutation."""
  if weights.size == 0:
    return 0.0
  total = 0.0
  for axis in (0, 1):
    sums = weights.sum(axis)
    squares = weights.max(axis) ** 2
    total += (squares[sums > 0] / sums[sums > 0]).sum()
  return float(total / sum(weights.shape))


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
