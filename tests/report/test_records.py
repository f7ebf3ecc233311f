"""A run directory read back: what differs between its lanes, what's missing."""

import json

import numpy as np
import pytest
from helpers import fake_runs

from dvae_jax import rundir
from dvae_jax.report import records


def record_of(folder, points, sweep):
  """A record of lanes with these hyper-parameters and seeds."""
  run = fake_runs.make_run(folder, lanes=1)
  run.config["sweep"] = sweep
  run = run._replace(
    lanes=[
      {
        "lane": i,
        "seed": int(point.pop("seed", 0)),
        "hparams": point | {"x": 7},
      }
      for i, point in enumerate(map(dict, points))
    ]
  )
  fake_runs.write_run(run, codes=False)
  return records.read(run.workdir)


def grid(**values):
  """Dicts of all combinations, the last name fastest."""
  points = [{}]
  for name, options in values.items():
    points = [point | {name: v} for point in points for v in options]
  return points


def test_one_swept_number_is_the_place(tmp_path):
  points = grid(beta=(1.0, 16.0), seed=(0, 1))
  found = records.sweep(
    record_of(tmp_path, points, {"beta": [1, 16], "seed": [0, 1]})
  )
  assert (found.name, found.ticks) == ("beta", None)
  np.testing.assert_array_equal(found.places, [1, 1, 16, 16])
  assert found.settings == ["beta 1", "beta 1", "beta 16", "beta 16"]
  assert found.rest == [""] * 4


def test_second_swept_number_makes_other_settings(tmp_path):
  points = grid(beta=(1.0, 4.0), gamma=(0.5, 2.0))
  found = records.sweep(
    record_of(tmp_path, points, {"beta": [1, 4], "gamma": [0.5, 2]})
  )
  assert found.name == "beta"
  assert found.rest == ["gamma 0.5", "gamma 2"] * 2
  assert found.settings[1:3] == ["beta 1, gamma 2", "beta 4, gamma 0.5"]
  assert len(set(found.settings)) == 4


def test_joint_sweep_is_labelled_by_all_its_values(tmp_path):
  points = [
    {"alpha": 1.0, "beta": a, "gamma": b, "seed": seed}
    for a, b in ((6.0, 1.0), (2.0, 1.0), (6.0, 3.0))
    for seed in (0, 1)
  ]
  every = [[1, 6, 1], [1, 2, 1], [1, 6, 3]]
  sweep = {"beta": [], "alpha,beta,gamma": every}
  record = record_of(tmp_path, points, sweep)
  found = records.sweep(record)
  assert found.name == "beta, gamma"  # alpha is the same in all
  np.testing.assert_array_equal(found.places, [0, 0, 1, 1, 2, 2])
  assert found.ticks == {0: "6, 1", 1: "2, 1", 2: "6, 3"}
  assert found.settings[-1] == "beta 6, gamma 3"
  assert records.lane_title(record, 5) == "lane 5: beta 6, gamma 3, seed 1"


def test_close_numbers_are_different_settings(tmp_path):
  beta = 1.00000001  # as short as 1 in six digits
  found = records.sweep(
    record_of(tmp_path, grid(beta=(1.0, beta)), {"beta": [1.0, beta]})
  )
  assert found.settings == ["beta 1", "beta 1.00000001"]


@pytest.mark.parametrize(("seeds", "name"), [((0, 1), "seed"), ((0,), "lane")])
def test_seeds_alone_are_one_setting(tmp_path, seeds, name):
  points = grid(beta=(1.0,), seed=seeds)
  found = records.sweep(record_of(tmp_path, points, {"seed": list(seeds)}))
  assert (found.name, set(found.settings)) == (name, {""})
  np.testing.assert_array_equal(found.places, seeds)


def test_diverged_lane_has_no_scores(tmp_path):
  run = fake_runs.make_run(tmp_path, lanes=3)
  fake_runs.write_run(run)
  lines = rundir.read_jsonl(tmp_path / "results.jsonl")
  lines[1] |= {"diverged_at": 600}
  rundir.write_jsonl(tmp_path / "results.jsonl", lines)
  scores = records.read(tmp_path).scores
  for values in scores.values():
    np.testing.assert_array_equal(np.isnan(values), [False, True, False])
  assert {"mig", "dci.completeness", "elbo", "active_units"} <= scores.keys()


def test_curves_are_by_lane_and_step(tmp_path):
  (tmp_path / "x").mkdir()
  run = fake_runs.make_run(tmp_path / "x", lanes=1)
  fake_runs.write_run(run, codes=False)
  with open(tmp_path / "x" / "metrics.jsonl", "w") as file:
    for lane, step, kl in ((1, 10, 1), (0, 10, 2), (0, 20, 3)):
      line = {"step": step, "lane": lane, "kl": kl, "kl_per_latent": [kl, None]}
      file.write(json.dumps(line) + "\n")
    file.write('{"step": 30, "lane": 0, ')  # is being written
  (tmp_path / "x" / "results.jsonl").unlink()
  found = records.read(tmp_path / "x")
  np.testing.assert_array_equal(found.steps, [10, 20])
  np.testing.assert_array_equal(found.terms["kl"], [[2, 3], [1, np.nan]])
  np.testing.assert_array_equal(found.kl[0], [[2, np.nan], [3, np.nan]])
  assert [lane["lane"] for lane in found.lanes] == [0, 1]


def test_run_of_another_format_is_refused(tmp_path):
  (tmp_path / "config.json").write_text('{"config": {}}')
  with pytest.raises(ValueError, match="train again in another --workdir"):
    records.read(tmp_path)
