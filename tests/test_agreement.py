"""docs/metrics.md and docs/losses.md are of the golden files as they are."""

import re

import numpy as np
import pytest

from benchmarks import losses, peers


def sections(page):
  """{title: its table's rows as lists of cells}."""
  found = {}
  for part in page.read_text().split("\n## ")[1:]:
    title, _, rest = part.partition("\n")
    rows = [line for line in rest.splitlines() if line.startswith("| ")]
    found[title] = [re.split(r" ?\| ?", row)[1:-1] for row in rows[2:]]
  return found


PEERS = peers.read_golden()
LOSSES = losses.read_golden()


@pytest.mark.parametrize("name", peers.ROWS)
def test_the_page_of_metrics_has_the_peers_values(name):
  rows = sections(peers.PAGE)[name]
  wanted = PEERS["values"][name]
  assert [row[0] for row in rows] == list(wanted)
  for table, theirs, ours, difference in rows:
    if None in wanted[table]:
      assert (theirs, difference) == ("–", "–")
      continue
    mean = float(np.mean(wanted[table]))
    assert abs(float(theirs) - mean) < 1e-4
    assert abs(float(ours) - mean - float(difference)) < 1.1e-4
    assert abs(float(difference)) <= peers.allowed(
      peers.ROWS[name], wanted[table]
    )


def test_the_page_of_metrics_explains_every_difference():
  page = peers.PAGE.read_text()
  for name, row in peers.ROWS.items():
    (line,) = re.findall(rf"^\| {re.escape(name)} \| .*", page, re.M)
    assert line.endswith(f" | {row.why} |")


def test_the_page_of_losses_has_every_case():
  assert list(sections(losses.PAGE)) == list(LOSSES["terms"])


@pytest.mark.parametrize("case", LOSSES["terms"])
def test_the_page_of_losses_has_the_float64_values(case):
  rows = sections(losses.PAGE)[case]
  wanted = [
    (step, name, value)
    for step, terms in enumerate(LOSSES["terms"][case])
    for name, value in losses.numbers(terms).items()
  ]
  assert len(rows) == len(wanted)
  for row, (step, name, value) in zip(rows, wanted, strict=True):
    assert row[:2] == [str(step), name]
    np.testing.assert_allclose(float(row[2]), value, rtol=1e-6)
    np.testing.assert_allclose(
      float(row[3]),
      value,
      losses.rtol_of(case),
      losses.ATOL * (name in losses.DENSITY),
    )
