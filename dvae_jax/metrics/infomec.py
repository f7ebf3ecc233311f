"""InfoMEC: modularity, compactness and explicitness in one currency."""

import warnings

import numpy as np
from scipy.special import digamma, log_softmax

from dvae_jax.metrics.information import entropy

TRAIN_ROWS = 10_000
TEST_ROWS = 5_000


def infomec(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_neighbours: int = 10,
) -> dict[str, float | str]:
  """InfoModularity, InfoCompactness and InfoExplicitness.

  Hsu et al. 2023 (arXiv:2305.18378), section 4. Shares are I(v_k; z_j) / H(v_k)
  over the active latents, those whose range is over 1/20 of the largest range:

    infom = mean_j(max_k share / sum_k share), from [1/K, 1] to [0, 1]
    infoc = mean_k(max_j share / sum_j share), from [1/D, 1] to [0, 1]
    infoe = mean_k(1 - H_linear(v_k | z) / H(v_k))

  The information of a continuous latent about a factor is estimated by nearest
  neighbours (Ross 2014), that of InfoE by logistic regression without penalty
  against the frequencies of the factor's values.

  Choices where the published versions differ: at most 15,000 rows are drawn,
  two thirds of them for the shares and to fit the regression, whose entropies
  are those of the other third; a factor that is predicted worse than by its
  frequencies counts 0; a latent with no information counts 0 in infom, a factor
  that no latent tells counts 0 in infoc; with one active latent infoc is 1 (if
  it tells anything), with one factor infom is.

  Args:
    codes: (N, D) numbers.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_neighbours: k of the estimator.

  Returns:
    `infom`, `infoc`, `infoe`, `infomec` (the headline, infom), `active_latents`
    (their number), and `variant`.
  """
  rows = rng.permutation(len(codes))[: TRAIN_ROWS + TEST_ROWS]
  train, test = np.split(rows, [len(rows) - len(rows) // 3])
  ranges = np.ptp(codes[train], axis=0)
  active = ranges > ranges.max() / 20
  shares = _shares(codes[train][:, active], factors[train], num_neighbours, rng)
  infom = _concentration(shares.T)
  return {
    "infomec": infom,
    "infom": infom,
    "infoc": _concentration(shares),
    "infoe": _explicitness(codes, factors, train, test),
    "active_latents": float(active.sum()),
    "variant": f"hsu2023, k = {num_neighbours}, held-out infoe",
  }


def knn_information(
  values: np.ndarray,
  labels: np.ndarray,
  num_neighbours: int,
  rng: np.random.Generator,
) -> float:
  """Information between a number and a label by nearest neighbours, in nats.

  Ross 2014 (doi:10.1371/journal.pone.0087357), equation 2. On a line, the k
  nearest neighbours of a point lie in one of the k + 1 windows of k + 1 sorted
  neighbours around it.

  Args:
    values: (N,) numbers; ties are broken by noise of 1e-10 of their spread.
    labels: (N,) integers from 0.
    num_neighbours: k; smaller where a label has fewer rows.
    rng: NumPy generator of the noise.

  Returns:
    The estimate, 0 where it is negative. Rows that are alone with their label
    are left out.
  """
  counts = np.bincount(labels)
  keep = counts[labels] > 1
  if not keep.any() or np.ptp(values[keep]) == 0:
    return 0.0
  values = (values[keep] - values[keep].mean()) / values[keep].std()
  values += 1e-10 * rng.standard_normal(len(values))
  order = np.lexsort((values, labels[keep]))
  values, counts = values[order], counts[counts > 1]
  groups = np.split(values, np.cumsum(counts)[:-1])
  neighbours = np.minimum(num_neighbours, counts - 1)
  balls = [_balls(g, int(k)) for g, k in zip(groups, neighbours, strict=True)]
  lower, upper = np.concatenate(balls, axis=1)
  line = np.sort(values)
  inside = np.searchsorted(line, upper) - np.searchsorted(line, lower, "right")
  estimate = (
    digamma(len(values))
    + np.average(digamma(neighbours) - digamma(counts), weights=counts)
    - digamma(inside).mean()
  )
  return max(0.0, float(estimate))


def _balls(line: np.ndarray, k: int) -> np.ndarray:
  """Open intervals around sorted points that reach their k-th neighbours.

  The end that is the neighbour itself is its exact value, so that rounding
  never counts it as inside. Returns (2, n): lower and upper ends.
  """
  n = len(line)
  padded = np.concatenate([np.full(k, -np.inf), line, np.full(k, np.inf)])
  low = np.stack([padded[k - a : k - a + n] for a in range(k + 1)])
  high = np.stack([padded[2 * k - a : 2 * k - a + n] for a in range(k + 1)])
  best = np.maximum(line - low, high - line).argmin(0)
  low, high = low[best, np.arange(n)], high[best, np.arange(n)]
  left, right = line - low, high - line
  return np.stack(
    [
      np.where(left >= right, low, line - right),
      np.where(right >= left, high, line + left),
    ]
  )


def _shares(codes, factors, num_neighbours, rng) -> np.ndarray:
  """I(v_k; z_j) / H(v_k): (K, D)."""
  present = entropy(factors)
  table = [
    [knn_information(column, labels, num_neighbours, rng) for column in codes.T]
    for labels in factors.T
  ]
  # A factor that happens to have one value among the rows has no entropy.
  return np.array(table) / np.where(present > 0, present, 1)[:, None]


def _concentration(shares: np.ndarray) -> float:
  """Mean over rows of max/sum, rescaled from [1/columns, 1] to [0, 1]."""
  if shares.size == 0:
    return 0.0
  total = shares.sum(1)
  told = total > 0
  top = np.where(told, shares.max(1), 1) / np.where(told, total, 1)
  columns = shares.shape[1]
  scaled = (top - 1 / columns) / (1 - 1 / columns) if columns > 1 else top
  return float(np.where(told, scaled, 0).mean())


def _explicitness(codes, factors, train, test) -> float:
  mean, sd = codes[train].mean(0), codes[train].std(0)
  inputs = (codes - mean) / np.where(sd > 0, sd, 1)
  shares = []
  for labels in factors.T:
    # A value that was not seen in training has no prediction.
    seen = test[np.isin(labels[test], labels[train])]
    shares.append(_predicted_share(inputs, labels, train, seen))
  return float(np.mean(shares))


def _predicted_share(inputs, labels, train, test) -> float:
  from sklearn.exceptions import ConvergenceWarning
  from sklearn.linear_model import LogisticRegression

  values, seen = np.unique(labels[train], return_counts=True)
  if len(values) < 2 or len(test) == 0:
    return 0.0
  target = np.searchsorted(values, labels[test])
  null = -np.log(seen / seen.sum())[target].mean()
  model = LogisticRegression(C=np.inf, max_iter=200)
  with warnings.catch_warnings():
    # Separable labels have no finite optimum; 200 steps come close enough.
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(inputs[train], labels[train])
  logits = model.decision_function(inputs[test])
  if len(values) == 2:
    logits = np.stack([np.zeros(len(test)), logits], axis=1)
  log_p = log_softmax(logits, axis=1)
  loss = -log_p[np.arange(len(test)), target].mean()
  return max(0.0, float(1 - loss / null))
