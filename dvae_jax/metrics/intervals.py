"""How far a metric's value would move with other images: resampling intervals.

A bootstrap repeats rows, and information, nearest neighbours and classifiers
all read a repeated row as certainty. So rows are never repeated: the metric is
evaluated on random halves. For an average-like statistic of n rows, the spread
over halves is its spread over fresh samples of n rows (the variance of n/2 rows
drawn without replacement from n is s^2/(n/2) (1 - 1/2) = s^2/n). A bias of b/n
is 2b/n on halves, so that

  corrected = 2 (mean over all rows) - (mean over halves)

is without it. A bias that falls off faster is overcorrected; the interval
therefore reaches from t spreads below the smaller of the mean over all rows and
`corrected` to t spreads above the larger. Means, because most metrics draw rows
themselves; that noise is in the spread.
"""

from collections.abc import Callable

import numpy as np

LEVEL = 0.95
HALVES = 12  # evaluations on random halves
WHOLES = 4  # evaluations on all rows


def interval(
  evaluate: Callable[[np.ndarray, np.random.Generator], dict],
  num_rows: int,
  *,
  rng: np.random.Generator,
  advance: Callable[[], None] = lambda: None,
) -> dict[str, list[float]]:
  """95% intervals of a metric's values, by subsampling halves.

  Politis & Romano 1994 (doi:10.1214/aos/1176325770) resample without
  replacement; the module says how the halves' spread is used.

  They are about the value that more images of the same kind would give. A
  metric that reads extremes (the ends of mig's bins, irs) has no such limit
  where the codes are unbounded, and the trees of dci learn a table by heart
  that has fewer rows than they are fitted on.

  Args:
    evaluate: (rows (M,), generator) -> what a metric returns for those rows.
    num_rows: N, from which rows are drawn.
    rng: NumPy generator.
    advance: called after each of the HALVES + WHOLES evaluations.

  Returns:
    [low, high] for each name with a number, but those of spreads.

  Raises:
    ValueError: fewer than 4 rows, or what the metric refuses: a half can hold
      too little for it.
  """
  from scipy.stats import t

  if num_rows < 4:
    raise ValueError(f"intervals: {num_rows} rows; needs 4 or more")
  wholes, halves = [], []
  for _ in range(WHOLES):
    wholes.append(evaluate(np.arange(num_rows), rng))
    advance()
  for _ in range(HALVES):
    half = np.sort(rng.permutation(num_rows)[: num_rows // 2])
    halves.append(evaluate(half, rng))
    advance()
  quantile = float(t.ppf((1 + LEVEL) / 2, HALVES - 1))
  bounds = {}
  for name, value in wholes[0].items():
    if isinstance(value, (int, float)) and not name.endswith("_spread"):
      whole = np.mean([result[name] for result in wholes])
      half_values = [result[name] for result in halves]
      corrected = 2 * whole - np.mean(half_values)
      reach = quantile * np.std(half_values, ddof=1)
      bounds[name] = [
        float(min(whole, corrected) - reach),
        float(max(whole, corrected) + reach),
      ]
  return bounds
