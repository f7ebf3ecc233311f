"""InfoMEC: modularity, compactness and explicitness in one currency."""

import numpy as np
from scipy.special import digamma, log_softmax

from dvae_jax.metrics.information import entropy, mutual_information
from dvae_jax.metrics.linear import decide, fit_logistic
from dvae_jax.metrics.sampling import draw_rows, repeat, split, tell_draws

NUM_ROWS = 10_000


def infomec(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  discrete: bool = False,
  num_neighbours: int = 10,
) -> dict[str, float | str]:
  """InfoModularity, InfoCompactness and InfoExplicitness.

  Hsu et al. 2023 (arXiv:2305.18378), section 4, as the authors' standalone file
  computes it. Shares are I(v_k; z_j) / H(v_k) over the active latents: those
  whose range is over 1/20 of the largest one, or, of discrete codes, not zero.

    infom = mean_j(max_k share / sum_k share), from [1/K, 1] to [0, 1]
    infoc = mean_k(max_j share / sum_j share), from [1/D, 1] to [0, 1]
    infoe = mean_k(1 - H_linear(v_k | z) / H_linear(v_k))

  The information of a continuous latent about a factor is estimated by nearest
  neighbours (Ross 2014), that of a discrete one by counting. H_linear is the
  cross-entropy of logistic regression without penalty, all values of a factor
  weighing the same in the fit, from standardised codes, or from the one-hot
  values of discrete ones; that of nothing is the logarithm of the number of
  values. It is taken on the rows fitted on, as the authors take it;
  `infoe_held_out` is that of the other third after fitting on two thirds, 0
  where a factor is predicted worse than by nothing.

  Where the published file divides by zero: a latent with no information counts
  0 in infom, a factor that no latent tells counts 0 in infoc; with one active
  latent infoc is 1 (if it tells anything), with one factor infom is.

  Args:
    codes: (N, D) numbers.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    discrete: whether a latent takes few values.
    num_neighbours: k of the estimator.

  Returns:
    `infomec` (infom under the metric's name), `infom`, `infoc`, `infoe`,
    `infoe_held_out`, `active_latents` (their number), `infomec_spread` and
    `infoe_spread` (see `sampling.repeat`), and `variant`.

  Raises:
    ValueError: fewer than three rows.
  """

  def draw():
    rows = draw_rows(len(codes), NUM_ROWS, rng)
    return codes[rows], factors[rows]

  def once():
    z, v = draw()
    ranges = np.ptp(z, axis=0)
    active = ranges > (0 if discrete else ranges.max() / 20)
    shares = _shares(z[:, active], v, discrete, num_neighbours, rng)
    infom = _concentration(shares.T)
    return {
      "infomec": infom,
      "infom": infom,
      "infoc": _concentration(shares),
      "active_latents": float(active.sum()),
    }

  def probe():
    z, v = draw()
    return {"infoe": explicitness(z, v, z, v, discrete=discrete)}

  values, draws = repeat(once, most=10)
  values |= repeat(probe, most=10)[0]
  rows = split(codes, factors, num_train=6667, num_test=3333, rng=rng)
  values["infoe_held_out"] = explicitness(*rows, discrete=discrete)
  kind = "counted" if discrete else f"k = {num_neighbours}"
  told = tell_draws(len(codes), NUM_ROWS, draws).replace("dlib", "hsu2023")
  return {**values, "variant": f"{told}, {kind}, infoe in-sample"}


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
  order = np.argsort(values)
  line, labels = values[order], labels[keep][order]
  if len(counts) <= 2**16:
    labels = labels.astype(np.uint16)  # sorted by radix, in linear time
  grouped = line[np.argsort(labels, kind="stable")]
  counts = counts[counts > 1]
  neighbours = np.minimum(num_neighbours, counts - 1)
  balls = np.empty((2, len(line)))
  for k in np.unique(neighbours):
    rows = np.repeat(neighbours == k, counts)
    balls[:, rows] = _balls(grouped[rows], counts[neighbours == k], int(k))
  lower, upper = balls
  inside = np.searchsorted(line, upper) - np.searchsorted(line, lower, "right")
  estimate = (
    digamma(len(values))
    + np.average(digamma(neighbours) - digamma(counts), weights=counts)
    - digamma(np.arange(1, inside.max() + 1))[inside - 1].mean()
  )
  return max(0.0, float(estimate))


