"""Which images of a data set are trained on, and how often.

Three choices that combine: a fraction held out by a hash of the index,
combinations of factor values held out, and pairs of factors sampled together.
"""

import operator
import re
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.sampling.hashing import mix

_COMPARE = {
  "=": operator.eq,
  "!=": operator.ne,
  "<": operator.lt,
  "<=": operator.le,
  ">": operator.gt,
  ">=": operator.ge,
}


def apply(dataset: Dataset, config) -> Dataset:
  """Restricts and weights what `dataset.sample` draws.

  Args:
    dataset: any data set; `held_out` images of its own stay held out.
    config: has `heldout_fraction`, `holdout`, `correlate` and
      `correlation_strength`; the last two need a grid data set, `holdout` one
      or a table of factors.

  Returns:
    The data set with `sample`, `acceptance`, `num_train` and `held_out`; its
    arrays are then {"images": the given arrays, ...}. Unchanged when there is
    nothing to do.

  Raises:
    ValueError: names the field, the value and the values allowed.
  """
  held_out = np.zeros(dataset.num_images, bool)
  if dataset.held_out is not None:
    held_out[dataset.held_out] = True
  held_out |= hashed_fraction(dataset.num_images, config.heldout_fraction)
  if config.holdout:
    held_out |= combination(dataset, config.holdout)
  if held_out.all():
    raise ValueError(
      f"data.heldout_fraction {config.heldout_fraction} and data.holdout"
      f" {config.holdout!r} leave no image to train on"
    )
  if not held_out.any() and not config.correlate:
    return dataset
  train = np.flatnonzero(~held_out).astype(np.int32)
  if config.correlate:
    arrays = correlated(
      dataset, train, config.correlate, config.correlation_strength
    )
    sample = _sample_correlated
  else:
    arrays = {"train": train, "acceptance": (~held_out).astype(np.float32)}
    sample = _sample_uniform
  images = dataset.render and partial(_render, dataset.render)
  return dataset._replace(
    arrays={"images": dataset.arrays, **jax.tree.map(jnp.asarray, arrays)},
    render=images,
    sample=sample,
    acceptance=_acceptance,
    num_train=len(train),
    held_out=np.flatnonzero(held_out) if held_out.any() else None,
    notes={**dataset.notes, **_notes(config)},
  )


def hashed_fraction(num_images: int, fraction: float) -> np.ndarray:
  """(N,) booleans: which images a hash of their index holds out."""
  if not 0.0 <= fraction < 1.0:
    raise ValueError(
      f"data.heldout_fraction is {fraction}; allowed: 0 <= fraction < 1"
    )
  hashed = mix(np.arange(num_images, dtype=np.uint32))
  return hashed < np.uint64(fraction * 2**32)


def combination(dataset: Dataset, expression: str) -> np.ndarray:
  """Finds the images that meet every condition of an expression.

  Args:
    dataset: a grid, or a data set with a table of factors.
    expression: conditions joined by commas, such as "shape=heart,posX>15": a
      factor, one of = != < <= > >=, and the name of a value or its index in the
      full grid, whatever the stride.

  Returns:
    (N,) booleans.

  Raises:
    ValueError: no factors, a condition that can't be read, or no such image.
  """
  if dataset.factors is not None:
    factors = tuple(dataset.factors.T)
  else:
    factors = _factor_table(dataset, "holdout", expression)
  chosen = np.ones(dataset.num_images, bool)
  for condition in expression.split(","):
    match = re.fullmatch(
      r"\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*([\w.-]+)\s*", condition
    )
    if match is None:
      raise ValueError(
        f"data.holdout has the condition {condition!r}; allowed: a factor, one"
        f" of {' '.join(_COMPARE)}, and a value, joined by commas"
      )
    name, comparison, value = match.groups()
    factor = _factor_position(dataset, "holdout", name)
    wanted = _value_index(dataset, factor, value)
    stride = _strides(dataset)[factor]
    chosen &= _COMPARE[comparison](factors[factor] * stride, wanted)
  if not chosen.any():
    raise ValueError(
      f"data.holdout is {expression!r}; no image meets it, of factors of"
      f" {[len(np.unique(f)) for f in factors]} values with stride"
      f" {_strides(dataset)}"
    )
  return chosen


