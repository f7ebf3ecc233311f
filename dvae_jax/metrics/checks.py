"""What every metric asks of its codes and factors."""

import numpy as np


def check_codes(
  codes: np.ndarray, factors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Checks one model's codes and the factors that belong to them.

  Constant codes pass: a latent that says nothing has a defined score. A factor
  with one value doesn't: no metric of it is defined.

  Args:
    codes: (N, D) finite numbers, row n describes image n.
    factors: (N, K) integers, two or more different values in each column.

  Returns:
    The codes as (N, D) float64, and the factors as (N, K) int64 in which the
    values of a factor are numbered 0, 1, ... without holes.

  Raises:
    ValueError: names the array, what was found and what is allowed.
  """
  codes, factors = np.asarray(codes), np.asarray(factors)
  for name, array in (("codes", codes), ("factors", factors)):
    if array.ndim != 2 or 0 in array.shape:
      raise ValueError(
        f"{name}: shape {array.shape}; must be two-dimensional and not empty"
      )
  if codes.dtype.kind not in "fiub":
    raise ValueError(f"codes: dtype {codes.dtype}; must be real numbers")
  if factors.dtype.kind not in "iub":
    raise ValueError(f"factors: dtype {factors.dtype}; must be integers")
  if len(codes) != len(factors):
    raise ValueError(
      f"codes and factors: {len(codes)} and {len(factors)} rows; must be equal"
    )
  if len(codes) < 2:
    raise ValueError("codes: one row; a metric compares two rows or more")
  finite = np.isfinite(codes)
  if not finite.all():
    row, latent = np.argwhere(~finite)[0]
    raise ValueError(
      f"codes: {codes[row, latent]} at row {row}, latent {latent}"
      f" ({(~finite).sum()} such values); must be finite"
    )
  return codes.astype(np.float64), _number_values(factors)


def _number_values(factors: np.ndarray) -> np.ndarray:
  columns = []
  for k, column in enumerate(factors.T):
    values, numbers = np.unique(column, return_inverse=True)
    if len(values) < 2:
      raise ValueError(
        f"factors: column {k} has the one value {values[0]}; a metric needs two"
        " or more different values of each factor: leave that column out"
      )
    columns.append(numbers)
  return np.stack(columns, axis=1).astype(np.int64)
