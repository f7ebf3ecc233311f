"""Linear support vector machines of one feature, solved exactly."""

from collections.abc import Callable

import numpy as np

from dvae_jax.metrics.linear import Linear


def fit_line_svc(
  x: np.ndarray, labels: np.ndarray, *, cost: float = 0.01
) -> list[Linear]:
  """Linear support vector machines from one feature to several labels.

  The minimum of scikit-learn's LinearSVC(C=cost, class_weight="balanced"), one
  class against the rest: squared hinge loss, the offset penalised like the
  slope, a class's own rows weighted by N / (C count) and, as LIBLINEAR has it,
  the others by 1 unless there are two classes. The sums over the rows beyond a
  margin are differences of running sums, so a Newton step for all the P classes
  of all labels costs O(P log N).

  Args:
    x: (N,) feature, ascending.
    labels: (N, K) classes 0, 1, ... of each label, in the order of x.
    cost: weight of the loss against the penalty.

  Returns:
    K sets of decision functions.
  """
  num_rows = len(labels)
  counts = [np.bincount(label) for label in labels.T]
  ends = np.cumsum([len(count) for count in counts])
  starts = ends - [len(count) for count in counts]
  total = int(ends[-1])
  own, other = _moments_below(x, labels + starts, total)
  weights = [num_rows / (len(c) * np.maximum(c, 1)) for c in counts]
  rests = [w[::-1] if len(w) == 2 else np.ones(len(w)) for w in weights]
  weight, rest = np.concatenate(weights), np.concatenate(rests)
  all_own, all_other = (f(np.full(total, np.inf)) for f in (own, other))

  def evaluate(slope, offset):
    with np.errstate(divide="ignore", invalid="ignore"):
      upper, lower = (1 - offset) / slope, (-1 - offset) / slope
    rising = slope >= 0
    inside, outside = own(upper), other(lower)
    inside = np.where(rising, inside, all_own - inside)
    outside = np.where(rising, all_other - outside, outside)
    return _loss(slope, offset, cost * weight * inside, cost * rest * outside)

  slope, offset = _newton(evaluate, total)
  return [
    Linear(slope[i:j, None], offset[i:j])
    for i, j in zip(starts, ends, strict=True)
  ]


def _moments_below(
  x: np.ndarray, classes: np.ndarray, num_classes: int
) -> tuple[Callable, Callable]:
  """Sums of 1, x, x^2 over the rows with x below a threshold per class.

  Args:
    x: (N,) ascending.
    classes: (N, K); no two columns share a class.
    num_classes: P, over all columns.

  Returns:
    Two functions from (P,) thresholds to (3, P) sums: over a class's rows, and
    over all others.
  """
  moments = np.stack([np.ones(len(x)), x, x * x])
  # A row's place among those of its class: (class, row), sorted as one number.
  keys = np.sort((classes * len(x) + np.arange(len(x))[:, None]).ravel())
  running = _running_sum(moments)
  by_class = _running_sum(moments[:, keys % len(x)])
  first = np.arange(num_classes) * len(x)
  before = by_class[:, np.searchsorted(keys, first)]

  def own(threshold):
    rank = np.searchsorted(x, threshold)
    return by_class[:, np.searchsorted(keys, first + rank)] - before

  def other(threshold):
    return running[:, np.searchsorted(x, threshold)] - own(threshold)

  return own, other


def _running_sum(moments: np.ndarray) -> np.ndarray:
  return np.pad(np.cumsum(moments, axis=1), [(0, 0), (1, 0)])


def _loss(slope, offset, inside, outside):
  """Value (C,), gradient (2, C) and curvature (3, C) of the penalised loss.

  Args:
    slope: (C,) a of the margin a x + b.
    offset: (C,) b.
    inside: (3, C) weighted sums of 1, x, x^2 over own rows with margin under 1.
    outside: (3, C) the same over the other rows with margin over -1.
  """
  both, difference = inside + outside, inside - outside
  # sum c (a x + b -+ 1)^2 = sum c (a x + b)^2 -+ 2 sum c (a x + b) + sum c
  square = (
    slope**2 * both[2] + 2 * slope * offset * both[1] + offset**2 * both[0]
  )
  linear = slope * difference[1] + offset * difference[0]
  value = (slope**2 + offset**2) / 2 + square - 2 * linear + both[0]
  gradient = np.stack(
    [
      slope + 2 * (slope * both[2] + offset * both[1] - difference[1]),
      offset + 2 * (slope * both[1] + offset * both[0] - difference[0]),
    ]
  )
  curvature = np.stack([1 + 2 * both[2], 2 * both[1], 1 + 2 * both[0]])
  return value, gradient, curvature


def _newton(evaluate: Callable, num_classes: int) -> np.ndarray:
  """Minimises P convex functions of (slope, offset), halving bad steps: (2, P).

  Args:
    evaluate: (P,) slopes, (P,) offsets -> what `_loss` returns.
    num_classes: P.
  """
  point = np.zeros((2, num_classes))
  best, gradient, curvature = evaluate(*point)
  step = _newton_step(gradient, curvature)
  for _ in range(100):
    value, gradient, curvature = evaluate(*(point + step))
    better = value < best
    point = np.where(better, point + step, point)
    best = np.where(better, value, best)
    step = np.where(better, _newton_step(gradient, curvature), step / 2)
    if (np.abs(step) <= 1e-9 * (1 + np.abs(point))).all():
      break
  return point


def _newton_step(gradient: np.ndarray, curvature: np.ndarray) -> np.ndarray:
  """Minus the inverse of the matrices [[p, q], [q, r]] times the gradients."""
  (p, q, r), (s, t) = curvature, gradient
  return np.stack([q * t - r * s, q * s - p * t]) / (p * r - q * q)
