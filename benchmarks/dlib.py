"""disentanglement_lib 1.5's own metric code, on tables of codes."""

import sys

import numpy as np

INSTALL = (
  "disentanglement_lib is missing: pip install --no-deps "
  "disentanglement_lib==1.5 && pip install gin-config six absl-py"
)


def load() -> dict:
  """Its functions (data, represent, random_state) -> scores, by our names.

  Raises:
    ImportError: it, or what it imports, is missing.
  """
  _shim_gin()
  from disentanglement_lib.evaluation.metrics import (
    beta_vae,
    dci,
    factor_vae,
    irs,
    mig,
    modularity_explicitness,
    sap_score,
    unsupervised_metrics,
    utils,
  )

  sys.modules["gin.tf"].bind_parameter("discretizer.num_bins", 20)
  sys.modules["gin.tf"].bind_parameter(
    "discretizer.discretizer_fn", utils._histogram_discretize
  )
  sys.modules["gin.tf"].bind_parameter("prune_dims.threshold", 0.05)
  train = {"num_train": 10_000}
  split = train | {"num_test": 5_000}
  pairs = train | {"num_eval": 5_000, "batch_size": 64}
  return {
    "mig": (mig.compute_mig, train),
    "beta_vae": (beta_vae.compute_beta_vae_sklearn, pairs),
    "factor_vae": (
      factor_vae.compute_factor_vae,
      pairs | {"num_variance_estimate": 10_000},
    ),
    "sap": (sap_score.compute_sap, split | {"continuous_factors": False}),
    "modularity": (
      modularity_explicitness.compute_modularity_explicitness,
      split,
    ),
    "irs": (irs.compute_irs, train | {"batch_size": 16}),
    "unsupervised": (unsupervised_metrics.unsupervised_metrics, train),
    "dci": (dci.compute_dci, split),
  }


def _shim_gin() -> None:
  """Stands in for gin.tf, which needs TensorFlow; renames an argument."""
  import gin

  original = gin.configurable

  def configurable(*args, blacklist=None, **kwargs):
    return original(*args, denylist=blacklist, **kwargs)

  gin.configurable = configurable
  sys.modules["gin.tf"] = gin.tf = gin


class Grid:
  """A grid data set whose images are their own row numbers."""

  def __init__(self, sizes):
    self.factors_num_values = list(sizes)
    self.num_factors = len(sizes)

  def sample_factors(self, num, random_state):
    columns = [
      random_state.randint(s, size=num) for s in self.factors_num_values
    ]
    return np.stack(columns, 1)

  def sample_observations_from_factors(self, factors, random_state):
    return np.ravel_multi_index(factors.T, self.factors_num_values)

  def sample(self, num, random_state):
    factors = self.sample_factors(num, random_state)
    return factors, self.sample_observations_from_factors(factors, random_state)

  def sample_observations(self, num, random_state):
    return self.sample(num, random_state)[1]
