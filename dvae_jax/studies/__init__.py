"""Studies: many runs from one file, done by one process or by many."""

from dvae_jax.studies.centrality import add as add_centrality
from dvae_jax.studies.claims import (
  Claim,
  Conclusion,
  load_claim,
  study_of,
  trained,
)
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
from dvae_jax.studies.worker import (
  State,
  finished,
  say_cost,
  state,
  table,
  work,
)

__all__ = [
  "LANES", "MANIFEST", "Claim", "Conclusion", "Part", "Plan", "Results",
  "State", "Study", "add_centrality", "finished", "gather", "hold_to", "load",
  "load_claim", "load_study", "plan", "say_cost", "state", "study_of", "table",
  "trained", "work", "write",
]  # fmt: skip
