"""PIPE: do images of independent latents look like reconstructions?"""

from collections.abc import Callable

import numpy as np

from dvae_jax.metrics.sampling import repeat

DRAWS = 3  # the fewest of `sampling.repeat`: one takes as long as dci_fast


def pipe(
  codes: np.ndarray,
  *,
  rng: np.random.Generator,
  decode: Callable[[np.ndarray], np.ndarray],
  num_train: int = 50_000,
  num_test: int = 5_000,
) -> dict[str, float | str]:
  """Twice the errors of telling reconstructions from factorised samples.

  Estermann and Wattenhofer 2023 (arXiv:2303.01384): 2 (1 - accuracy) of a
  classifier on images that it wasn't fitted on; 1 where both look alike, 0
  where each gives itself away. A factorised sample is decoded from latents that
  are drawn on their own: in the authors' evaluation uniformly between the ends
  of each latent's codes, which also tells the shape of a latent's distribution;
  `pipe_permuted` draws each from its codes, which leaves dependence alone.

  It departs from the authors' released code (besterma/dava) in that the
  classifier is a perceptron of two layers of 256 on the pixels instead of five
  convolutions, with a rate of 1e-3, in that images of the test come from codes
  that no image of the fit came from, and in that images are decoded anew for
  each of its steps; as many are shown as they show. Theirs multiplies the
  accuracy by 100 before it is taken from 1.

  Args:
    codes: (N, D).
    rng: NumPy generator.
    decode: z (B, D) -> images (B, H, W, C) in [0, 1].
    num_train: images shown in the fit, half of them reconstructions.
    num_test: images scored on, half of them reconstructions.

  Returns:
    `pipe` and `pipe_permuted`, 0 to 1 and above it by chance, `pipe_spread`
    (see `sampling.repeat`), and `variant`.

  Raises:
    ValueError: fewer than two codes.
  """
  from dvae_jax.metrics.classifier import accuracy  # needs JAX

  if len(codes) < 2:
    raise ValueError(f"codes: {len(codes)} rows; too few to fit and score on")

  def once():
    rows = rng.permutation(len(codes))
    parts = codes[rows[: len(rows) // 2]], codes[rows[len(rows) // 2 :]]
    errors = []
    for factorise in (_uniform, _permuted):
      pairs = [_pairs(part, decode, factorise, rng) for part in parts]
      told = accuracy(
        *pairs,
        num_train=num_train,
        num_test=num_test,
        seed=int(rng.integers(2**31)),
      )
      errors.append(2 * (1 - told))
    return {"pipe": errors[0], "pipe_permuted": errors[1]}

  values, draws = repeat(once, most=DRAWS)
  told = f"{draws} classifiers, perceptrons, of {num_train} images"
  return {**values, "variant": f"estermann2023, uniform samples, {told}"}


def _uniform(codes: np.ndarray, number: int, rng) -> np.ndarray:
  shape = number, codes.shape[1]
  return rng.uniform(codes.min(0), codes.max(0), shape)


def _permuted(codes: np.ndarray, number: int, rng) -> np.ndarray:
  rows = rng.integers(len(codes), size=(number, codes.shape[1]))
  return np.take_along_axis(codes, rows, 0)


def _pairs(codes, decode, factorise, rng) -> Callable[[int], np.ndarray]:
  """number -> as many reconstructions and then as many factorised samples."""

  def draw(number: int) -> np.ndarray:
    own = codes[rng.integers(len(codes), size=number)]
    both = np.concatenate([own, factorise(codes, number, rng)])
    return np.asarray(decode(both), np.float32)

  return draw
