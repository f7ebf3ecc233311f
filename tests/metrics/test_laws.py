"""What holds of every metric, whatever it measures."""

import numpy as np
import pytest

from dvae_jax.metrics import METRICS, score, single_model

UNSUPERVISED = ("total_correlation", "wasserstein", "mutual_info_score")
# Exact trees and forests take seconds; in the default run dci_fast stands for
# them. d_lsbd reads grids of cyclic factors only, and pipe a decoder: see
# test_d_lsbd.py and test_pipe.py.
SLOW = ("dci", "dci_es")
ELSEWHERE = ("d_lsbd", "pipe")
NAMES = [
  pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
  for name in single_model()
  if name not in ELSEWHERE
]
SUPERVISED = [n for n in NAMES if n.values[0] not in UNSUPERVISED]
FEW_ROWS = ("dci", "dci_fast", "dci_es")  # trees are slow
# Where a latent's scale counts: penalised or unscaled features, weights, units.
SCALED = ("sap", "beta_vae", "irs", "wasserstein")
# A mean over latents or their pairs counts a dead one.
COUNTS_DEAD = ("modularity", "mutual_info_score")
GAPS = ("mig", "mig_exact", "sap")


def table(repeats=40):
  """Codes that are their factors, slightly blurred, on a repeated grid."""
  axes = np.meshgrid(*(np.arange(n) for n in (3, 4, 5)), indexing="ij")
  factors = np.tile(np.stack(axes, -1).reshape(-1, 3), (repeats, 1))
  noise = np.random.default_rng(0).normal(size=factors.shape)
  return (factors / (2, 3, 4) - 0.5) * 2 + 0.05 * noise, factors


def value(name, codes, factors, logvars=None, key=None):
  rng, blurred = np.random.default_rng(3), np.full(codes.shape, -6.0)
  if name in FEW_ROWS:
    found = METRICS[name].function(
      codes, factors, rng=rng, num_train=300, num_test=150
    )
  else:
    found = score(
      name,
      codes,
      factors,
      rng=rng,
      logvars=blurred if logvars is None else logvars,
    )
  return found[key or name]


@pytest.mark.parametrize("name", SUPERVISED)
def test_axis_aligned_codes_score_above_shuffled_and_constant_ones(name):
  codes, factors = table()
  # Noise that happens to tell of one factor only has an infom of 1, and what no
  # forest can read is as explicit to a shallow one as to a deep one.
  keys = {"infomec": "infoe", "dci_es": "dci_es_informativeness"}
  key = keys.get(name, name)
  best = value(name, codes, factors, key=key)
  shuffled = np.random.default_rng(1).permutation(codes)
  assert best > value(name, shuffled, factors, key=key) + 0.15
  if name != "jemmig":  # a constant holds nothing besides the factor
    assert best > value(name, np.zeros_like(codes), factors, key=key) + 0.15


@pytest.mark.parametrize("name", UNSUPERVISED)
def test_independent_latents_score_below_dependent_ones(name):
  codes, factors = table()
  dependent = codes + codes[:, :1]
  assert 0 <= value(name, codes, factors) < 0.1
  assert value(name, dependent, factors) > value(name, codes, factors) + 0.1


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_latents_does_not_matter(name):
  codes, factors = table()
  codes = codes @ np.random.default_rng(2).normal(size=(3, 3))
  found = value(name, codes[:, [2, 0, 1]], factors)
  # Trees break ties between splits in the order of latents.
  allowed = 0.02 if name == "dci" else 1e-3
  assert abs(found - value(name, codes, factors)) < allowed


@pytest.mark.parametrize("name", NAMES)
def test_the_scale_of_a_latent_matters_only_where_its_definition_says_so(name):
  codes, factors = table()
  codes = codes @ np.random.default_rng(2).normal(size=(3, 3))
  scale = np.array([1.0, 0.125, 1.0])
  logvars = -6 + 2 * np.log(scale) + np.zeros(codes.shape)
  before = value(name, codes, factors)
  after = value(name, codes * scale, factors, logvars)
  if name in SCALED:
    assert after != before
  else:
    assert abs(after - before) < 1e-3


@pytest.mark.parametrize("name", GAPS)
def test_a_duplicated_latent_closes_the_gap(name):
  codes, factors = table()
  doubled = np.concatenate([codes, codes], axis=1)
  assert value(name, doubled, factors) < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_a_dead_latent_counts_only_in_a_mean_over_latents(name):
  codes, factors = table()
  codes = codes @ np.random.default_rng(2).normal(size=(3, 3))
  dead = np.pad(codes, [(0, 0), (0, 1)])
  logvars = np.pad(np.full(codes.shape, -6.0), [(0, 0), (0, 1)])
  before, after = (
    value(name, codes, factors),
    value(name, dead, factors, logvars),
  )
  if name in COUNTS_DEAD:
    assert after < 0.9 * before
  else:
    assert abs(after - before) < (0.02 if name == "dci" else 2e-3)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_value(name):
  codes, factors = table()
  assert value(name, codes, factors) == value(name, codes, factors)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("latents", "kinds"), [(1, 3), (3, 1), (1, 1)])
def test_a_single_latent_or_factor_has_a_value(name, latents, kinds):
  codes, factors = table()
  found = value(name, codes[:, :latents], factors[:, :kinds])
  assert np.isfinite(found)
  if name not in UNSUPERVISED and name != "sap":
    assert 0 <= found <= 1 + 1e-6


@pytest.mark.slow
@pytest.mark.parametrize(
  "name", [n for n in single_model() if n not in (*SLOW, *ELSEWHERE)]
)
def test_a_full_grid_of_dsprites_size_is_read(name):
  axes = np.meshgrid(*(np.arange(n) for n in (3, 6, 40, 32, 32)), indexing="ij")
  factors = np.stack(axes, -1).reshape(-1, 5)
  noise = np.random.default_rng(0).normal(size=(len(factors), 10))
  codes = np.float32(noise)
  codes[:, :5] = 0.1 * noise[:, :5] + factors / factors.max(0)
  assert np.isfinite(value(name, codes, factors))
