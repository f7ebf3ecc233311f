"""Rotations of codes that need no labels and no training: PCA, ICA, varimax.

Codes that span the right space may lie askew in it. Horan et al. 2021 (NeurIPS,
"When is unsupervised disentanglement possible?") take an embedding and then
ICA; an autoencoder and `independent` is that baseline in its simplest form.
"""

import warnings
from typing import NamedTuple

import numpy as np


class Rotation(NamedTuple):
  """An affine map of codes: (codes - mean) @ axes.

  Attributes:
    mean: (D,) of the codes it was fitted to.
    axes: (D, M) columns, M <= D.
    note: what the fit warned of, or "".
  """

  mean: np.ndarray
  axes: np.ndarray
  note: str = ""

  def apply(self, codes: np.ndarray) -> np.ndarray:
    """Codes (N, D) -> rotated ones (N, M)."""
    return (np.asarray(codes, np.float64) - self.mean) @ self.axes


def principal(
  codes: np.ndarray, *, rng: np.random.Generator, least: float = 0.01
) -> Rotation:
  """Principal axes, the widest first: rotated codes are uncorrelated.

  Pearson 1901 (doi:10.1080/14786440109462720). Codes keep their scale. Where
  two axes are equally wide nothing tells which rotation of the two is right.

  Args:
    codes: (N, D).
    rng: not used.
    least: axes on which the standard deviation is at most this part of the
      widest one's are left out: latents that no image moves.

  Returns:
    The Rotation, each axis of length 1 and its largest component positive.

  Raises:
    ValueError: no code varies.
  """
  codes = np.asarray(codes, np.float64)
  mean = codes.mean(axis=0)
  variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(codes.T, bias=True)))
  widths = np.sqrt(np.maximum(variances[::-1], 0.0))
  kept = widths > least * widths[0]
  if not kept.any():
    raise ValueError("codes: no latent varies; nothing to rotate")
  axes = axes[:, ::-1][:, kept]
  largest = np.abs(axes).argmax(axis=0)
  return Rotation(mean, axes * np.sign(axes[largest, np.arange(kept.sum())]))


def independent(
  codes: np.ndarray, *, rng: np.random.Generator, least: float = 0.01
) -> Rotation:
  """Axes on which codes are as far from normal as they get: FastICA.

  Hyvarinen 1999 (doi:10.1109/72.761722), scikit-learn's, all components at once
  with the contrast log cosh, on whitened principal axes. Two latents that are
  normal can't be told from any rotation of them.

  Args:
    codes: (N, D).
    rng: draws the first rotation.
    least: as for `principal`.

  Returns:
    The Rotation to variance 1, with a note where it hasn't converged.
  """
  from sklearn.decomposition import FastICA
  from sklearn.exceptions import ConvergenceWarning

  mean, white, _ = _whitened(codes, least)
  codes = (np.asarray(codes, np.float64) - mean) @ white
  ica = FastICA(
    whiten=False, max_iter=1000, random_state=int(rng.integers(2**31))
  )
  with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", ConvergenceWarning)
    ica.fit(codes)
  note = "FastICA hasn't converged in 1,000 iterations" if caught else ""
  return Rotation(mean, white @ ica.components_.T, note)


def varimax(
  codes: np.ndarray,
  *,
  rng: np.random.Generator,
  least: float = 0.01,
  max_iterations: int = 1000,
) -> Rotation:
  """Axes on which codes are rarely large: varimax of the whitened scores.

  Kaiser 1958 (doi:10.1007/BF02289233), eq. 5, of the scores as in Rohe & Zeng
  2023 (arXiv:2004.05387), not of the loadings: that rotation leads uncorrelated
  codes back to the latents that they came from. It looks for heavy tails, and
  away from factors that are evenly spread, as those of a grid are;
  `independent` finds both. Each iteration takes the gradient's polar factor,
  which never lowers the sum of fourth powers.

  Args:
    codes: (N, D).
    rng: draws the first rotation.
    least: as for `principal`.
    max_iterations: at most.

  Returns:
    The Rotation to variance 1, with a note where it hasn't converged.
  """
  mean, white, _ = _whitened(codes, least)
  codes = (np.asarray(codes, np.float64) - mean) @ white
  rotation = np.linalg.qr(rng.standard_normal(2 * white.shape[1:]))[0]
  for _ in range(max_iterations):
    # Whitened columns have the same mean square, Kaiser's other term.
    left, _, right = np.linalg.svd(codes.T @ (codes @ rotation) ** 3)
    before, rotation = rotation, left @ right
    if np.abs(rotation - before).max() < 1e-8:
      return Rotation(mean, white @ rotation)
  note = f"varimax hasn't converged in {max_iterations:,} iterations"
  return Rotation(mean, white @ rotation, note)


def _whitened(codes: np.ndarray, least: float) -> Rotation:
  """Principal axes to variance 1."""
  mean, axes, _ = principal(codes, rng=np.random.default_rng(0), least=least)
  scores = (np.asarray(codes, np.float64) - mean) @ axes
  return Rotation(mean, axes / scores.std(axis=0))


ROTATIONS = {"pca": principal, "ica": independent, "varimax": varimax}
