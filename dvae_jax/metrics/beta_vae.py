"""The BetaVAE score: which factor did the two images of a pair share?"""

import numpy as np

from dvae_jax.metrics.linear import decide, fit_logistic
from dvae_jax.metrics.sampling import (
  draw_partners,
  group_rows,
  part,
  repeat,
  tell_groups,
)


def beta_vae(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_train: int = 10_000,
  num_test: int = 5_000,
  group_size: int = 64,
) -> dict[str, float | str]:
  """Accuracy of a linear classifier of the factor that pairs of images share.

  A feature is the mean of abs(z_1 - z_2) over a group of pairs that agree in
  one factor, and its label is that factor, each one equally often: Higgins et
  al. 2017 (beta-VAE), sec. 3, as disentanglement_lib computes it. Chance is 1 /
  K; a single factor scores 1.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers; every value on several rows.
    rng: NumPy generator; draws factors and pairs.
    num_train: features to fit on.
    num_test: features to score on.
    group_size: pairs behind a feature.

  Returns:
    "beta_vae", 0 to 1; "beta_vae_spread", see `sampling.repeat`; and "variant".
  """
  counts = {"num_train": num_train, "num_test": num_test}

  def once():
    train, test = part(len(codes), **counts, rng=rng)
    x, y = _features(codes[train], factors[train], num_train, group_size, rng)
    model = fit_logistic(x, y)
    x, y = _features(codes[test], factors[test], num_test, group_size, rng)
    return {"beta_vae": float((decide(model, x).argmax(1) == y).mean())}

  values, draws = repeat(once)
  told = tell_groups(len(codes), **counts, draws=draws, what="features")
  return {**values, "variant": f"{told}, {group_size} pairs each, multinomial"}


def _features(
  codes: np.ndarray,
  factors: np.ndarray,
  num_features: int,
  group_size: int,
  rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
  """Draws (num_features, D) mean differences and the factor each one fixes."""
  groups = [group_rows(factor) for factor in factors.T]
  fixed = np.arange(num_features) * len(groups) // num_features
  ends = np.searchsorted(fixed, np.arange(1, len(groups)))
  first = rng.integers(len(codes), size=(group_size, num_features))
  parts = zip(np.split(first, ends, axis=1), groups, strict=True)
  second = np.concatenate([draw_partners(*p, rng) for p in parts], axis=1)
  total = np.zeros((num_features, codes.shape[1]))
  for left, right in zip(first, second, strict=True):
    total += np.abs(codes.take(left, 0) - codes.take(right, 0))
  return total / group_size, fixed
