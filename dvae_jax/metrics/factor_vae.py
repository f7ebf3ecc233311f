"""The FactorVAE score: does fixing a factor fix the same latent every time?"""

import numpy as np

from dvae_jax.metrics.sampling import (
  draw_partners,
  draw_rows,
  group_rows,
  part,
  repeat,
  tell_groups,
)


def factor_vae(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_train: int = 10_000,
  num_test: int = 5_000,
  num_variance: int = 10_000,
  group_size: int = 64,
  threshold: float = 0.05,
) -> dict[str, float | str]:
  """Accuracy of a majority vote from the least varying latent to the factor.

  A vote is a group of rows that agree in one factor, drawn at random, and the
  latent whose variance in the group, relative to that over all rows, is least:
  Kim and Mnih 2018 (arXiv:1802.05983), sec. 4, as disentanglement_lib computes
  it.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers; every value on several rows.
    rng: NumPy generator; draws rows, factors and groups.
    num_train: votes that make the classifier.
    num_test: votes it is scored on.
    num_variance: rows for the variance over all rows.
    group_size: rows in a group.
    threshold: latents with a smaller standard deviation take no part, so
      shrinking a latent below it changes the score.

  Returns:
    "factor_vae", 0 to 1 (0 when no latent takes part); "active_latents", how
    many take part; "factor_vae_spread", see `sampling.repeat`; and "variant".
  """
  counts = {"num_train": num_train, "num_test": num_test}

  def once():
    rows = draw_rows(len(codes), num_variance, rng)
    variances = codes[rows].var(0, ddof=1)
    active = np.sqrt(variances) >= threshold
    score = 0.0
    if active.any():
      # Row by row in memory, or every `take` copies the whole table.
      scaled = np.ascontiguousarray(
        codes[:, active] / np.sqrt(variances[active])
      )
      train, test = part(len(codes), **counts, rng=rng)
      votes = _votes(scaled[train], factors[train], num_train, group_size, rng)
      winners = votes.argmax(0)
      votes = _votes(scaled[test], factors[test], num_test, group_size, rng)
      score = float(votes[winners, np.arange(len(winners))].sum() / num_test)
    return {"factor_vae": score, "active_latents": float(active.sum())}

  values, draws = repeat(once)
  told = tell_groups(len(codes), **counts, draws=draws, what="votes")
  told = f"{told}, {group_size} rows each, threshold {threshold}"
  return {**values, "variant": told}


def _votes(
  codes: np.ndarray,
  factors: np.ndarray,
  num_votes: int,
  group_size: int,
  rng: np.random.Generator,
) -> np.ndarray:
  """Counts (K, D) votes of the least varying latent for the fixed factor."""
  counts = []
  shares = _shares(num_votes, factors.shape[1])
  for number, factor in zip(shares, factors.T, strict=True):
    group = group_rows(factor)
    first = rng.integers(len(codes), size=number)
    rows = draw_partners(
      np.broadcast_to(first, (group_size, number)), group, rng
    )
    least = _spread(codes, rows).argmin(1)
    counts.append(np.bincount(least, minlength=codes.shape[1]))
  return np.array(counts)


def _shares(total: int, parts: int) -> np.ndarray:
  """Divides a total into (parts,) shares that differ by 1 at most."""
  return np.diff(np.arange(parts + 1) * total // parts)


def _spread(codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
  """Sums of squares around the mean, (M, D), of each column of (G, M) rows."""
  origin = codes.take(rows[0], 0)
  total, square = np.zeros_like(origin), np.zeros_like(origin)
  for row in rows[1:]:
    moved = codes.take(row, 0) - origin
    total += moved
    square += moved * moved
  return square - total**2 / len(rows)
