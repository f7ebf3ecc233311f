"""Methods: what a posterior is, what is penalised, how images are compared.

`OBJECTIVES` has a row for each method, `LIKELIHOODS` for each likelihood. A new
method is an `Objective` in a file of its own and a row here.
"""

from dvae_jax.methods import (
  adversarial,
  beta,
  clamped,
  discrepancies,
  identifiable,
  labelled,
  moments,
  quantised,
  support,
  total_correlation,
  tripod,
  weakly_supervised,
)
from dvae_jax.methods.likelihoods import LIKELIHOODS, Likelihood
from dvae_jax.methods.objective import Network, Objective
from dvae_jax.methods.posteriors import Posterior

__all__ = [
  "LIKELIHOODS",
  "OBJECTIVES",
  "Likelihood",
  "Network",
  "Objective",
  "Posterior",
]

OBJECTIVES: dict[str, Objective] = {
  **beta.OBJECTIVES,
  **total_correlation.OBJECTIVES,
  **moments.OBJECTIVES,
  **weakly_supervised.OBJECTIVES,
  **quantised.OBJECTIVES,
  **support.OBJECTIVES,
  **adversarial.OBJECTIVES,
  **discrepancies.OBJECTIVES,
  **identifiable.OBJECTIVES,
  **clamped.OBJECTIVES,
  **tripod.OBJECTIVES,
  **labelled.OBJECTIVES,
}
