"""A stranger's rerun of three claims lands where this project says it does."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dvae_jax.studies import claims

ROOT = Path(__file__).parents[2]
NUMBER = r"-?\d+\.?\d*(?:e-?\d+)?"
INTERVAL = re.compile(rf"({NUMBER}) \(({NUMBER}) to ({NUMBER})\)")


def intervals(text):
  """(value, low, high) of each "0.12 (0.07 to 0.18)" of a sentence."""
  return [tuple(map(float, found)) for found in INTERVAL.findall(text)]


def test_intervals_are_read_off_a_sentence():
  text = "From 0.5 (0.25 to 1) to -2 (-3.5 to -1e-07), as ever (1 to 2)."
  assert intervals(text) == [(0.5, 0.25, 1.0), (-2.0, -3.5, -1e-07)]


@pytest.mark.slow  # minutes each
@pytest.mark.parametrize("name", ["impossible", "labels", "rate"])
def test_a_rerun_of_a_claim_lands_in_its_intervals(name, tmp_path):
  path = ROOT / "experiments" / f"claim_{name}.py"
  claim = claims.load_claim(path)
  command = [sys.executable, "-m", "dvae_jax.study", "run", f"--config={path}"]
  subprocess.run([*command, f"--workdir={tmp_path}"], cwd=ROOT, check=True)
  kept, again = (
    claim.conclude(json.loads((folder / f"{name}.json").read_text())["lines"])
    for folder in (ROOT / "results" / "claims", tmp_path / claims.MEASURED)
  )
  assert again.verdict == kept.verdict
  found, stated = intervals(again.measured), intervals(kept.measured)
  assert len(found) == len(stated) > 0
  for (value, *_), (_, low, high) in zip(found, stated, strict=True):
    assert low <= value <= high
