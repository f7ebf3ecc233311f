"""Maps that keep a prior and entangle every latent.

Locatello et al. 2019 (arXiv:1811.12359), theorem 1: whatever a generative model
with more than one independent latent is, there are infinitely many bijections f
of its latents with the same distribution, of which each output depends on every
input almost everywhere. The decoder after f's inverse makes the same images
from f(z): no data and no bound tell z from f(z). All of these keep volumes, so
that log densities change by nothing.
"""

import numpy as np
from scipy.special import ndtr, ndtri


def rotation(latent_dim: int, *, rng: np.random.Generator) -> np.ndarray:
  """A rotation or reflection (D, D) drawn uniformly from all of them.

  Mezzadri 2007 (arXiv:math-ph/0609050), section 5.

  Args:
    latent_dim: D.
    rng: NumPy generator.
  """
  normal = rng.standard_normal((latent_dim, latent_dim))
  orthogonal, triangular = np.linalg.qr(normal)
  return orthogonal * np.sign(np.diagonal(triangular))


def generator(latent_dim: int, *, rng: np.random.Generator) -> np.ndarray:
  """A random antisymmetric matrix (D, D), for `twist`."""
  normal = rng.standard_normal((latent_dim, latent_dim))
  return (normal - normal.T) / np.sqrt(2 * latent_dim)


def turn(z: np.ndarray, matrix: np.ndarray) -> np.ndarray:
  """Rotates latents: it keeps N(0, I); `turn(., matrix.T)` is its inverse.

  The proof of theorem 1 in Locatello et al. 2019, appendix A, for this prior.

  Args:
    z: (N, D).
    matrix: (D, D), orthogonal; entangles all where no entry is 0.
  """
  return z @ matrix.T


def turn_uniform(u: np.ndarray, matrix: np.ndarray) -> np.ndarray:
  """The same for latents that are uniform in (0, 1), by their normal quantiles.

  Locatello et al. 2019, appendix A: with a factorised prior's distribution
  functions before and their inverses after it, it keeps that prior.

  Args:
    u: (N, D) in (0, 1).
    matrix: as for `turn`.
  """
  return ndtr(turn(ndtri(u), matrix))


def twist(z: np.ndarray, antisymmetric: np.ndarray) -> np.ndarray:
  """Rotates each z by exp(|z|^2 A): it keeps N(0, I), and isn't linear.

  A rotation keeps |z|, so that `twist(., -A)` is the inverse, and the Jacobian
  is exp(|z|^2 A) (I + 2 A z z^T), whose determinant is 1 + 2 z^T A z = 1. One
  of the bijections of Locatello et al. 2019, theorem 1.

  Args:
    z: (N, D).
    antisymmetric: A (D, D), A^T = -A; see `generator`.
  """
  speeds, vectors = np.linalg.eigh(1j * antisymmetric)
  phases = np.exp(-1j * np.sum(z**2, axis=1, keepdims=True) * speeds)
  return np.real((z @ vectors.conj() * phases) @ vectors.T)


def turned_logvar(logvar: np.ndarray, matrix: np.ndarray) -> np.ndarray:
  """Log variances of each latent of Gaussian posteriors after `turn`.

  The diagonal of R diag(exp(logvar)) R^T: with the turned means all that
  metrics of single latents, such as `mig_exact`, read of it.

  Args:
    logvar: (N, D) of diagonal posteriors.
    matrix: R (D, D), orthogonal.
  """
  return np.log(np.exp(logvar) @ (matrix**2).T)
