"""Disentanglement metrics of anybody's codes, by name, with one signature.

    METRICS["mig"](codes, factors, rng=np.random.default_rng(0))

A metric reads codes (N, D) and factors (N, K) integers and returns its headline
value under its own name, further values, and the `variant` it computes. Same
seed, same value. `python -m dvae_jax.metrics` does it for a file of codes.
"""

import inspect

from dvae_jax.metrics.beta_vae import beta_vae
from dvae_jax.metrics.dci import dci, dci_fast
from dvae_jax.metrics.dcimig import dcimig
from dvae_jax.metrics.explicitness import explicitness
from dvae_jax.metrics.factor_vae import factor_vae
from dvae_jax.metrics.infomec import infomec
from dvae_jax.metrics.irs import irs
from dvae_jax.metrics.mig import mig
from dvae_jax.metrics.mig_exact import mig_exact
from dvae_jax.metrics.modularity import modularity
from dvae_jax.metrics.sap import sap
from dvae_jax.metrics.selectivity import selectivity
from dvae_jax.metrics.unsupervised import (
  mutual_info_score,
  total_correlation,
  wasserstein,
)

METRICS = {
  "mig": mig,
  "dci": dci,
  "dci_fast": dci_fast,
  "sap": sap,
  "beta_vae": beta_vae,
  "factor_vae": factor_vae,
  "modularity": modularity,
  "explicitness": explicitness,
  "irs": irs,
  "total_correlation": total_correlation,
  "wasserstein": wasserstein,
  "mutual_info_score": mutual_info_score,
  "mig_exact": mig_exact,
  "dcimig": dcimig,
  "infomec": infomec,
  "selectivity": selectivity,
}


def score(name, codes, factors, *, rng, logvars=None, factor_names=()):
  """Runs one metric, giving it those of the optional arrays that it reads.

  Args:
    name: a name in METRICS.
    codes: (N, D) posterior means.
    factors: (N, K) integers.
    rng: NumPy generator.
    logvars: (N, D) log variances of the posteriors, or None.
    factor_names: K names, or ().

  Returns:
    What the metric returns: {name: headline value, ..., "variant": ...}.

  Raises:
    ValueError: unknown name, log variances that the metric reads are missing,
      or what the metric itself refuses.
  """
  if name not in METRICS:
    raise ValueError(f"metric {name!r} is unknown; there are {list(METRICS)}")
  reads = inspect.signature(METRICS[name]).parameters
  optional = {"logvars": logvars, "factor_names": factor_names}
  if "logvars" in reads and logvars is None:
    raise ValueError(
      f"logvars: missing; {name} reads the posteriors' variances"
    )
  given = {key: value for key, value in optional.items() if key in reads}
  return METRICS[name](codes, factors, rng=rng, **given)
