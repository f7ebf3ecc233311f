"""ModelCentrality: the medoid of many models, without labels."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Coder(NamedTuple):
  """A model as ModelCentrality reads it; a run's own functions fit.

  Attributes:
    prior: (number, seed) -> z (number, D).
    decode: z (B, D) -> images (B, ...).
    encode: images (B, ...) -> codes (B, D).
  """

  prior: Callable[[int, int], np.ndarray]
  decode: Callable[[np.ndarray], np.ndarray]
  encode: Callable[[np.ndarray], np.ndarray]


def model_centrality(
  coders: Sequence[Coder],
  *,
  rng: np.random.Generator,
  num_votes: int = 1000,
  group_size: int = 100,
  num_images: int = 5000,
  advance: Callable[[int], object] = lambda _: None,
) -> np.ndarray:
  """Scores each model by how well others read its latents, and it theirs.

  Lin et al. 2020 (arXiv:1906.06034), section 4: B_ij is the FactorVAE score of
  model j's codes on images that model i makes, with the latents of model i for
  factors; a model's score is the mean of (B_ij + B_ji) / 2 over the others. As
  in the authors' code the votes that make the classifier are those it is scored
  on, and no latent is left out. The work is that of L^2 num_votes group_size
  encoded images.

  Args:
    coders: L models of the same images, two or more.
    rng: NumPy generator; seeds the priors.
    num_votes: groups of images of each model; its latents are fixed in turn.
    group_size: images of a group.
    num_images: images of each model over which codes have their full spread.
    advance: called with 1 after the images of each model.

  Returns:
    (L,) scores from 0 to 1.

  Raises:
    ValueError: fewer than two models.
  """
  if len(coders) < 2:
    raise ValueError(f"coders: {len(coders)} model; must be two or more")
  read = np.zeros((len(coders), len(coders)))
  for row, made in zip(read, coders, strict=True):
    row[:] = _read(made, coders, rng, num_votes, group_size, num_images)
    advance(1)
  between = (read + read.T) / 2
  others = ~np.eye(len(coders), dtype=bool)
  return np.array(
    [b[mine].mean() for b, mine in zip(between, others, strict=True)]
  )


def _read(
  made: Coder, coders, rng, num_votes, group_size, num_images
) -> np.ndarray:
  """FactorVAE score (L,) of each model's codes on images of one model."""

  def draw(number):
    return np.array(made.prior(number, int(rng.integers(2**31))))

  images = made.decode(draw(num_images))
  spreads = [np.asarray(coder.encode(images)).std(0) for coder in coders]
  dimension = draw(1).shape[1]
  tables = [np.zeros((len(spread), dimension)) for spread in spreads]
  # A model's program costs little a call only where a call has many images.
  together = max(1, num_images // group_size)
  for start in range(0, num_votes, together):
    latents = np.arange(start, min(start + together, num_votes)) % dimension
    votes = np.arange(len(latents))
    z = draw(len(votes) * group_size).reshape(len(votes), group_size, -1)
    z[votes, :, latents] = z[votes, :1, latents]
    images = made.decode(z.reshape(-1, dimension))
    for coder, spread, table in zip(coders, spreads, tables, strict=True):
      codes = np.asarray(coder.encode(images))
      moved = codes.reshape(len(votes), group_size, -1).std(1)
      still = np.where(
        spread > 0, moved / np.where(spread > 0, spread, 1), np.inf
      )
      np.add.at(table, (still.argmin(1), latents), 1)
  return np.array([table.max(1).sum() / num_votes for table in tables])
