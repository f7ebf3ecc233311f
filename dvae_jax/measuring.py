"""Metrics of one lane's codes: what is measured, away from models and JAX.

A process of its own may do it: everything here is pickled easily.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dvae_jax import metrics
from dvae_jax.progress import warn


class Truth(NamedTuple):
  """What is known of the images whose codes are measured.

  Attributes:
    factors: (N, K) those that take more than one value, or None.
    names: of the factors, K.
    held_out: (N,) booleans, or None where no image is held out.
    discrete: whether a latent's codes take few different values.
  """

  factors: np.ndarray | None = None
  names: tuple[str, ...] = ()
  held_out: np.ndarray | None = None
  discrete: bool = False

  def rows(self, chosen: np.ndarray) -> "Truth":
    """The same of some images; a factor with one value only is left out."""
    if self.factors is None:
      return self._replace(held_out=None)
    factors, names = varying(self.factors[chosen], self.names)
    return self._replace(factors=factors, names=names, held_out=None)


class Measured(NamedTuple):
  """What metrics say of one lane.

  Attributes:
    scores: {name: value} of the headlines, the first of a metric under the
      metric's name and further ones as "name.part".
    details: {name: all else that the metric returned}.
    held_out: scores of the held-out images alone, {} without any.
  """

  scores: dict[str, float | None]
  details: dict[str, dict]
  held_out: dict[str, float | None]

  def joined(self, other: "Measured") -> "Measured":
    """Both, of the same lane."""
    return Measured(
      self.scores | other.scores,
      self.details | other.details,
      self.held_out | other.held_out,
    )


def varying(
  factors: np.ndarray, names: tuple[str, ...]
) -> tuple[np.ndarray | None, tuple[str, ...]]:
  """Factors (N, K) that take more than one value and their names, or None."""
  vary = np.flatnonzero((factors != factors[:1]).any(axis=0))
  kept = tuple(names[k] for k in vary)
  return (factors[:, vary], kept) if len(vary) else (None, ())


def measure(
  codes: np.ndarray,
  logvars: np.ndarray | None,
  truth: Truth,
  names: list[str],
  advance: Callable[[int], object] = lambda _: None,
  decode: Callable | None = None,
) -> Measured:
  """Runs metrics on one lane's codes, and again on the held-out images.

  Args:
    codes: (N, D).
    logvars: (N, D) of Gaussian posteriors, or None.
    truth: of the images.
    names: of the metrics.
    advance: called with 1 after each.
    decode: z (B, D) -> images (B, H, W, C), or None.

  Returns:
    Measured. A metric that refuses the codes has the value None and its reason;
    one that reads what there isn't is left out.
  """
  found, details = _scores(codes, logvars, truth, names, decode, advance)
  rows, held_out = truth.held_out, {}
  if rows is not None:
    some = None if logvars is None else logvars[rows]
    held_out, _ = _scores(codes[rows], some, truth.rows(rows), names, decode)
  return Measured(found, details, held_out)


def _scores(
  codes, logvars, truth: Truth, names, decode, advance=lambda _: None
):
  """Headlines and details of one set of images."""
  found: dict[str, float | None] = {}
  details: dict[str, dict] = {}
  for name in names:
    advance(1)
    have = {"factors": truth.factors, "logvars": logvars, "decode": decode}
    if metrics.missing(name, **have):
      continue
    try:
      details[name] = metrics.score(
        name,
        codes,
        truth.factors,
        rng=np.random.default_rng(0),
        logvars=logvars,
        factor_names=truth.names,
        discrete=truth.discrete,
        decode=decode,
      )
    except ValueError as error:
      warn(f"Metric {name}: {error}")
      details[name] = {name: None, "refused": str(error)}
    found[name] = details[name].pop(name)
    for part in metrics.headlines(name)[1:]:
      if part in details[name]:
        found[f"{name}.{part}"] = details[name][part]
  return found, details
