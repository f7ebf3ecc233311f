"""Disentanglement metrics of anybody's codes, by name, with one signature.

    score("mig", codes, factors, rng=np.random.default_rng(0))

A metric reads codes (N, D) and factors (N, K) integers and returns its headline
value under its own name, further values, and the `variant` it computes. Same
seed, same value. `python -m dvae_jax.metrics` does it for a file of codes.
METRICS is the one place that says what there is, and which way is up.
"""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dvae_jax.metrics.beta_vae import beta_vae
from dvae_jax.metrics.checks import check
from dvae_jax.metrics.d_lsbd import d_lsbd
from dvae_jax.metrics.dci import dci, dci_fast
from dvae_jax.metrics.dci_es import dci_es
from dvae_jax.metrics.dcimig import dcimig
from dvae_jax.metrics.downstream import downstream
from dvae_jax.metrics.explicitness import explicitness
from dvae_jax.metrics.factor_vae import factor_vae
from dvae_jax.metrics.infomec import infomec
from dvae_jax.metrics.irs import irs
from dvae_jax.metrics.jemmig import jemmig
from dvae_jax.metrics.mcc import mcc
from dvae_jax.metrics.mig import mig
from dvae_jax.metrics.mig_exact import mig_exact
from dvae_jax.metrics.mig_sup import mig_sup
from dvae_jax.metrics.model_centrality import model_centrality
from dvae_jax.metrics.modularity import modularity
from dvae_jax.metrics.pipe import pipe
from dvae_jax.metrics.sap import sap
from dvae_jax.metrics.selectivity import selectivity
from dvae_jax.metrics.udr import udr
from dvae_jax.metrics.unsupervised import (
  mutual_info_score,
  total_correlation,
  wasserstein,
)
from dvae_jax.metrics.z_max_var import z_max_var


class Metric(NamedTuple):
  """What a metric is, for everybody who runs, prints or compares it.

  Attributes:
    function: (codes, factors, *, rng) -> {name: value, ..., "variant": text},
      without `factors` where it reads codes only, with `logvars` where it reads
      posteriors, with `decode` where it reads a decoder. It may also take
      `factor_names` and `discrete`. One of many models has a signature of its
      own.
    better: "high" or "low".
    reads: "codes", "codes and factors", "posteriors" (with factors), "decoder"
      (with codes) or "many models" (which `score` can't run).
    headlines: names of its numbers that tables show, its own name first; () is
      its own name alone.
    enough: rows, 500 or more, from which noise scores what noise of 10,000
      rows does, within 0.015; with fewer the result has a note. What noise
      scores, `python -m benchmarks.noise` measures.
  """

  function: Callable
  better: str
  reads: str
  headlines: tuple[str, ...] = ()
  enough: int = 0


BOTH = "codes and factors"
WITHOUT_FACTORS = ("codes", "decoder")
METRICS: dict[str, Metric] = {
  "mig": Metric(mig, "high", BOTH, enough=500),
  "dci": Metric(
    dci, "high", BOTH, ("dci", "completeness", "informativeness"), enough=500
  ),
  "dci_fast": Metric(dci_fast, "high", BOTH, enough=500),
  "sap": Metric(sap, "high", BOTH, enough=500),
  "beta_vae": Metric(beta_vae, "high", BOTH, enough=2000),
  "factor_vae": Metric(factor_vae, "high", BOTH, enough=500),
  "modularity": Metric(modularity, "high", BOTH, enough=500),
  "explicitness": Metric(explicitness, "high", BOTH, enough=500),
  "irs": Metric(irs, "high", BOTH, enough=5000),
  "total_correlation": Metric(total_correlation, "low", "codes", enough=2000),
  "wasserstein": Metric(wasserstein, "low", "codes", enough=2000),
  "mutual_info_score": Metric(mutual_info_score, "low", "codes", enough=10_000),
  "mig_exact": Metric(mig_exact, "high", "posteriors", enough=500),
  "dcimig": Metric(dcimig, "high", BOTH, enough=500),
  "infomec": Metric(
    infomec, "high", BOTH, ("infomec", "infoc", "infoe"), enough=1000
  ),
  "selectivity": Metric(selectivity, "high", BOTH, enough=2000),
  "mcc": Metric(mcc, "high", BOTH, ("mcc", "mcc_spearman"), enough=5000),
  "jemmig": Metric(jemmig, "high", BOTH, enough=500),
  "mig_sup": Metric(mig_sup, "high", BOTH, enough=500),
  "z_max_var": Metric(z_max_var, "high", BOTH, enough=500),
  "d_lsbd": Metric(d_lsbd, "low", BOTH, enough=500),
  "dci_es": Metric(dci_es, "high", BOTH, ("dci_es", "dci_es_size"), enough=500),
  "downstream": Metric(
    downstream,
    "high",
    BOTH,
    ("downstream", "downstream_10", "downstream_1000"),
    enough=2000,
  ),
  "pipe": Metric(
    pipe, "high", "decoder", ("pipe", "pipe_permuted"), enough=2000
  ),
  "udr": Metric(udr, "high", "many models"),
  "model_centrality": Metric(model_centrality, "high", "many models"),
}


