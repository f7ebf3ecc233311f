"""The questions that a study answers, in the order of its page.

Ten are those of Locatello et al. 2019 (arXiv:1811.12359), sections 5.2 to 5.6:
each has a figure and a sentence that is computed.
"""

from dvae_jax.studies import (
  agreements,
  selections,
  settings,
  spreads,
  strengths,
)
from dvae_jax.studies.findings import Table
from dvae_jax.studies.sections import Section, rated


def sections(table: Table, by: str) -> list[Section]:
  """What a study says, rated by one score.

  Args:
    table: of the study.
    by: the score, a name among `rated`.

  Returns:
    The sections that the study's scores allow.

  Raises:
    ValueError: there is no such score.
  """
  allowed = rated(table)
  if by not in allowed:
    raise ValueError(f"--by: {by!r} found, one of {allowed} expected")
  found = selections.chosen(table, by)
  parts = [
    settings.settings(table, by),
    strengths.draws(table),
    agreements.agreement(table),
    spreads.distributions(table, by),
    spreads.variance(table, by),
    strengths.strengths(table, by),
    selections.reconstruction(table, by, found),
    selections.choices(table, by, found),
    agreements.scores(table, by),
    selections.transfer(table, by),
    agreements.labels(table, by),
    settings.seeds(table, by),
  ]
  return [part for part in parts if part]
