"""Gradient boosted classification trees of depth three, exact and fast.

The trees of scikit-learn's GradientBoostingClassifier with its defaults. That
sorts the rows of every node for every latent; here they are sorted once, and
the sorted rows of a node are divided between its children.
"""

from typing import NamedTuple

import numpy as np

STAGES = 100
DEPTH = 3
RATE = 0.1  # of learning
TIE = np.float32(1e-7)  # no split between values as close as this


class Node(NamedTuple):
  """Rows of a node in the order of each latent.

  Attributes:
    order: (D, n) row numbers, ascending in the latent of that line.
    values: (D, n) float32, the latents' values in that order.
    apart: (D, n - 1) whether a value lies apart from the one before.
    test: (m,) row numbers of test rows that fall into the node.
  """

  order: np.ndarray
  values: np.ndarray
  apart: np.ndarray
  test: np.ndarray


def boost(
  x: np.ndarray, y: np.ndarray, x_test: np.ndarray, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
  """Fits boosted trees of a class and applies them.

  Friedman 2001 (doi:10.1214/aos/1013203451), algorithm 6 (algorithm 5 with two
  classes): a stage fits a regression tree to each class's gradient, and each of
  its leaves takes a Newton step. Values are compared in float32.

  Args:
    x: (N, D) features.
    y: (N,) integers.
    x_test: (M, D) features.
    rng: NumPy generator; chooses between latents that split a node equally
      well.

  Returns:
    Importances (D,): each latent's share of the squared error that all splits
    take away, or zeros where nothing was split; and the classes (M,) of the
    test rows.
  """
  classes, y = np.unique(y, return_inverse=True)
  if len(classes) < 2:
    return np.zeros(x.shape[1]), np.full(len(x_test), classes[0])
  x, x_test = (np.ascontiguousarray(a.T, np.float32) for a in (x, x_test))
  order = np.argsort(x, axis=1, kind="stable")
  values = np.take_along_axis(x, order, 1)
  root = Node(order, values, _apart(values), np.arange(x_test.shape[1]))
  gains = np.zeros(len(x))
  truth = np.arange(len(classes))[:, None] == y
  prior = truth.mean(1)
  prior = np.log(prior / np.exp(np.log(prior).mean()))
  scores, test_scores = (
    np.repeat(prior[:, None], a.shape[1], 1) for a in (x, x_test)
  )
  for _ in range(STAGES):
    p = _softmax(scores)
    for k in range(len(classes)) if len(classes) > 2 else (1,):
      gradient = truth[k] - p[k]
      for leaf in _grow(root, gradient, x_test, gains, rng):
        rows = np.sort(leaf.order[0])
        step = RATE * _newton(gradient[rows], truth[k, rows], len(classes))
        scores[k, rows] += step
        test_scores[k, leaf.test] += step
  total = gains.sum()
  guess = classes[test_scores.argmax(0)]
  return (gains / total if total > 0 else gains), guess


def _apart(values: np.ndarray) -> np.ndarray:
  return values[:, 1:] > values[:, :-1] + TIE


def _softmax(scores: np.ndarray) -> np.ndarray:
  p = np.exp(scores - scores.max(0))
  return p / p.sum(0)


def _newton(gradient: np.ndarray, truth: np.ndarray, classes: int) -> float:
  """Friedman 2001, equation 36 (equation 27 with two classes)."""
  chance = truth - gradient
  curvature = (chance * (1 - chance)).mean()
  if curvature < 1e-150:
    return 0.0
  step = gradient.mean() / curvature
  return float(step * (classes - 1) / classes if classes > 2 else step)


def _grow(root: Node, gradient, x_test, gains, rng) -> list[Node]:
  """Leaves of a regression tree; adds to `gains` what its splits take away."""
  level = [root]
  leaves: list[Node] = []
  for depth in range(DEPTH):
    children: list[Node] = []
    for node in level:
      found = _best_split(node, gradient, rng)
      if found is None:
        leaves.append(node)
        continue
      latent, number, gain = found
      gains[latent] += gain
      test = _divide_test(node, latent, number, x_test)
      if depth < DEPTH - 1:
        children += _divide(node, latent, number, test)
      else:
        leaves += _leaves(node, latent, number, test)
    level = children
  return leaves


def _best_split(node: Node, gradient: np.ndarray, rng) -> tuple | None:
  """Latent, number of rows on the left, and squared error taken away.

  Sums are those of scikit-learn to the last bit, for a gradient of few values
  makes many splits equally good up to rounding.
  """
  size = node.order.shape[1]
  if size < 2:
    return None
  right = gradient.take(node.order)
  own = right[0]
  total = np.cumsum(gradient if size == len(gradient) else own)[-1]
  if np.square(own).mean() - (total / size) ** 2 <= np.finfo(float).eps:
    return None
  left = np.cumsum(right[:, :-1], axis=1)
  right = np.subtract(total, left, out=right[:, 1:])
  numbers = np.arange(1.0, size)
  left *= left
  left /= numbers
  right *= right
  right /= numbers[::-1]
  left += right
  left *= node.apart
  best = left.argmax(1)
  proxy = left[np.arange(len(left)), best]
  gain = proxy.max() - total**2 / size
  if proxy.max() == 0:
    return None
  latent = int(rng.choice(np.flatnonzero(proxy == proxy.max())))
  return latent, int(best[latent]) + 1, max(0.0, float(gain))


def _divide_test(node: Node, latent: int, number: int, x_test) -> tuple:
  """Test rows on the left and on the right."""
  low, high = node.values[latent, number - 1 : number + 1]
  threshold = low / 2 + high / 2
  if threshold >= high:  # by rounding
    threshold = low
  left = x_test[latent, node.test] <= threshold
  return node.test[left], node.test[~left]


def _divide(node: Node, latent: int, number: int, test: tuple) -> list[Node]:
  """The two children of a node, every latent's order kept."""
  left = np.zeros(int(node.order[0].max()) + 1, bool)
  left[node.order[latent, :number]] = True
  sides = left.take(node.order)
  children = []
  for side, rows in zip((sides, ~sides), test, strict=True):
    at = np.flatnonzero(side)
    order = node.order.take(at).reshape(len(node.order), -1)
    values = node.values.take(at).reshape(len(node.order), -1)
    children.append(Node(order, values, _apart(values), rows))
  return children


def _leaves(node: Node, latent: int, number: int, test: tuple) -> list[Node]:
  """As `_divide`, in the order of one latent: leaves are not split again."""
  parts = np.split(node.order[latent], [number])
  values = np.split(node.values[latent], [number])
  return [
    Node(order[None], value[None], _apart(value[None]), rows)
    for order, value, rows in zip(parts, values, test, strict=True)
  ]
