"""What every metric asks of its codes and factors, checked in one place."""

from typing import NamedTuple

import numpy as np

from dvae_jax.metrics.sampling import number


class Inputs(NamedTuple):
  """One model's arrays, sound and in the form that metrics read.

  Attributes:
    codes: (N, D) float64, finite.
    factors: (N, K) int64, the values of a factor numbered 0, 1, ... without
      holes; or None.
    logvars: (N, D) float64 in [-700, 700], or None.
  """

  codes: np.ndarray
  factors: np.ndarray | None
  logvars: np.ndarray | None


def check(
  codes: np.ndarray,
  factors: np.ndarray | None = None,
  *,
  logvars: np.ndarray | None = None,
  factor_names: tuple[str, ...] = (),
) -> Inputs:
  """Checks one model's codes and what belongs to them.

  Constant codes pass: a latent that says nothing has a defined score. A factor
  with one value doesn't: no metric of it is defined.

  Args:
    codes: (N, D) finite numbers, row n describes image n.
    factors: (N, K) integers, two or more different values in each column; or
      None.
    logvars: (N, D) log variances of the posteriors, or None.
    factor_names: K names, or ().

  Returns:
    Inputs.

  Raises:
    ValueError: names the array, what was found and what is allowed.
  """
  codes = _table("codes", codes, "fiub", "real numbers")
  if factors is not None:
    factors = _table("factors", factors, "iub", "integers")
    if len(codes) != len(factors):
      raise ValueError(
        f"codes and factors: {len(codes)} and {len(factors)} rows; must be"
        " equal"
      )
    if factor_names and len(factor_names) != factors.shape[1]:
      raise ValueError(
        f"factor_names: {len(factor_names)} names of {factors.shape[1]}"
        " factors; must be as many"
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
  return Inputs(
    codes.astype(np.float64),
    None if factors is None else _number_values(factors),
    None if logvars is None else _check_logvars(logvars, codes.shape),
  )


def _table(name: str, array, kinds: str, allowed: str) -> np.ndarray:
  array = np.asarray(array)
  if array.ndim != 2 or 0 in array.shape:
    raise ValueError(
      f"{name}: shape {array.shape}; must be two-dimensional and not empty"
    )
  if array.dtype.kind not in kinds:
    raise ValueError(f"{name}: dtype {array.dtype}; must be {allowed}")
  return array


def _check_logvars(logvars, shape: tuple[int, ...]) -> np.ndarray:
  logvars = _table("logvars", logvars, "fiub", "real numbers")
  if logvars.shape != shape:
    raise ValueError(f"logvars: shape {logvars.shape}; must be {shape}")
  if not (np.abs(logvars) <= 700).all():
    raise ValueError("logvars: a value is NaN or outside [-700, 700]")
  return logvars.astype(np.float64)


def _number_values(factors: np.ndarray) -> np.ndarray:
  columns = np.empty(factors.shape[::-1], np.int64)
  for k, column in enumerate(factors.T):
    columns[k], counts = number(column)
    if len(counts) < 2:
      raise ValueError(
        f"factors: column {k} has the one value {column[0]}; a metric needs two"
        " or more different values of each factor: leave that column out"
      )
  return columns.T