def single_model() -> list[str]:
  """Names of the metrics that `score` runs: those of one model."""
  return [n for n, metric in METRICS.items() if metric.reads != "many models"]


def headlines(name: str) -> tuple[str, ...]:
  """Names of a metric's numbers that tables show, its own name first."""
  return METRICS[name].headlines or (name,)


def missing(
  name: str, *, factors: Any, logvars: Any, decode: Callable | None = None
) -> str:
  """Says why `score` can't run a metric on what there is; "" where it can.

  Args:
    name: a name in METRICS.
    factors: (N, K) integers, or None.
    logvars: (N, D) log variances of Gaussian posteriors, or None.
    decode: z (B, D) -> images (B, H, W, C), or None.
  """
  reads = METRICS[name].reads
  if reads == "many models":
    return f"{name} compares many models, not one"
  if reads == "decoder" and decode is None:
    return f"decoder: missing; {name} reads its images"
  if reads not in WITHOUT_FACTORS and factors is None:
    return f"factors: missing; {name} reads them"
  if reads == "posteriors" and logvars is None:
    return f"logvars: missing; {name} reads a Gaussian posterior's variances"
  return ""


def score(
  name: str,
  codes: np.ndarray,
  factors: np.ndarray | None,
  *,
  rng: np.random.Generator,
  logvars: np.ndarray | None = None,
  factor_names: tuple[str, ...] = (),
  discrete: bool = False,
  decode: Callable | None = None,
) -> dict[str, Any]:
  """Runs one metric, giving it what it reads.

  Args:
    name: a name in METRICS.
    codes: (N, D) numbers, row n describes image n.
    factors: (N, K) integers; None where there are none.
    rng: NumPy generator.
    logvars: (N, D) log variances of Gaussian posteriors, or None.
    factor_names: K names, or ().
    discrete: whether a latent takes few values, as quantised ones do.
    decode: the model's decoder, z (B, D) -> images (B, H, W, C), or None.

  Returns:
    What the metric returns: {name: headline value, ..., "variant": ...}, and a
    "note" where the rows are few.

  Raises:
    ValueError: unknown name, something that the metric reads is missing, or
      what `checks.check` or the metric itself refuses.
  """
  if name not in METRICS:
    raise ValueError(f"metric {name!r} is unknown; there are {list(METRICS)}")
  refusal = missing(name, factors=factors, logvars=logvars, decode=decode)
  if refusal:
    raise ValueError(refusal)
  inputs = check(codes, factors, logvars=logvars, factor_names=factor_names)
  metric = METRICS[name]
  wanted = inspect.signature(metric.function).parameters
  offered = {
    "logvars": inputs.logvars,
    "factor_names": factor_names,
    "discrete": discrete,
    "decode": decode,
  }
  options = {key: value for key, value in offered.items() if key in wanted}
  alone = metric.reads in WITHOUT_FACTORS
  read = (inputs.codes, inputs.factors)[: 1 if alone else 2]
  found = metric.function(*read, rng=rng, **options)
  if len(codes) < metric.enough:
    found["note"] = (
      f"{len(codes)} rows; of fewer than {metric.enough} this metric reads"
      " things that more images would not show"
    )
  return found
