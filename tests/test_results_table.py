"""The table of all methods, from a made-up results folder."""

import json
import zipfile

import numpy as np
import pytest

from benchmarks import results, rotated
from dvae_jax import arrays, rundir

SEEDS = 10
TURN = np.array([[0.8, 0.6], [-0.6, 0.8]])


def lane(run, method, seed, mig, *, steps=6000, infomec=0.5):
  """A line of lanes.jsonl."""
  return {
    "run": run, "setting": "beta 1", "method": method, "network": "mlp_tiny",
    "seed": seed, "hparams": {}, "step": steps, "diverged_at": -1,
    "metrics": {
      "mig": mig, "infomec": infomec, "reconstruction": 20.0 + mig,
    },
  }  # fmt: skip


def several(run, method, mig, **options):
  """Ten seeds whose MIG scatters by 0.01 around a mean."""
  noise = 0.01 * np.linspace(-1, 1, SEEDS)
  return [
    lane(run, method, n, mig + float(noise[n]), **options) for n in range(SEEDS)
  ]


def skew_codes(runs):
  """Codes of two uniform factors that lie askew."""
  factors = np.stack(np.meshgrid(range(12), range(12)), -1).reshape(-1, 2)
  factors = np.repeat(factors, 5, axis=0)
  noise = np.random.default_rng(0).normal(size=factors.shape)
  codes = (factors / 11 + 0.01 * noise) @ TURN
  return {
    "means": np.stack([codes] * runs).astype(np.float16),
    "factors": factors,
    "factor_names": np.array(["x", "y"]),
    "discrete": np.array(False),
  }


def write_study(folder, lanes, likelihoods=None):
  folder.mkdir(parents=True)
  counts = {}
  for line in lanes:
    counts[line["run"]] = counts.get(line["run"], 0) + 1
  for run, count in counts.items():
    path = folder / f"codes_{run}.npz"
    arrays.write(path, skew_codes(count), compression=zipfile.ZIP_STORED)
  rundir.write_jsonl(folder / "lanes.jsonl", lanes)
  kinds = {run: "bernoulli" for run in counts} | (likelihoods or {})
  hparams = {"learning_rate": 1e-3, "quantise": 10.24, "commit": 2.0}
  runs = {
    run: {"likelihood": kind, "network": "mlp_tiny", "hparams": hparams}
    for run, kind in kinds.items()
  }
  (folder / "study.json").write_text(json.dumps({"file": "x", "runs": runs}))


@pytest.fixture
def root(tmp_path):
  write_study(
    tmp_path / "results" / "laptop",
    several("beta_vae", "beta_vae", 0.2)
    + several("beta_tcvae", "beta_tcvae", 0.3),
  )
  write_study(
    tmp_path / "results" / "modern",
    [
      *several("autoencoder", "autoencoder", 0.05),
      *several("qlae", "qlae", 0.15, infomec=0.7),
      *several("qlae_18000", "qlae", 0.3, steps=18000, infomec=0.7),
      *several("factor_qvae", "factor_qvae", 0.1),
      *several("factor_qvae_18000", "factor_qvae", 0.1, steps=18000),
      *several("dc_ign", "dc_ign", 0.7),
      *several("slow_vae", "slow_vae", 0.25),
    ],
    {"factor_qvae": "gaussian"},
  )
  baselines = several("autoencoder+ica", "autoencoder", 0.25)
  baselines += several("autoencoder+pca", "autoencoder", 0.08)
  path = tmp_path / "results" / "modern" / rotated.FILE
  rundir.write_jsonl(path, baselines)
  return tmp_path


def test_classics_modern_methods_and_baselines_are_one_table(root):
  every = results.everything(root)
  text = results.markdown(
    results.rows(every.table), every.about, ("mig", "infomec")
  )
  cells = [line.split(" | ") for line in text.splitlines()[2:]]
  order = [(row[0].strip("| `"), *row[2:4]) for row in cells]
  assert order == [
    ("dc_ign", "6,000", "groups and factors"),
    ("beta_tcvae", "6,000", "images"),
    ("qlae", "18,000", "images"),
    ("slow_vae", "6,000", "pairs"),
    ("autoencoder+ica", "6,000", "images"),
    ("beta_vae", "6,000", "images"),
    ("qlae", "6,000", "images"),
    ("factor_qvae", "6,000", "images"),
    ("factor_qvae", "18,000", "images"),
    ("autoencoder+pca", "6,000", "images"),
    ("autoencoder", "6,000", "images"),
  ]
  reconstructions = {(row[0].strip("| `"), row[2]): row[6] for row in cells}
  assert reconstructions["beta_vae", "6,000"].startswith("20.20")
  # Squared errors aren't cross-entropies; a rotation decodes nothing.
  assert reconstructions["factor_qvae", "6,000"] == ""
  assert reconstructions["autoencoder+ica", "6,000"] == ""


def test_the_readme_has_each_method_at_its_best_budget(root):
  every = results.everything(root)
  found = results.best_budgets(results.rows(every.table), every.about)
  shown = [(every.about[row.run].method, row.run) for row in found]
  assert ("qlae", "qlae_18000") in shown
  assert len(shown) == len({method for method, _ in shown}) == 9


def test_a_method_without_a_sweep_shows_its_weights(root):
  about = results.everything(root).about
  assert about["qlae"].fixed == "quantise 10.24, commit 2"
  assert about["dc_ign"].fixed == about["autoencoder+ica"].fixed == ""
  row = results.Row("qlae", "", {})
  assert "| quantise 10.24, commit 2 |" in results.markdown([row], about, ())


def test_the_conclusion_follows_from_the_lanes(root):
  text = results.conclusion(results.everything(root))
  for sentence in (
    "Of 7 rows that see images alone, `beta_tcvae` has the highest mean MIG,"
    " 0.30 (0.30 to 0.30); 10 seeds don't tell it from `qlae` (18,000 steps).",
    "`autoencoder+ica`, a rotation that costs no training, has 0.25 (0.25 to"
    " 0.25): of 4 trained ones 2 are below it and 2 above by more than chance.",
    "Given more than images, above all of these: `dc_ign` (groups and factors)"
    " 0.70.",
    "With 18,000 steps instead of 6,000 MIG is higher by more than chance for 1"
    " of 2 methods (`qlae`) and lower for 0.",
    "Which is first depends on the score (`mig`: `beta_tcvae`; `infomec`:"
    " `qlae` (18,000 steps)).",
  ):
    assert sentence in text


def test_ica_of_the_kept_codes_finds_the_factors(root):
  found = rotated.lines(root / "results" / "modern", ("mig",))
  runs = [line["run"] for line in found]
  assert runs == ["autoencoder+pca"] * SEEDS + ["autoencoder+ica"] * SEEDS
  scores = {line["run"]: line["metrics"]["mig"] for line in found}
  assert scores["autoencoder+ica"] > 0.7 > scores["autoencoder+pca"]
  assert [line["seed"] for line in found[:SEEDS]] == list(range(SEEDS))