def _balls(values: np.ndarray, counts: np.ndarray, k: int) -> np.ndarray:
  """Open intervals around points that reach their k-th neighbours.

  The end that is the neighbour itself is its exact value, so that rounding
  never counts it as inside.

  Args:
    values: (n,) group after group, each sorted.
    counts: points of each group, more than k.
    k: which neighbour.

  Returns:
    (2, n), lower and upper ends.
  """
  groups = np.repeat(np.arange(1, len(counts) + 1), counts)
  place = np.arange(len(values)) + k * groups  # k empty places between groups
  size = len(values) + k * (len(counts) + 1)
  low, line, high = (
    np.full(size, -np.inf),
    np.zeros(size),
    np.full(size, np.inf),
  )
  low[place] = line[place] = high[place] = values
  line = line[k : size - k]
  ends, reach = (line, line), np.full(len(line), np.inf)
  for a in range(k + 1):
    lows, highs = low[k - a : size - k - a], high[2 * k - a : size - a]
    further = np.maximum(line - lows, highs - line)
    nearer = further < reach
    reach = np.where(nearer, further, reach)
    ends = np.where(nearer, lows, ends[0]), np.where(nearer, highs, ends[1])
  low, high, line = ends[0][place - k], ends[1][place - k], values
  left, right = line - low, high - line
  return np.stack(
    [
      np.where(left >= right, low, line - right),
      np.where(right >= left, high, line + left),
    ]
  )


def _shares(codes, factors, discrete, num_neighbours, rng) -> np.ndarray:
  """I(v_k; z_j) / H(v_k): (K, D)."""
  present = entropy(factors)
  if discrete:
    table = mutual_information(number_values(codes), factors).T
  else:
    table = np.array(
      [
        [knn_information(z, labels, num_neighbours, rng) for z in codes.T]
        for labels in factors.T
      ]
    ).reshape(len(present), -1)
  # A factor that happens to have one value among the rows has no entropy.
  return table / np.where(present > 0, present, 1)[:, None]


def number_values(codes: np.ndarray) -> np.ndarray:
  """Numbers the values of (N, D) codes from 0, for Hsu et al. 2023."""
  columns = [np.unique(z, return_inverse=True)[1] for z in codes.T]
  return np.stack(columns, 1) if columns else np.empty(codes.shape, np.int64)


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


def explicitness(
  x: np.ndarray,
  y: np.ndarray,
  x_test: np.ndarray,
  y_test: np.ndarray,
  *,
  discrete: bool,
) -> float:
  """InfoE of Hsu et al. 2023: the share that a linear probe tells.

  Args:
    x: (N, D) codes to fit on.
    y: (N, K) integers.
    x_test: (M, D) codes to score on.
    y_test: (M, K) integers.
    discrete: whether features are one-hot values.

  Returns:
    Mean over factors, 0 at least.
  """
  if discrete:
    features, test = _one_hot(x, x_test)
  else:
    mean, sd = x.mean(0), x.std(0)
    scale = np.where(sd > 0, sd, 1)
    features, test = (x - mean) / scale, (x_test - mean) / scale
  shares = [
    _predicted_share(features, labels, test, truth)
    for labels, truth in zip(y.T, y_test.T, strict=True)
  ]
  return float(np.mean(shares))


def _one_hot(x, x_test) -> tuple[np.ndarray, np.ndarray]:
  """Indicators of the values of x; values seen in x_test only are all zero."""
  values = [np.unique(column) for column in x.T]
  indicators = lambda table: np.concatenate(
    [c[:, None] == v for c, v in zip(table.T, values, strict=True)], axis=1
  ).astype(float)
  return indicators(x), indicators(x_test)


def _predicted_share(x, labels, x_test, truth) -> float:
  values, labels = np.unique(labels, return_inverse=True)
  seen = np.isin(truth, values)  # others have no prediction
  if len(values) < 2 or not seen.any():
    return 0.0
  model = fit_logistic(x, labels, penalty=0.0, balanced=True)
  log_p = log_softmax(decide(model, x_test[seen]), axis=1)
  target = np.searchsorted(values, truth[seen])
  loss = -log_p[np.arange(len(target)), target].mean()
  return max(0.0, float(1 - loss / np.log(len(values))))
