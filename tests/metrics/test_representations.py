"""Codes made from factors are of the kind that they are said to be."""

import numpy as np
import pytest

from dvae_jax.metrics import representations as made
from dvae_jax.metrics.information import (
  entropy,
  histogram_bins,
  mutual_information,
)

SIZES = (4, 5, 6, 8)
AXES = np.meshgrid(*map(np.arange, SIZES), indexing="ij")
FACTORS = np.stack(AXES, -1).reshape(-1, len(SIZES))
FOUND = made.representations(FACTORS, rng=np.random.default_rng(0))
# Bits of noise count as information: 20 bins, 960 rows.
TELLS = 0.1


def shares(codes):
  """(D, K) of each factor's entropy that a latent tells."""
  table = mutual_information(histogram_bins(codes, 20), FACTORS)
  return table / entropy(FACTORS)


def told(codes):
  """(D, K) booleans: latents that tell a factor."""
  return shares(codes) > TELLS


def of_kind(*kinds):
  return [name for name, found in FOUND.items() if found.kind in kinds]


@pytest.mark.parametrize("name", of_kind(made.DISENTANGLED))
def test_disentangled_codes_have_a_latent_a_factor(name):
  table = told(FOUND[name].codes)
  assert (table.sum(0) == 1).all()
  assert (table.sum(1) <= 1).all()


@pytest.mark.parametrize("name", of_kind(made.SPREAD))
def test_spread_codes_are_modular_but_not_compact(name):
  table = told(FOUND[name].codes)
  assert (table.sum(0) >= 2).all()
  assert (table.sum(1) <= 1).all()


@pytest.mark.parametrize("name", of_kind(made.ENTANGLED))
def test_in_entangled_codes_no_factor_has_a_latent_of_its_own(name):
  # Of a mixed radix the lower digit is hidden from equal-width bins, but the
  # values of the latent are as many as those of both factors.
  if name == "two in one":
    pairs = FACTORS[:, 0] * SIZES[2] + FACTORS[:, 2]
    mean = np.array(
      [FOUND[name].codes[pairs == p, 0].mean() for p in range(24)]
    )
    assert (np.diff(mean) > 2 * made.BLUR).all()
  else:
    ordered = np.sort(shares(FOUND[name].codes), axis=1)
    assert (ordered[:, -2] > 0.5 * ordered[:, -1]).all()


def test_half_of_the_factors_have_a_latent_where_it_is_said():
  for name in of_kind(made.PARTLY):
    table = told(FOUND[name].codes)
    own = table & (table.sum(1, keepdims=True) == 1)
    assert own.any(0).sum() == 2


def test_every_latent_has_a_unit_spread_or_none():
  for name, (codes, _) in FOUND.items():
    spread = codes.std(0)
    near = lambda x, s=spread: np.abs(s - x) < 0.01
    assert (near(1) | near(made.BLUR)).all(), name


def test_names_of_the_ends_and_other_numbers_of_factors():
  assert next(iter(FOUND)) == "own"
  assert list(FOUND)[-1] == "noise"
  with pytest.raises(ValueError, match="3 columns found, 4 expected"):
    made.representations(FACTORS[:, :3], rng=np.random.default_rng(0))
