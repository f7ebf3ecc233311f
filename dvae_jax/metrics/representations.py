"""Codes made from known factors, which keep or break what metrics stand for.

for name, (codes, kind) in representations(factors, rng=rng).items():
  ...score("mig", codes, factors, rng=rng)
"""

from typing import NamedTuple

import numpy as np

BLUR = 0.02  # noise of every code; a factor's own latent has deviation 1
DISENTANGLED, ENTANGLED = "disentangled", "entangled"
SPREAD, PARTLY, NOISE = "one factor, several latents", "half", "noise"

# Orthogonal, and every entry is as large: a reflection at the diagonal.
EVEN = np.eye(4) - 0.5


class Representation(NamedTuple):
  """Codes and what they are.

  Attributes:
    codes: (N, D).
    kind: DISENTANGLED, one latent a factor and no factor twice; ENTANGLED, a
      latent moves with several factors; SPREAD, modular but not compact;
      PARTLY, half of the factors have a latent of their own; NOISE, none is
      told.
  """

  codes: np.ndarray
  kind: str


def representations(
  factors: np.ndarray, *, rng: np.random.Generator
) -> dict[str, Representation]:
  """Codes of each kind for the same factors.

  Sepliarskaia, Kiseleva and de Rijke 2019 (arXiv:1910.05587) ask of a metric a
  high score for what is disentangled and a low one for what isn't; Ridgeway and
  Mozer 2018 (arXiv:1802.05312), section 2, tell modular from compact.

  Args:
    factors: (N, 4) integers from 0, a full grid.
    rng: of noise and the order of values.

  Returns:
    name -> Representation; "own", the factors themselves, comes first and
    "noise", which tells nothing, last.

  Raises:
    ValueError: not four factors.
  """
  num_images, num_factors = factors.shape
  if num_factors != 4:
    raise ValueError(f"factors: {num_factors} columns found, 4 expected")
  own = _unit(factors)
  sizes = factors.max(0) + 1
  noise = lambda columns: rng.standard_normal((num_images, columns))
  half = 2
  first, second = own[:, :half], own[:, half:]
  order = [rng.permutation(size) for size in sizes]
  shuffled = [o[v] for o, v in zip(order, factors.T, strict=True)]
  signs = np.where(np.arange(num_factors) % 2, -1.0, 1.0)
  angle = 2 * np.pi * factors / sizes
  several = factors[:, :half] * sizes[half:] + factors[:, half:]
  codes = {
    "own": (own, DISENTANGLED),
    "order and signs": (own[:, ::-1] * signs, DISENTANGLED),
    "monotone": (np.exp(1.5 * own), DISENTANGLED),
    "values shuffled": (np.stack(shuffled, 1), DISENTANGLED),
    "dead latents": (np.hstack([own, 0 * own]), DISENTANGLED),
    "each twice": (np.hstack([own, own]), SPREAD),
    "circles": (np.hstack([np.cos(angle), np.sin(angle)]), SPREAD),
    "in digits": (np.hstack([factors // 2, factors % 2]), SPREAD),
    "pairs turned": (np.hstack([first + second, first - second]), ENTANGLED),
    "all turned": (own @ EVEN, ENTANGLED),
    "two in one": (np.hstack([several, noise(half)]), ENTANGLED),
    "half entangled": (np.hstack([first + second, second]), PARTLY),
    "half missing": (np.hstack([first, 0 * second]), PARTLY),
    "noise": (noise(num_factors), NOISE),
  }
  return {
    name: Representation(_unit(z) + BLUR * noise(z.shape[1]), kind)
    for name, (z, kind) in codes.items()
  }


def _unit(columns: np.ndarray) -> np.ndarray:
  """Mean 0 and deviation 1; a constant column stays 0."""
  spread = columns.std(0)
  return (columns - columns.mean(0)) / np.where(spread > 0, spread, 1.0)
