"""The linear classifiers of the metrics, as scikit-learn defines them."""

from typing import NamedTuple

import numpy as np

# scikit-learn's, of LogisticRegression.
OPTIONS = {
  "maxiter": 100,
  "maxls": 50,
  "gtol": 1e-4,
  "ftol": 64 * np.finfo(float).eps,
}


class Linear(NamedTuple):
  """Decision functions x @ weights.T + offsets, one per class."""

  weights: np.ndarray  # (C, D)
  offsets: np.ndarray  # (C,)


def decide(model: Linear, x: np.ndarray) -> np.ndarray:
  """Decision functions (N, C) of (N, D) features, as scikit-learn's."""
  return x @ model.weights.T + model.offsets


def _shares(y: np.ndarray, balanced: bool) -> np.ndarray:
  """What each row counts in the mean, (N,)."""
  if balanced:
    counts = np.bincount(y)
    return 1 / (len(counts) * counts[y])
  return np.full(len(y), 1 / len(y))


def fit_logistic(
  x: np.ndarray, y: np.ndarray, *, penalty: float = 1.0, balanced: bool = False
) -> Linear:
  """Logistic regression as scikit-learn's default settings fit it.

  Mean cross-entropy + penalty abs(weights)^2 / (2 N), by L-BFGS from zero with
  scikit-learn's tolerances: the same iterates to rounding, several times as
  fast. With two classes the first one's decision function is zero.

  Args:
    x: (N, D) features.
    y: (N,) classes 0 to C - 1.
    penalty: 1 / C of scikit-learn; 0 for none.
    balanced: whether rows are weighted so that all classes weigh the same.

  Returns:
    The classes' logits.
  """
  from scipy.optimize import minimize
  from threadpoolctl import threadpool_limits

  num_rows, num_features = x.shape
  num_classes = int(y.max()) + 1
  free = slice(1 if num_classes == 2 else 0, None)
  features = np.concatenate([x, np.ones((num_rows, 1))], axis=1)
  columns = np.ascontiguousarray(features.T)
  share = _shares(y, balanced)
  truth = np.where(np.arange(num_classes)[:, None] == y, share, 0.0)
  hits = truth[free] @ features
  shrink = np.append(np.full(num_features, penalty / num_rows), 0.0)
  logits = np.zeros((num_classes, num_rows))

  def loss(flat):
    weights = flat.reshape(hits.shape)
    logits[0] = 0.0
    np.matmul(weights, columns, out=logits[free])
    top = logits.max(0)
    np.subtract(logits, top, out=logits)
    probabilities = np.exp(logits, out=logits)
    total = probabilities.sum(0)
    probabilities *= share / total
    value = share @ (np.log(total) + top) - (weights * hits).sum()
    gradient = probabilities[free] @ features - hits
    value += (shrink * weights**2).sum() / 2
    return value, (gradient + shrink * weights).ravel()

  # Threads cost these small products far more than they save.
  with threadpool_limits(1, user_api="blas"):
    found = minimize(
      loss,
      np.zeros(hits.size),
      jac=True,
      method="L-BFGS-B",
      options=OPTIONS,
    )
  weights = np.zeros((num_classes, num_features + 1))
  weights[free] = found.x.reshape(hits.shape)
  return Linear(weights[:, :-1], weights[:, -1])
