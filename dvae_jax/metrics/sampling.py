"""Rows of a table of codes: samples, and groups that share a factor's value."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

ERROR = 0.005  # of a mean over draws: less than what two decimals show
LEAST, MOST = 3, 20  # draws


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


def number(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Numbers the values of (N,) integers in order and counts them.

  As np.unique does, without its sort where the values lie close together.

  Returns:
    (N,) int64, and the rows of each value, (V,).
  """
  low, high = int(column.min()), int(column.max())
  if high - low >= len(column) or high >= 2**63:
    return np.unique(column, return_inverse=True, return_counts=True)[1:]
  moved = column.astype(np.int64) - low
  counts = np.bincount(moved)
  seen = counts > 0
  if not seen.all():
    moved = (np.cumsum(seen) - 1)[moved]
  return moved, counts[seen]


def repeat(
  once: Callable[[], dict[str, float]],
  *,
  error: float = ERROR,
  most: int = MOST,
) -> tuple[dict[str, float], int]:
  """Repeats the draws of a metric until their mean is sharp.

  Args:
    once: draws, and returns the metric's numbers, the headline first.
    error: standard error of the headline's mean at which it is enough.
    most: draws at most, which bounds the time.

  Returns:
    Mean of each number over the draws, and "<headline>_spread", the standard
    error of the first one's mean; and the number of draws, LEAST or more.
  """
  found: list[dict[str, float]] = []
  spread = np.inf
  while len(found) < LEAST or (spread > error and len(found) < most):
    found.append(once())
    if len(found) >= LEAST:
      first = [next(iter(values.values())) for values in found]
      spread = float(np.std(first, ddof=1) / np.sqrt(len(found)))
  means = {name: float(np.mean([v[name] for v in found])) for name in found[0]}
  return means | {f"{next(iter(means))}_spread": spread}, len(found)


def sample(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  num_rows: int,
  rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
  """Draws rows without replacement; all rows where there are no more.

  Args:
    codes: (N, D).
    factors: (N, K) integers.
    num_rows: rows to draw.
    rng: NumPy generator.

  Returns:
    (n, D) codes and (n, K) factors, n the smaller one of num_rows and N.

  Raises:
    ValueError: a factor has one value only in the drawn rows.
  """
  rows = draw_rows(len(codes), num_rows, rng)
  drawn = factors.take(rows, 0)
  _check_values(drawn)
  return codes.take(rows, 0), drawn


def draw_rows(num: int, most: int, rng: np.random.Generator) -> np.ndarray:
  """Numbers of at most `most` of `num` rows, each at most once."""
  if num <= most:
    return np.arange(num)
  return rng.choice(num, most, replace=False, shuffle=False)


def split(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  num_train: int,
  num_test: int,
  rng: np.random.Generator,
) -> Split:
  """Draws train and test rows of a table, no row twice.

  A table with fewer rows than asked for gives as many of them to the test as
  that takes, but no more than a third, or num_test / 5.

  Raises:
    ValueError: a factor has one value only in the train rows, or there is no
      row for one of the two.
  """
  rows = rng.permutation(len(codes))[: num_train + num_test]
  train = train_rows(len(rows), num_train, num_test)
  if not 0 < train < len(rows):
    raise ValueError(
      f"codes: {len(codes)} rows; too few to fit on some and score on others"
    )
  parts = []
  for part in np.split(rows, [train]):
    parts += [codes.take(part, 0), factors.take(part, 0)]
  _check_values(parts[1])
  return Split(*parts)


def train_rows(num: int, num_train: int, num_test: int) -> int:
  """How many of at most num_train + num_test rows `split` fits on."""
  share = num * num_train // (num_train + num_test)
  return min(num_train, max(share, num - num_test // 5))


def _check_values(drawn: np.ndarray) -> None:
  constant = np.flatnonzero((drawn == drawn[:1]).all(0))
  if constant.size:
    raise ValueError(
      f"factors: column {constant[0]} has one value only in {len(drawn)} drawn "
      "rows; a metric needs at least two. Leave the column out"
    )


def part(
  num: int, num_train: int, num_test: int, rng: np.random.Generator
) -> tuple[np.ndarray | slice, np.ndarray | slice]:
  """Rows to draw train groups from, and rows to draw test groups from.

  All rows for both where they are many; where a table has fewer rows than
  groups are drawn, two parts without a common row.
  """
  if num >= num_train + num_test:
    return slice(None), slice(None)
  rows = rng.permutation(num)
  train = num * num_train // (num_train + num_test)
  if not 0 < train < num:
    raise ValueError(
      f"codes: {num} rows; too few to fit on some and score on others"
    )
  return rows[:train], rows[train:]


def tell_split(num: int, *, num_train: int, num_test: int, draws: int) -> str:
  """What a variant says of train and test rows."""
  text = f"{draws} draws of" if draws > 1 else "one draw of"
  if num >= num_train + num_test:
    return f"dlib, {text} {num_train} train and {num_test} test rows"
  train = train_rows(num, num_train, num_test)
  return (
    f"{text} {train} train and {num - train} test rows without a common image"
    f" (dlib: {num_train} and {num_test} with common ones)"
  )


def tell_groups(
  num: int, *, num_train: int, num_test: int, draws: int, what: str
) -> str:
  """What a variant says of train and test groups of rows."""
  text = f"{draws} draws of" if draws > 1 else "one draw of"
  if num >= num_train + num_test:
    return f"dlib, {text} {num_train} train and {num_test} test {what}"
  share = num_train / (num_train + num_test)
  return (
    f"{text} train and test {what} without a common image ({share:.0%} and"
    f" {1 - share:.0%} of {num}; dlib's have some)"
  )


def tell_draws(num: int, num_rows: int, draws: int) -> str:
  """What a variant says of drawn rows."""
  if num <= num_rows:
    return f"all {num} rows (dlib draws {num_rows})"
  return f"dlib, mean of {draws} draws of {num_rows} rows"


def group_rows(factor: np.ndarray) -> Groups:
  """Groups the rows of an (N,) factor by value."""
  value, size = number(factor)
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


def group_rest(factors: np.ndarray, k: int) -> Groups:
  """Groups the rows of (N, K) factors that agree in all but factor k."""
  key = np.zeros(len(factors), np.int64)
  for column in np.delete(factors, k, axis=1).T:
    key = key * (column.max() + 1) + column
    key = number(key)[0]  # stays under N
  return group_rows(key)
