"""Mean correlation coefficient of identifiability."""

import numpy as np

from dvae_jax.metrics.sampling import repeat, sample, tell_draws


def mcc(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_rows: int = 10_000,
) -> dict[str, float | str]:
  """Mean correlation of each factor with a latent of its own.

  Hyvarinen and Morioka 2016 (arXiv:1605.06336), section 5: the mean over
  factors of the absolute correlation with the latents that one-to-one
  assignment gives them, which makes the sum largest (Hungarian algorithm).
  Klindt et al. 2021 (arXiv:2007.10930) take ranks, and add latents' worth of
  noise columns to the factors, which decides between latents of no use. With
  fewer latents than factors, those left out count 0; so does a constant latent.

  Factors are numbers here: one without an order, such as a shape, is read in
  the order of its values.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_rows: rows of a draw, at most.

  Returns:
    "mcc", with Pearson's correlation, and "mcc_spearman", 0 to 1; "mcc_spread",
    see `sampling.repeat`; and "variant".
  """
  from scipy.stats import rankdata

  def once():
    z, v = sample(codes, factors, num_rows=num_rows, rng=rng)
    ranks = rankdata(z, axis=0), rankdata(v, axis=0)
    return {"mcc": _assigned(z, v), "mcc_spearman": _assigned(*ranks)}

  values, draws = repeat(once)
  told = tell_draws(len(codes), num_rows, draws).replace("dlib", "klindt2021")
  return {**values, "variant": f"{told}, assigned one to one"}


def _assigned(z: np.ndarray, v: np.ndarray) -> float:
  """Mean over the columns of v of the correlation with their column of z."""
  from scipy.optimize import linear_sum_assignment

  correlation = np.abs(_standard(z).T @ _standard(v)) / len(z)  # (D, K)
  chosen = correlation[linear_sum_assignment(correlation, maximize=True)]
  return float(chosen.sum() / v.shape[1])


def _standard(columns: np.ndarray) -> np.ndarray:
  """Columns of mean 0 and deviation 1; constant ones are 0."""
  # Twice: the first turn keeps squares of huge and tiny columns representable.
  for scale in (lambda c: np.abs(c).max(0), lambda c: c.std(0)):
    columns = columns - columns.mean(0)
    size = scale(columns)
    columns = columns / np.where(size > 0, size, 1.0)
  return columns