def correlated(
  dataset: Dataset, train: np.ndarray, pairs: str, strength: float
) -> dict[str, np.ndarray]:
  """Prepares sampling with p(c) ~ prod exp(-(c_i - c_j)^2 / (2 sigma^2)).

  Träuble et al. 2021 (arXiv:2006.07886), with factors scaled to [0, 1], so that
  their alpha is 1. The product is over the pairs, as in the code of
  Roth et al. 2023 (arXiv:2210.07347); the other factors stay uniform.

  Args:
    dataset: a grid data set.
    train: (M,) indices that may be drawn.
    pairs: two factor names joined by a comma; semicolons between several pairs;
      "posX,*" pairs one factor, a confounder, with every other that varies.
    strength: sigma; the smaller, the stronger the correlation.

  Returns:
    `train` ordered by the values of the factors in the pairs; for each of their
    combinations that occurs, the first position `start` and number `count` of
    its images; `cdf`, the cumulative probability of the combinations;
    `acceptance` (N,), the probability of each image over that of the likeliest.
  """
  factors = _factor_table(dataset, "correlate", pairs)
  if not strength > 0.0:
    raise ValueError(
      f"data.correlation_strength is {strength}; allowed: a positive sigma"
    )
  chosen = _correlated_pairs(dataset, pairs)
  involved = [*dict.fromkeys(factor for pair in chosen for factor in pair)]
  sizes = [dataset.factor_sizes[factor] for factor in involved]
  cell = np.ravel_multi_index([factors[f] for f in involved], sizes)[train]
  order = np.argsort(cell, kind="stable")
  cells, start, count = np.unique(
    cell[order], return_index=True, return_counts=True
  )
  values = np.unravel_index(cells, sizes)
  scaled = {
    factor: value / (size - 1)
    for factor, value, size in zip(involved, values, sizes, strict=True)
  }
  distance = sum((scaled[i] - scaled[j]) ** 2 for i, j in chosen)
  probability = np.exp(-distance / (2.0 * strength**2))
  cdf = np.cumsum(probability)
  of_image = np.zeros(dataset.num_images)
  of_image[train[order]] = np.repeat(probability / count, count)
  return {
    "train": train[order],
    "acceptance": (of_image / of_image.max()).astype(np.float32),
    "start": start.astype(np.int32),
    "count": count.astype(np.int32),
    "cdf": (cdf / cdf[-1]).astype(np.float32),
  }


def _correlated_pairs(dataset: Dataset, pairs: str) -> list[tuple[int, int]]:
  """Positions of the factors of each pair of data.correlate."""
  sizes, chosen = dataset.factor_sizes, []
  for pair in pairs.split(";"):
    names = tuple(name.strip() for name in pair.split(","))
    if len(names) != 2 or names[0] == names[1]:
      raise ValueError(
        f"data.correlate is {pairs!r}; allowed: two of {dataset.factor_names}"
        " joined by a comma, several pairs by semicolons, or one and *"
      )
    first = _factor_position(dataset, "correlate", names[0])
    if names[1] == "*":
      others = [f for f, n in enumerate(sizes) if n > 1 and f != first]
      chosen += [(first, other) for other in others]
    else:
      second = _factor_position(dataset, "correlate", names[1])
      chosen.append((first, second))
  found = [sizes[factor] for pair in chosen for factor in pair]
  if min(found) < 2:
    raise ValueError(
      f"data.correlate is {pairs!r}, of {found} values; allowed: factors of at"
      " least 2 values"
    )
  unordered = [frozenset(pair) for pair in chosen]
  if len(set(unordered)) < len(unordered):
    raise ValueError(
      f"data.correlate is {pairs!r}; allowed: every pair of factors once"
    )
  return chosen


def _render(render, arrays, indices) -> jax.Array:
  return render(arrays["images"], indices)


def _acceptance(arrays, indices) -> jax.Array:
  return arrays["acceptance"][indices]


def _sample_uniform(arrays, key, batch_size: int) -> jax.Array:
  train = arrays["train"]
  return train[jax.random.randint(key, (batch_size,), 0, train.shape[0])]


def _sample_correlated(arrays, key, batch_size: int) -> jax.Array:
  cell_key, image_key = jax.random.split(key)
  u = jax.random.uniform(cell_key, (batch_size,))
  cell = jnp.searchsorted(arrays["cdf"], u, side="right")
  nth = jax.random.randint(image_key, (batch_size,), 0, arrays["count"][cell])
  return arrays["train"][arrays["start"][cell] + nth]


def _factor_table(dataset: Dataset, field: str, value: str) -> tuple:
  if not dataset.factor_sizes:
    raise ValueError(
      f"data.{field} is {value!r}, but {dataset.name} is no grid of factors;"
      " allowed: ''"
    )
  return np.unravel_index(np.arange(dataset.num_images), dataset.factor_sizes)


def _factor_position(dataset: Dataset, field: str, name: str) -> int:
  if name not in dataset.factor_names:
    raise ValueError(
      f"data.{field} names the factor {name!r}; allowed: {dataset.factor_names}"
    )
  return dataset.factor_names.index(name)


def _strides(dataset: Dataset) -> list[int]:
  return dataset.notes.get("stride", [1] * len(dataset.factor_names))


def _value_index(dataset: Dataset, factor: int, value: str) -> int:
  """Index in the full grid of a value given by its name or by that index."""
  stride = _strides(dataset)[factor]
  names = dataset.factor_values[factor] if dataset.factor_values else ()
  if value in names:
    return names.index(value) * stride
  if value.isdecimal():
    return int(value)
  named = [name for name in names if isinstance(name, str)]
  raise ValueError(
    f"data.holdout compares {dataset.factor_names[factor]} with {value!r};"
    f" allowed: an index{' or one of ' + ', '.join(named) if named else ''}"
  )


def _notes(config) -> dict[str, Any]:
  """The splits in force, as results record them."""
  notes: dict[str, Any] = {}
  if config.heldout_fraction:
    notes["heldout_fraction"] = config.heldout_fraction
  if config.holdout:
    notes["holdout"] = config.holdout
  if config.correlate:
    notes["correlate"] = config.correlate
    notes["correlation_strength"] = config.correlation_strength
  return notes
