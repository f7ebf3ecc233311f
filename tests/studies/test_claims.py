"""Claims: what docs/claims.md says follows from results/claims, and is kept."""

import json
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks import claims as command
from dvae_jax import studies
from dvae_jax.studies import claims

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "experiments").glob("claim_*.py"))
KEPT = {f"claim_{path.stem}" for path in command.KEPT.glob("*.json")}
MEASURED = [path for path in FILES if path.stem in KEPT]


def claim_of(name, measure, runs=lambda profile: {}):
  return studies.Claim(
    name=name,
    text="Water is wet.",
    source="Thales",
    setting="a glass",
    runs=runs,
    measure=measure,
    conclude=lambda lines: studies.Conclusion("held", f"{len(lines)} lines"),
    draw=lambda lines: Figure(),
  )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("profile", ["", "full"])
def test_a_claims_runs_pass_the_check(path, profile):
  study = studies.load(f"{path}:{profile}")
  studies.plan(study, str(path))


def test_what_nobody_measured_is_said_to_be_so():
  text = command.PAGE.read_text()
  assert len(MEASURED) + len(command.waiting()) == len(FILES)
  assert all(f"`claim_{name}.py`" in text for name in command.waiting())


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_what_a_claim_measured_is_concluded_and_drawn(path):
  claim = claims.load_claim(path)
  kept = json.loads((ROOT / f"results/claims/{claim.name}.json").read_text())
  assert claim.conclude(kept["lines"]).verdict in claims.VERDICTS
  assert isinstance(claim.draw(kept["lines"]), Figure)
  assert (ROOT / f"docs/claims/{claim.name}.svg").exists()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_claim_names_its_command_and_source(path):
  text = path.read_text()
  assert f"run --config=experiments/{path.stem}.py\n" in text
  assert re.search(r"arXiv|doi|https?://", claims.load_claim(path).source)


def test_the_page_is_made_of_what_was_measured():
  assert command.PAGE.read_text() == command.page()


@pytest.mark.parametrize("sign", [1, -1])
def test_grids_agree_where_settings_have_one_order(sign):
  between = runpy.run_path(str(ROOT / "experiments/claim_grid.py"))["between"]
  lines = [
    {"grid": g, "method": "vae", "setting": f"beta {i}", "seed": s, "mig": m}
    for i in range(9)
    for s in range(3)
    for g, m in (("laptop", i + s / 9), ("all", sign * i**2 + s / 9))
  ]
  found = between(lines, "mig")
  np.testing.assert_allclose(found, [sign] * 3)


def test_all_claims_are_one_study():
  study = studies.load(str(ROOT / "experiments" / "claims.py"))
  studies.plan(study, "claims.py")
  for path in FILES:
    assert set(claims.load_claim(path).runs("")) <= set(study.runs)


def test_a_claim_is_measured_once_and_a_failed_one_stops_nobody(tmp_path):
  calls = []

  def measure(folder):
    calls.append(folder)
    return [{"x": np.float32(0.5)}]

  def broken(folder):
    raise RuntimeError("no water")

  three = [claim_of(*pair) for pair in (("a", broken), ("b", measure))]
  for _ in range(2):
    with pytest.raises(ValueError, match="not measured: a;"):
      claims.measure(three, tmp_path)
  assert calls == [tmp_path]
  kept = json.loads((tmp_path / "measured" / "b.json").read_text())
  assert kept["lines"] == [{"x": 0.5}]
  assert not (tmp_path / "measured" / "a.json").exists()


def test_two_claims_that_name_different_runs_alike_are_refused():
  from dvae_jax.config import base

  def runs(steps):
    config = base()
    config.train.steps = steps
    return lambda profile: {"vae": config}

  one, same, other = (
    claim_of(name, list, runs(steps))
    for name, steps in (("a", 10), ("b", 10), ("c", 20))
  )
  assert set(claims.study_of([one, same]).runs) == {"vae"}
  with pytest.raises(ValueError, match="different 'vae'"):
    claims.study_of([one, other])


def test_wrong_profiles_and_files_are_refused(tmp_path):
  with pytest.raises(ValueError, match=r"'tiny': allowed is 'full'"):
    claims.study_of([claim_of("a", list)], "tiny")
  path = tmp_path / "claim_b.py"
  path.write_text("CLAIM = None\n")
  with pytest.raises(ValueError, match="None found"):
    claims.load_claim(path)
