"""What a code is worth to somebody with few labels."""

import numpy as np

from dvae_jax.metrics.linear import decide, fit_logistic
from dvae_jax.metrics.sampling import LEAST

LABELS = (10, 100, 1000)
NUM_TEST = 5_000


def downstream(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_draws: int = 10,
) -> dict[str, float | str]:
  """Accuracy of logistic regression from 10, 100 and 1,000 labelled images.

  Locatello et al. 2019 (arXiv:1811.12359), section 5.5, whose sample efficiency
  is the accuracy of few labels over that of 10,000. Mean over factors of the
  accuracy, on other images, of multinomial logistic regression (C = 1) from
  standardised codes; theirs chooses C by cross-validation. A value that is not
  among the labels is never guessed.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the labels.
    num_draws: draws of 10 and of 100 labels, at most; there are LEAST of 1,000.

  Returns:
    "downstream", the accuracy of 100 labels; "downstream_10" and
    "downstream_1000", where there are more rows; "sample_efficiency", that of
    100 labels over that of 1,000; "downstream_spread", the standard error of
    its mean over draws; and "variant".

  Raises:
    ValueError: fewer than 200 rows.
  """
  counts = [n for n in LABELS if len(codes) >= 2 * n]
  if len(counts) < 2:
    raise ValueError(
      f"codes: {len(codes)} rows; downstream learns from 100 and scores others:"
      " it needs 200 or more"
    )
  found = {
    n: [
      _accuracy(codes, factors, n, rng)
      for _ in range(num_draws if n < 1000 else LEAST)
    ]
    for n in counts
  }
  means = {n: float(np.mean(values)) for n, values in found.items()}
  spread = np.std(found[100], ddof=1) / np.sqrt(num_draws)
  result: dict[str, float | str] = {
    "downstream": means[100],
    "downstream_spread": float(spread),
    "downstream_10": means[10],
  }
  if 1000 in means:
    result["downstream_1000"] = means[1000]
    result["sample_efficiency"] = means[100] / means[1000]
  told = f"locatello2019, logistic regression, {num_draws} draws of 100 labels"
  return {**result, "variant": told}


def _accuracy(codes, factors, num_labels, rng) -> float:
  """Mean over factors of the test accuracy from one draw of labels."""
  # A draw in which a factor has one value still guesses: that value.
  rows = rng.permutation(len(codes))[: num_labels + NUM_TEST]
  train, test = np.split(rows, [num_labels])
  mean, sd = codes[train].mean(0), codes[train].std(0)
  scale = np.where(sd > 0, sd, 1.0)
  x, x_test = (codes[train] - mean) / scale, (codes[test] - mean) / scale
  return float(
    np.mean(
      [
        (_guess(x, labels[train], x_test) == labels[test]).mean()
        for labels in factors.T
      ]
    )
  )


def _guess(x, labels, x_test) -> np.ndarray:
  values, labels = np.unique(labels, return_inverse=True)
  if len(values) == 1:
    return np.full(len(x_test), values[0])
  return values[decide(fit_logistic(x, labels), x_test).argmax(1)]
