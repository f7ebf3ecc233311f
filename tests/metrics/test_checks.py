"""Bad input: a clear error or a defined value, from every metric."""

import numpy as np
import pytest

from dvae_jax.metrics import METRICS, headlines, score, single_model
from dvae_jax.metrics.checks import check

# pipe reads a decoder besides: see test_pipe.py.
NAMES = [n for n in single_model() if METRICS[n].reads != "decoder"]


def sound(rows=200):
  rng = np.random.default_rng(0)
  factors = np.stack([rng.integers(3, size=rows), rng.integers(2, size=rows)])
  codes = factors.T + 0.1 * rng.normal(size=(rows, 2))
  return codes, factors.T


def run(name, codes, factors):
  logvars = np.full(np.shape(codes), -4.0)
  rng = np.random.default_rng(0)
  return score(name, codes, factors, rng=rng, logvars=logvars)


def outcome(name, codes, factors):
  """What the metric returns and "", or {} and what it refuses with."""
  try:
    return run(name, codes, factors), ""
  except ValueError as error:
    return {}, str(error)


def with_value(codes, value):
  changed = codes.astype(float)
  changed[5, 1] = value
  return changed


BAD = {
  "nan": lambda c, f: (with_value(c, np.nan), f, "codes: nan at row 5"),
  "infinite": lambda c, f: (with_value(c, -np.inf), f, "codes: -inf at row 5"),
  "text": lambda c, f: (c.astype(str), f, "codes: dtype"),
  "flat codes": lambda c, f: (c[:, 0], f, "codes: shape"),
  "no latent": lambda c, f: (c[:, :0], f, "codes: shape"),
  "no rows": lambda c, f: (c[:0], f[:0], "codes: shape"),
  "no factor": lambda c, f: (c, f[:, :0], "factors: shape"),
  "float factors": lambda c, f: (c, f + 0.5, "factors: dtype float64"),
  "object factors": lambda c, f: (c, f.astype(object), "factors: dtype object"),
  "other rows": lambda c, f: (c[:-1], f, "199 and 200 rows"),
  "one row": lambda c, f: (c[:1], f[:1], "one row"),
  "one value": lambda c, f: (c, f * [1, 0], "column 1 has the one value 0"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", NAMES)
def test_refuses_with_the_array_named(name, bad):
  codes, factors, message = BAD[bad](*sound())
  with pytest.raises(ValueError, match=message):
    run(name, codes, factors)


EDGE = {
  "constant codes": lambda c, f: (np.ones_like(c), f),
  "one latent": lambda c, f: (c[:, :1], f),
  "one factor": lambda c, f: (c, f[:, :1]),
  "one latent, one factor": lambda c, f: (c[:, :1], f[:, :1]),
  "integer codes": lambda c, f: (np.rint(c).astype(int), f),
  "float32": lambda c, f: (c.astype(np.float32), f.astype(np.uint8)),
  "values with holes": lambda c, f: (c, 10 - 5 * f),
  "huge codes": lambda c, f: (1e30 * c, f),
  "tiny codes": lambda c, f: (1e-30 * c, f),
}


# Exact trees and forests take seconds; in the default run dci_fast stands for
# them. d_lsbd refuses these tables: see test_d_lsbd.py.
SLOW = ("dci", "dci_es")
ALL = [
  pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
  for name in NAMES
  if name != "d_lsbd"
]


@pytest.mark.parametrize("edge", EDGE)
@pytest.mark.parametrize("name", ALL)
def test_has_a_defined_value_or_refuses(name, edge):
  codes, factors = EDGE[edge](*sound())
  result, refusal = outcome(name, codes, factors)
  # Only a metric that isn't defined for one latent or one factor may refuse.
  assert refusal == "" or edge.startswith("one")
  numbers = [v for v in result.values() if isinstance(v, float)]
  assert np.isfinite(numbers).all()
  assert refusal or isinstance(result["variant"], str)


@pytest.mark.parametrize("rows", [2, 3, 5])
@pytest.mark.parametrize("name", NAMES)
def test_few_rows_give_a_number_or_a_clear_refusal(name, rows):
  codes = np.arange(2.0 * rows).reshape(rows, 2) ** 2
  factors = np.arange(rows)[:, None] % 2
  result, refusal = outcome(name, codes, factors)
  # Latents that follow from each other have an infinite total correlation.
  assert len(refusal) > 20 or not np.isnan(result[name])


def test_numbers_the_values_of_each_factor():
  codes, factors, _ = check(
    np.float32([[1], [2], [3]]), np.array([[7, -1], [3, 5], [7, 9]])
  )
  np.testing.assert_array_equal(factors, [[1, 0], [0, 1], [1, 2]])
  assert codes.dtype == np.float64
  assert factors.dtype == np.int64


def test_an_unknown_name_and_missing_variances_are_named():
  codes, factors = sound()
  rng = np.random.default_rng(0)
  with pytest.raises(ValueError, match="'gim' is unknown; there are"):
    score("gim", codes, factors, rng=rng)
  with pytest.raises(ValueError, match="logvars: missing; mig_exact"):
    score("mig_exact", codes, factors, rng=rng)
  with pytest.raises(ValueError, match="udr compares many models"):
    score("udr", codes, factors, rng=rng)


def test_factors_are_needed_only_where_they_are_read():
  codes, factors = sound()
  for name in NAMES:
    rng = np.random.default_rng(0)
    if METRICS[name].reads == "codes":
      found = score(name, codes, None, rng=rng)
      assert found == score(name, codes, factors, rng=np.random.default_rng(0))
    else:
      with pytest.raises(ValueError, match=f"factors: missing; {name} reads"):
        score(name, codes, None, rng=rng)


@pytest.mark.parametrize(
  ("logvars", "says"),
  [
    (np.zeros((200, 3)), r"logvars: shape \(200, 3\); must be \(200, 2\)"),
    (np.full((200, 2), -701.0), "logvars: a value is NaN or outside"),
    (np.full((200, 2), np.nan), "logvars: a value is NaN or outside"),
  ],
)
def test_variances_that_cannot_be_are_refused(logvars, says):
  codes, factors = sound()
  with pytest.raises(ValueError, match=says):
    score("mig", codes, factors, rng=np.random.default_rng(0), logvars=logvars)


def test_names_of_other_factors_are_refused():
  with pytest.raises(ValueError, match="factor_names: 1 names of 2 factors"):
    score(
      "mig", *sound(), rng=np.random.default_rng(0), factor_names=("shape",)
    )


def test_every_row_says_what_the_metric_is():
  shown = [headline for name in METRICS for headline in headlines(name)]
  assert len(set(shown)) == len(shown)  # they stand in one table
  for name, metric in METRICS.items():
    assert headlines(name)[0] == name
    assert metric.better in ("high", "low")
    assert metric.reads in (
      "codes", "codes and factors", "posteriors", "decoder", "many models",
    )  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_few_rows_are_noted(name):
  enough = METRICS[name].enough
  assert 500 <= enough <= 10_000
  found = run(name, *sound(200))
  assert found["note"].startswith(f"200 rows; of fewer than {enough} this")


def test_enough_rows_are_not_noted(monkeypatch):
  for rows, noted in ((299, True), (300, False)):
    row = METRICS["dcimig"]._replace(enough=300)
    monkeypatch.setitem(METRICS, "dcimig", row)
    assert ("note" in run("dcimig", *sound(rows))) == noted
