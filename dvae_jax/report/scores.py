"""What a number of a result means: which way is up, and what it asks for.

METRICS says it of the metrics, MODEL of the model's own quantities; every page,
table and choice asks here.
"""

from typing import NamedTuple

import numpy as np

from dvae_jax.metrics import METRICS, Metric

# What is measured of the model itself, without labels, in a table's order:
# "high" or "low" is better, or neither is.
MODEL = {
  "reconstruction": "low",
  "kl": "low",
  "elbo": "high",
  "active_units": "",
  "mi": "",
  "tc": "low",
  "dwkl": "",
}
ARROWS = {"high": " ↑", "low": " ↓", "": ""}


class Summary(NamedTuple):
  """Mean, its standard error (NaN of fewer than two), and how many numbers."""

  mean: float
  error: float
  number: int


def metric_of(name: str) -> Metric | None:
  """The metric that a number belongs to, None where it's not a metric's.

  Args:
    name: of the metric, or of another of its numbers: "dci.completeness".
  """
  return METRICS.get(name.partition(".")[0])


def better(name: str) -> str:
  """ "high" or "low"; "" where neither is better, or nobody says."""
  metric = metric_of(name)
  return metric.better if metric else MODEL.get(name, "")


def titled(name: str) -> str:
  """The name with an arrow the way that is better: "mig ↑"."""
  return name + ARROWS[better(name)]


def needs_labels(name: str) -> bool:
  """Whether the number can't be known without factors."""
  metric = metric_of(name)
  return metric is not None and metric.reads in (
    "codes and factors",
    "posteriors",
  )


def worth(name: str, values) -> np.ndarray:
  """The numbers turned so that more is better; NaN stays.

  Args:
    name: of the number; `better` knows its direction.
    values: (L,).
  """
  return -np.asarray(values) if better(name) == "low" else np.asarray(values)


def rated(scores: dict[str, np.ndarray]) -> list[str]:
  """Names of the metrics among a run's scores, those with labels first."""
  known = [
    n for n, v in scores.items() if n in METRICS and np.isfinite(v).any()
  ]
  return sorted(known, key=lambda name: not needs_labels(name))


def headline(scores: dict[str, np.ndarray]) -> str:
  """The number that lanes are compared by; "" where there is none.

  The first metric, without metrics the ELBO, without an ELBO the
  reconstruction.
  """
  own = [n for n in ("elbo", "reconstruction") if n in scores]
  return next(iter([*rated(scores), *own]), "")


def summary(values) -> Summary:
  """Mean, standard error and number of the finite values."""
  values = np.asarray(values, np.float64)
  values = values[np.isfinite(values)]
  number = len(values)
  if not number:
    return Summary(np.nan, np.nan, 0)
  error = values.std(ddof=1) / np.sqrt(number) if number > 1 else np.nan
  return Summary(float(values.mean()), float(error), number)


def by_setting(settings: list[str], values) -> dict[str, Summary]:
  """A score's summary of each setting: the lanes that share it are its seeds.

  Args:
    settings: L texts, equal where lanes differ in their seed alone.
    values: (L,).
  """
  table: dict[str, list[float]] = {}
  for setting, value in zip(settings, values, strict=True):
    table.setdefault(setting, []).append(value)
  return {setting: summary(group) for setting, group in table.items()}


def best_setting(
  name: str, settings: list[str], values
) -> tuple[str, Summary] | None:
  """The setting with the best mean of a score, None where there is no score."""
  table = by_setting(settings, values)
  known = {s: found for s, found in table.items() if found.number}
  if not known:
    return None
  chosen = max(known, key=lambda s: worth(name, known[s].mean))
  return chosen, known[chosen]
