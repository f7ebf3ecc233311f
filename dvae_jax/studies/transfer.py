"""Whether settings that are good here are good there: by another data set's
lanes, or by another score of the same ones."""

import itertools
from typing import NamedTuple

import numpy as np

from dvae_jax.report.scores import worth
from dvae_jax.studies import findings
from dvae_jax.studies.choosing import setting_means
from dvae_jax.studies.findings import Interval, Table, interval
from dvae_jax.studies.ranks import known_mean, spearman


class Transfer(NamedTuple):
  """What settings that are chosen here are worth there; a score each.

  Attributes:
    settings: number that both have.
    correlation: Spearman's, of the settings' means on both, better ones first.
    chosen: mean there of the setting that is best here.
    best: mean there of the best one.
    at_random: mean there of all.
    gain: how far the chosen one is from the mean one to the best: 0 to 1, or
      below 0.
  """

  settings: int
  correlation: Interval
  chosen: Interval
  best: Interval
  at_random: Interval
  gain: Interval


def _judged(here, there) -> np.ndarray:
  """The numbers of a Transfer, of means that are turned so that more is better.

  Args:
    here, there: (B, G) means of G settings.

  Returns:
    (B, 5).
  """
  with np.errstate(invalid="ignore", divide="ignore"):
    correlation = spearman(np.stack([here, there], axis=1))[:, 0, 1]
    chosen = there[np.arange(len(there)), here.argmax(1)]
    best, mean = there.max(1), there.mean(1)
    gain = (chosen - mean) / (best - mean)
  return np.stack([correlation, chosen, best, mean, gain], axis=1)


def _of(score: str, settings: int, own, samples) -> Transfer:
  """Numbers (5,) with samples (B, 5) of them, by a score's own side."""
  side = float(worth(score, 1.0))
  signs = np.array([1.0, side, side, side, 1.0])
  own, samples = own * signs, samples * signs
  return Transfer(
    settings, *(interval(own[k], samples[:, k]) for k in range(5))
  )


def transfer(
  table: Table, score: str, **options
) -> dict[tuple[str, str], Transfer]:
  """(here, there) -> what the best setting of one data set gets on another.

  Locatello et al. 2019 (arXiv:1811.12359), section 5.5: by method, network and
  strength, which both data sets must have. {} of one data set.
  """
  known = table.rows(np.isfinite(table.scores[score]))
  # Seeds are those of a recipe, whatever its run is called.
  table = known._replace(run=known.data, setting=known.recipe)
  sets = list(dict.fromkeys(map(str, table.data)))
  number = {key: g for g, key in findings.settings(table).items()}
  own, samples = (
    worth(score, means[..., 0, :])
    for means in setting_means(table, [score], **options)
  )
  found = {}
  for here, there in itertools.permutations(sets, 2):
    shared = sorted(
      recipe for data, recipe in number if data == here
      if (there, recipe) in number
    )  # fmt: skip
    if shared:
      at = [
        [number[name, recipe] for recipe in shared] for name in (here, there)
      ]
      numbers = _judged(*(own[None][:, k] for k in at))[0]
      drawn = _judged(*(samples[:, k] for k in at))
      found[here, there] = _of(score, len(shared), numbers, drawn)
  return found


def between_scores(
  table: Table, names: list[str], **options
) -> dict[tuple[str, str], Transfer]:
  """(chosen by, judged by) -> what one score's best setting gets by another.

  Settings are compared within a data set; of several, the mean is returned.
  One choice and its judgement are of the same lanes, which favours it.

  Args:
    table: of the lanes.
    names: scores that every lane has.
  """
  data = dict(zip(table.group.tolist(), table.data.tolist(), strict=True))
  places = [
    [g for g in sorted(data) if data[g] == name]
    for name in dict.fromkeys(table.data)
  ]
  own, samples = setting_means(table, names, **options)

  def judged(means, i, j):  # (B, S, G) -> (B, 5)
    here, there = (worth(names[k], means[:, k]) for k in (i, j))
    of_each = [_judged(here[:, at], there[:, at]) for at in places]
    return known_mean(np.array(of_each))

  return {
    (names[i], names[j]): _of(
      names[j], own.shape[1], judged(own[None], i, j)[0], judged(samples, i, j)
    )
    for i, j in itertools.permutations(range(len(names)), 2)
  }
