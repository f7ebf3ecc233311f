"""Explicitness and size: how hard it is to read the factors, from how much."""

import os

import numpy as np

from dvae_jax.metrics.sampling import Split, split

DEPTHS = (1, 2, 4, 8, 16, 32)
TREES = 100


def dci_es(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  num_train: int = 5_000,
  num_test: int = 5_000,
  depths: tuple[int, ...] = DEPTHS,
) -> dict[str, float | str]:
  """Explicitness to random forests of growing depth, and size of the codes.

  Eastwood et al. 2023 (arXiv:2210.00364), section 4. A probe's loss is 1 -
  accuracy on test rows; the least loss up to a capacity, less the least of all,
  encloses an area under the capacity (depth of the trees), and

    E = 1 - area / (1/2 (largest - smallest capacity) * loss of the best guess)

  averaged over factors: 1 where the shallowest probe reads all that the deepest
  one does, even if that is nothing, so read it with the informativeness. Size
  is S = K / D. Disentanglement and completeness are those of `dci`.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers.
    rng: NumPy generator; draws the rows and grows the trees.
    num_train: rows to fit on.
    num_test: rows to score on.
    depths: capacities, ascending.

  Returns:
    "dci_es", the explicitness E; "dci_es_size", the size S;
    "dci_es_informativeness", the largest mean accuracy of a depth; and
    "variant".

  Raises:
    ValueError: see `sampling.split`.
  """
  rows = split(codes, factors, num_train=num_train, num_test=num_test, rng=rng)
  seed = int(rng.integers(2**31))
  losses = np.array([_losses(rows, depth, seed) for depth in depths])
  guess = [1 - np.bincount(v).max() / len(v) for v in rows.y_test.T]
  each = [
    explicitness(np.array(depths), curve, base)
    for curve, base in zip(losses.T, guess, strict=True)
  ]
  return {
    "dci_es": float(np.mean(each)),
    "dci_es_size": factors.shape[1] / codes.shape[1],
    "dci_es_informativeness": float(1 - losses.mean(1).min()),
    "variant": f"eastwood2023, {TREES} trees of depth {depths[0]} to"
    f" {depths[-1]}, {len(rows.x)} train and {len(rows.x_test)} test rows",
  }


def explicitness(
  capacity: np.ndarray, loss: np.ndarray, baseline: float
) -> float:
  """E of one factor's curve of losses.

  Eastwood et al. 2023, equation 3, with 0 as the loss of a perfect probe.

  Args:
    capacity: (P,) ascending.
    loss: (P,) losses of the probes.
    baseline: loss of the best guess without codes, positive.
  """
  least = np.minimum.accumulate(loss)
  above = least - least[-1]
  area = np.trapezoid(above, capacity)
  return float(1 - 2 * area / (baseline * (capacity[-1] - capacity[0])))


def _losses(rows: Split, depth: int, seed: int) -> list[float]:
  """1 - accuracy of a forest for each factor: K numbers."""
  from sklearn.ensemble import RandomForestClassifier

  losses = []
  for y, truth in zip(rows.y.T, rows.y_test.T, strict=True):
    forest = RandomForestClassifier(
      TREES, max_depth=depth, random_state=seed, n_jobs=os.cpu_count()
    )
    losses.append(1 - float(forest.fit(rows.x, y).score(rows.x_test, truth)))
  return losses
