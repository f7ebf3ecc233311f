"""Scores of how unlike the training images an image is: more is stranger.

The first of them is `Run.reconstruction`; what a score is worth, the area under
its ROC curve says: `metrics.explicitness.roc_area`.
"""

import numpy as np

from dvae_jax.downstream.linear import Components, project, restore
from dvae_jax.runs import Run


def negative_elbo(run: Run, images, lane: int = 0) -> np.ndarray:
  """Reconstruction at the code plus KL, in nats: a bound on -log p(x).

  Kingma & Welling 2014 (arXiv:1312.6114), eq. 3, the expectation taken at the
  mean of q. Xiao et al. 2020 (arXiv:2003.02977) say why it may mislead.

  Args:
    run: loaded; of a method with a KL.
    images: (B, H, W, C) in [0, 1].
    lane: which model.

  Returns:
    (B,).

  Raises:
    ValueError: the run's posterior has no KL.
  """
  kl = run.kl(images, lane)
  if kl is None:
    raise ValueError(
      f"objective: {run.config.objective!r} has no KL; one whose posterior has"
      " one is needed"
    )
  return run.reconstruction(images, lane) + kl.sum(1)


def mahalanobis(codes: np.ndarray, normal: np.ndarray) -> np.ndarray:
  """Distance to the codes of normal images, in their standard deviations.

  Mahalanobis 1936, with the mean and covariance of `normal`; a direction in
  which these don't vary counts for nothing.

  Args:
    codes: (B, D).
    normal: (N, D) codes of normal images.

  Returns:
    (B,).
  """
  mean = normal.mean(0, dtype=np.float64)
  inverse = np.linalg.pinv(
    np.cov(normal.T.astype(np.float64)).reshape(len(mean), -1), hermitian=True
  )
  away = codes - mean
  return np.sqrt(np.einsum("nd,de,ne->n", away, inverse, away).clip(0))


def outside(images: np.ndarray, components: Components) -> np.ndarray:
  """Squared error (B,) of images in the space of principal components.

  Jackson & Mudholkar 1979 (doi:10.1080/00401706.1979.10489779): their Q.

  Args:
    images: (B, ...).
    components: of normal images.
  """
  flat = images.reshape(len(images), -1)
  found = restore(project(flat, components), components)
  return ((flat - found) ** 2).sum(1)
