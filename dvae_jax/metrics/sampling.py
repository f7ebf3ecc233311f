"""Rows of a table of codes: samples, and groups that share a factor's value."""

from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
  """Train and test rows of the same table."""

  x: np.ndarray  # (num_train, D)
  y: np.ndarray  # (num_train, K)
  x_test: np.ndarray  # (num_test, D)
  y_test: np.ndarray  # (num_test, K)


class Groups(NamedTuple):
  """The rows of a table ordered by the value of one factor."""

  value: np.ndarray  # (N,) which group a row belongs to
  order: np.ndarray  # (N,) rows, group after group
  start: np.ndarray  # (V,) where a group starts in `order`
  size: np.ndarray  # (V,) rows in a group


def sample(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  num_rows: int,
  rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
  """Draws rows with replacement: on a full grid, independent factors.

  Args:
    codes: (N, D).
    factors: (N, K) integers.
    num_rows: rows to draw.
    rng: NumPy generator.

  Returns:
    (num_rows, D) codes and (num_rows, K) factors.

  Raises:
    ValueError: a factor has one value only in the drawn rows.
  """
  rows = rng.integers(len(codes), size=num_rows)
  drawn = factors.take(rows, 0)
  constant = np.flatnonzero((drawn == drawn[:1]).all(0))
  if constant.size:
    raise ValueError(
      f"factors: column {constant[0]} has one value only in {num_rows} drawn "
      "rows; a metric needs at least two. Leave the column out"
    )
  return codes.take(rows, 0), drawn


def split(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  num_train: int,
  num_test: int,
  rng: np.random.Generator,
) -> Split:
  """Draws train and test rows, each with replacement, from the same table.

  As in disentanglement_lib, a row of a small table can be in both.
  """
  train = sample(codes, factors, num_rows=num_train, rng=rng)
  return Split(*train, *sample(codes, factors, num_rows=num_test, rng=rng))


def group_rows(factor: np.ndarray) -> Groups:
  """Groups the rows of an (N,) factor by value."""
  _, value, size = np.unique(factor, return_inverse=True, return_counts=True)
  if len(size) <= 2**16:
    value = value.astype(np.uint16)  # sorted by radix, in linear time
  order = np.argsort(value, kind="stable")
  return Groups(value, order, np.cumsum(size) - size, size)


def draw_partners(
  rows: np.ndarray, groups: Groups, rng: np.random.Generator
) -> np.ndarray:
  """Draws for every row one of the rows that share its value, same shape."""
  value = groups.value.take(rows)
  within = (rng.random(rows.shape) * groups.size.take(value)).astype(np.int64)
  return groups.order.take(groups.start.take(value) + within)
