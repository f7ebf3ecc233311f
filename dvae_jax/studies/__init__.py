"""Studies: many runs from one file, done by one process or by many."""

from dvae_jax.studies.plan import Part, Plan, Study, hold_to, load, plan
from dvae_jax.studies.worker import State, state, table, work

__all__ = [
  "Part", "Plan", "State", "Study", "hold_to", "load", "plan", "state", "table",
  "work",
]  # fmt: skip
