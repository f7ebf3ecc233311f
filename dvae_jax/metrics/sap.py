"""Separated attribute predictability."""

import numpy as np

from dvae_jax.metrics.linear import decide
from dvae_jax.metrics.sampling import Split, repeat, split, tell_split
from dvae_jax.metrics.svc import fit_line_svc


def sap(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_train: int = 10_000,
  num_test: int = 5_000,
) -> dict[str, float | str]:
  """How much better the best latent predicts a factor than the second best.

  Mean over factors of the gap in test accuracy of linear support vector
  machines, each from one latent to one factor: Kumar et al. 2018
  (arXiv:1711.00848), sec. 3, as disentanglement_lib computes it with all
  factors discrete. The machines have C = 0.01, so the scale of a latent
  matters. A single latent has a dead second.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows.
    num_train: rows to fit on.
    num_test: rows to score on.

  Returns:
    "sap", 0 to 1; "sap_spread", see `sampling.repeat`; and "variant".

  Raises:
    ValueError: see `sampling.split`.
  """
  if codes.shape[1] == 1:
    codes = np.pad(codes, [(0, 0), (0, 1)])
  counts = {"num_train": num_train, "num_test": num_test}

  def once():
    rows = split(codes, factors, **counts, rng=rng)
    accuracies = [_accuracies(rows, j) for j in range(codes.shape[1])]
    ranked = np.sort(accuracies, axis=0)
    return {"sap": float((ranked[-1] - ranked[-2]).mean())}

  values, draws = repeat(once)
  told = tell_split(len(codes), **counts, draws=draws)
  return {**values, "variant": f"{told}, C = 0.01"}


def _accuracies(rows: Split, j: int) -> np.ndarray:
  """Test accuracy (K,) for each factor of the classifier from latent j."""
  order = np.argsort(rows.x[:, j])
  models = fit_line_svc(rows.x[order, j], rows.y[order])
  guesses = [decide(m, rows.x_test[:, [j]]).argmax(1) for m in models]
  return (np.transpose(guesses) == rows.y_test).mean(0)
