"""Explicitness: whether a linear classifier can read every factor's value."""

import numpy as np

from dvae_jax.metrics.linear import decide, fit_logistic
from dvae_jax.metrics.sampling import Split, repeat, split, tell_split


def explicitness(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_train: int = 10_000,
  num_test: int = 5_000,
) -> dict[str, float | str]:
  """Area under the ROC curve of logistic regressions from codes to factors.

  Mean over factors of the mean over values of the one-against-rest area on test
  rows: Ridgeway and Mozer 2018 (arXiv:1802.05312), sec. 3, as
  disentanglement_lib computes it. 0.5 is chance.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_train: rows to fit on.
    num_test: rows to score on.

  Returns:
    "explicitness", 0 to 1; "explicitness_spread", see `sampling.repeat`; and
    "variant".

  Raises:
    ValueError: see `sampling.split`.
  """
  counts = {"num_train": num_train, "num_test": num_test}

  def once():
    rows = _standardise(split(codes, factors, **counts, rng=rng))
    areas = [_area(rows, k) for k in range(factors.shape[1])]
    return {"explicitness": float(np.mean(areas))}

  values, draws = repeat(once)
  return {**values, "variant": tell_split(len(codes), **counts, draws=draws)}


def _standardise(rows: Split) -> Split:
  """Shifts and scales train and test codes by the train rows' moments."""
  mean, deviation = rows.x.mean(0), rows.x.std(0)
  scale = np.where(deviation > 0, deviation, 1.0)
  return rows._replace(
    x=(rows.x - mean) / scale, x_test=(rows.x_test - mean) / scale
  )


def _area(rows: Split, k: int) -> float:
  """Mean area over the values of factor k that the test rows hold."""
  truth = rows.y_test[:, k]
  logits = decide(fit_logistic(rows.x, rows.y[:, k]), rows.x_test)
  scores = np.exp(logits - logits.max(1, keepdims=True))
  scores /= scores.sum(1, keepdims=True)
  held = np.unique(truth)
  areas = [
    roc_area(scores[:, v], truth == v) for v in held if v < scores.shape[1]
  ]
  return float(np.mean(areas))


def roc_area(scores: np.ndarray, positive: np.ndarray) -> float:
  """Area under the ROC curve, by ranks (Mann & Whitney 1947).

  Args:
    scores: (N,) numbers; ties count one half.
    positive: (N,) booleans, some true and some false.
  """
  ascending, hits = np.sort(scores), scores[positive]
  below = np.searchsorted(ascending, hits, side="left")
  upto = np.searchsorted(ascending, hits, side="right")
  pairs = ((below + upto) / 2).sum() - len(hits) ** 2 / 2
  return float(pairs / (len(hits) * (len(scores) - len(hits))))
