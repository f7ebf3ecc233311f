"""A study kept as data: what it says is what its runs said."""

import numpy as np
import pytest
from helpers import trained
from ml_collections import ConfigDict

import dvae_jax
from dvae_jax import metrics, rundir, studies
from dvae_jax.metrics.udr import FORMS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  """A study of two seeds in parts of their own."""
  root = tmp_path_factory.mktemp("study")
  fields = {"sweep.seed": (0, 1), "sweep.beta": (1.0, 4.0)}
  for seed in (0, 1):
    part = root / f"beta_vae/seeds_{seed}-{seed}"
    trained.make_evaluated(part, **fields | {"sweep.seed": (seed,)})
  config = ConfigDict(rundir.read_config(part)["config"])
  config.sweep.seed, config.sweep.beta = (0, 1), (1.0, 4.0)
  study = studies.Study({"beta_vae": config}, lanes=2)
  studies.hold_to(studies.plan(study, "file.py"), root)
  return root


@pytest.fixture(scope="module")
def results(folder):
  studies.gather([folder], folder / "kept")
  return dvae_jax.load_study(folder / "kept")


def test_lanes_are_those_of_the_parts(folder, results):
  assert [lane["seed"] for lane in results.lanes] == [0, 0, 1, 1]
  assert [lane["setting"] for lane in results.lanes] == ["beta 1", "beta 4"] * 2
  parts = sorted(folder.glob("beta_vae/*/results.jsonl"))
  lines = [line for path in parts for line in rundir.read_jsonl(path)]
  for line, lane in zip(lines, results.lanes, strict=True):
    own = {n: v for n, v in lane["metrics"].items() if n not in FORMS}
    assert own == line["metrics"]
    assert (lane["run"], lane["method"]) == ("beta_vae", "beta_vae")


def test_udr_compares_the_seeds_of_a_setting(results):
  arrays = results.codes["beta_vae"]
  codes, kl = arrays["means"].astype(np.float32), arrays["kl"]
  for lane, other in ((0, 2), (1, 3), (2, 0), (3, 1)):
    pair = [codes[lane], codes[other]], [kl[lane], kl[other]]
    expected = metrics.udr(*pair)[0]
    found = results.lanes[lane]["metrics"]
    assert found["udr"] == pytest.approx(expected, abs=1e-6)
    assert 0 <= found["udr_a2a"] <= 1


def test_a_metric_is_measured_on_every_model(folder, results):
  part = folder / "beta_vae/seeds_1-1/codes.npz"
  with np.load(part) as codes:
    rng = np.random.default_rng(0)
    own = metrics.score("mig", codes["means"][1], codes["factors"], rng=rng)
    means = codes["means"]
  assert results.score("mig").shape == (4,)
  np.testing.assert_allclose(results.score("mig")[3], own["mig"], atol=0.05)
  mean = results.score(lambda codes, factors, rng: codes.mean())
  np.testing.assert_allclose(mean[3], means[1].mean(), atol=2e-3)
  results.lanes[3]["diverged_at"] = 5
  assert np.isnan(results.score("mig")[3])
  results.lanes[3]["diverged_at"] = -1


def test_codes_are_rounded_to_few_bits():
  values = np.array([1.0, 1.003, 1.005, -3.14159, 0.0, 1e-3], np.float32)
  found = studies.results.shorten(values, 7)
  assert found.dtype == np.float16
  np.testing.assert_allclose(found, values, rtol=2**-8)
  assert (found.view(np.uint16) % 8 == 0).all()
  np.testing.assert_array_equal(found[[0, 4]], [1, 0])


def test_slices_done_apart_are_gathered_together(folder, tmp_path):
  for i in (0, 1):
    own = tmp_path / str(i)
    name = f"beta_vae/seeds_{i}-{i}"
    (own / name).mkdir(parents=True)
    (own / "study.json").write_bytes((folder / "study.json").read_bytes())
    for file in ("config.json", "results.jsonl", "codes.npz"):
      (own / name / file).write_bytes((folder / name / file).read_bytes())
  studies.gather([tmp_path / "0", tmp_path / "1"], tmp_path / "out")
  studies.gather([folder], tmp_path / "whole")
  for file in ("lanes.jsonl", "codes_beta_vae.npz", "study.json"):
    found = (tmp_path / "out" / file).read_bytes()
    assert found == (tmp_path / "whole" / file).read_bytes()


def test_another_studys_part_is_refused(folder, tmp_path):
  name = "beta_vae/seeds_0-0"
  (tmp_path / name).mkdir(parents=True)
  for file in ("study.json", f"{name}/results.jsonl", f"{name}/codes.npz"):
    (tmp_path / file).write_bytes((folder / file).read_bytes())
  record = rundir.read_config(folder / name)
  record["config"]["train"]["steps"] = 41
  rundir.write_config(tmp_path / name, record)
  with pytest.raises(ValueError, match=r"train.steps was 40, now 41"):
    studies.gather([tmp_path], tmp_path / "out")
  with pytest.raises(ValueError, match=r"no study \(no study.json"):
    studies.gather([tmp_path / name], tmp_path / "out")
  with pytest.raises(ValueError, match="no results of a study"):
    studies.load_study(tmp_path)
