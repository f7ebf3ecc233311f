"""Pairs of training images that differ in some factors, on the device."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset, draw_indices
from dvae_jax.data.sampling import transitions

_CANDIDATES = 2**14  # drawn by `check`
_RAREST = 1e-3  # share of candidates that must be accepted


def draw(
  key: Array, dataset: Dataset, arrays, batch_size: int, *, num_changed: int
) -> Array:
  """Draws pairs of training images of a grid data set.

  Locatello et al. 2020 (arXiv:2002.02886), section 5: without a split the
  first image is uniform, the set S of factors that change is uniform over all
  sets of their number, and each takes a value uniform over those it didn't
  have. With p the distribution that `dataset.sample` draws from, images 1 and 2
  have the probability

    p(x1) p(x2) w(S) / Z,   w(S) = P(S) / prod_{j in S} (n_j - 1),

  n_j the number of values of factor j: both are training images, and each of
  the two alone has the same law, near p: `data.correlate` of 0.79 is 0.85 in
  pairs that differ in one factor of dSprites, 0.77 in four. It is drawn by
  rejection: a candidate is a first image from p and a partner as above,
  accepted in the proportion of p at the partner. `check` refuses splits where
  that would hardly ever end.

  Args:
    key: JAX key.
    dataset: a grid (static).
    arrays: `dataset.arrays`, as traced arrays.
    batch_size: B, the number of pairs (static).
    num_changed: how many factors change (static); 0 draws the number for every
      candidate, uniform over 1 to one less than the factors that can change; -1
      lets them move by Laplace transitions.

  Returns:
    (2B,) int32 indices: the first images, then their partners.

  Raises:
    ValueError: the data set has no factors, or not enough that can change.
  """
  _check_factors(dataset, num_changed)
  if dataset.acceptance is None:
    pairs, _ = _candidates(key, dataset, arrays, batch_size, num_changed)
    return pairs.reshape(-1)

  def redraw(state):
    tries, pairs, accepted = state
    fold = jax.random.fold_in(key, tries)
    fresh, good = _candidates(fold, dataset, arrays, batch_size, num_changed)
    pairs = jnp.where(accepted[None, :], pairs, fresh)
    return tries + 1, pairs, accepted | good

  none = jnp.zeros((2, batch_size), jnp.int32), jnp.zeros(batch_size, bool)
  _, pairs, _ = jax.lax.while_loop(
    lambda state: ~state[2].all(), redraw, (jnp.int32(0), *none)
  )
  return pairs.reshape(-1)


def check(dataset: Dataset, num_changed: int) -> None:
  """Refuses pairs that a data set or its split hardly ever has.

  Args:
    dataset: as loaded, with its split.
    num_changed: `config.data.pair_changes`.

  Raises:
    ValueError: the data set has no factors, not enough that can change, or
      fewer than one in a thousand candidates is accepted by `draw`.
  """
  _check_factors(dataset, num_changed)
  if dataset.acceptance is None:
    return
  draw_once = jax.jit(
    lambda arrays: _candidates(
      jax.random.PRNGKey(0), dataset, arrays, _CANDIDATES, num_changed
    )
  )
  rate = float(draw_once(dataset.arrays)[1].mean())
  if rate < _RAREST:
    raise ValueError(
      f"data.pair_changes={num_changed}: of {_CANDIDATES:,} candidates for a"
      f" pair a share of {rate:.2g} has two training images, {_RAREST} is"
      f" needed. {_split(dataset)}: hold out fewer images, correlate less"
      " (larger data.correlation_strength), or change another number of factors"
    )


def _split(dataset: Dataset) -> str:
  """The fields that leave images out, in words."""
  fields = ("heldout_fraction", "holdout", "correlate", "correlation_strength")
  named = [
    f"data.{f}={dataset.notes[f]!r}" for f in fields if f in dataset.notes
  ]
  return ", ".join(named) or f"data.name={dataset.name!r} holds images out"


def _candidates(
  key, dataset: Dataset, arrays, batch_size: int, num_changed: int
) -> tuple[Array, Array]:
  """Candidates (2, B), and which of them are accepted, (B,) booleans."""
  first_key, partner_key = jax.random.split(key)
  first = draw_indices(dataset, arrays, first_key, batch_size)
  if num_changed < 0:
    second = transitions.draw(partner_key, first, dataset)
  else:
    second = _partners(partner_key, first, dataset.factor_sizes, num_changed)
  pairs = jnp.stack([first, second])
  if dataset.acceptance is None:
    return pairs, jnp.ones(batch_size, bool)
  # `split` may have given folds 0 and 1.
  luck = jax.random.uniform(jax.random.fold_in(key, 2), (batch_size,))
  return pairs, luck < dataset.acceptance(arrays, second)


def _partners(
  key, indices: Array, factor_sizes: tuple[int, ...], num_changed: int
) -> Array:
  """(B,) int32 indices of images of the full grid that differ in k factors."""
  which_key, count_key, shift_key = jax.random.split(key, 3)
  sizes = np.array(factor_sizes, np.int32)[None, :]
  factors = jnp.stack(grids.unravel(indices, factor_sizes), axis=1)

  # A random order of the factors; those that can't change come last. Ranks are
  # counted, which is faster than two sorts of so few.
  order = jax.random.uniform(which_key, factors.shape)
  order = jnp.where(sizes > 1, order, jnp.inf)
  mine, other = order[:, :, None], order[:, None, :]
  earlier = np.tri(len(factor_sizes), k=-1, dtype=bool)[None]
  rank = jnp.sum((other < mine) | ((other == mine) & earlier), axis=2)
  count = num_changed or jax.random.randint(
    count_key, (indices.shape[0], 1), 1, int(np.sum(sizes > 1))
  )

  shift = jax.random.randint(shift_key, factors.shape, 1, jnp.maximum(sizes, 2))
  others = jnp.where(rank < count, (factors + shift) % sizes, factors)
  return grids.ravel(list(others.T), factor_sizes)


def _check_factors(dataset: Dataset, num_changed: int) -> None:
  factor_sizes = dataset.factor_sizes
  changeable = sum(size > 1 for size in factor_sizes)
  if not factor_sizes:
    raise ValueError(
      "data.name: pairs need a data set whose images are a grid of factors"
    )
  if num_changed == 0 and changeable < 2:
    raise ValueError(
      "data.pair_changes=0, a random number of factors, needs at least two with"
      f" more than one value; the data set's have {factor_sizes}"
    )
  if num_changed == -1 and not transitions.moving(dataset):
    raise ValueError(
      "data.pair_changes=-1, Laplace transitions, needs a factor with more than"
      f" one value whose values are no words; {dataset.name!r} has none"
    )
  if not -1 <= num_changed <= changeable:
    raise ValueError(
      f"data.pair_changes={num_changed}: allowed are -1 (Laplace transitions),"
      f" 0 (random) to {changeable}, the number of factors with more than one"
      f" value in {factor_sizes}"
    )
