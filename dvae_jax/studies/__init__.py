"""Studies: many runs from one file, done by one process or by many."""

from dvae_jax.studies.page import write
from dvae_jax.studies.plan import (
  MANIFEST,
  Part,
  Plan,
  Study,
  hold_to,
  load,
  plan,
)
from dvae_jax.studies.results import LANES, Results, gather, load_study
from dvae_jax.studies.worker import State, state, table, work

__all__ = [
  "LANES", "MANIFEST", "Part", "Plan", "Results", "State", "Study", "gather",
  "hold_to", "load", "load_study", "plan", "state", "table", "work", "write",
]  # fmt: skip
