"""python -m dvae_jax.metrics: files in, scores out."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

import dvae_jax.metrics.__main__ as cli
from dvae_jax.metrics import METRICS, Metric, intervals, score, single_model
from dvae_jax.metrics.__main__ import main
from dvae_jax.metrics.files import read_arrays, read_codes

FAST = "dcimig,selectivity"


def arrays(rows=300, seed=0):
  rng = np.random.default_rng(seed)
  factors = np.stack([rng.integers(s, size=rows) for s in (3, 4)], axis=1)
  codes = factors + 0.2 * rng.uniform(size=(rows, 2))
  return {"codes": codes, "factors": factors}


@pytest.fixture
def file(tmp_path):
  path = tmp_path / "codes.npz"
  np.savez(path, **arrays())
  return str(path)


def test_writes_what_the_metrics_return(file, tmp_path, capsys):
  out = tmp_path / "scores.json"
  assert main([file, f"--metrics={FAST}", f"--out={out}"]) == 0
  scores = json.loads(out.read_text())
  data = arrays()
  for name in FAST.split(","):
    expected = score(
      name, data["codes"], data["factors"], rng=np.random.default_rng(0)
    )
    assert scores[name] == expected
  shown = capsys.readouterr().out
  assert "dcimig" in shown
  assert f"note: {scores['dcimig']['note']}" in shown


def test_seed_and_intervals(file, tmp_path, monkeypatch):
  monkeypatch.setattr(intervals, "HALVES", 4)
  monkeypatch.setattr(intervals, "WHOLES", 2)
  found = []
  for number, seed in enumerate((0, 0, 1)):
    out = tmp_path / f"{number}.json"
    options = ["--metrics=sap", f"--seed={seed}", f"--out={out}"]
    assert main([file, *options, "--intervals"]) == 0
    found.append(json.loads(out.read_text())["sap"])
  first, again, other = found
  assert first == again
  assert first["sap"] != other["sap"]
  low, high = first["intervals"]["sap"]
  assert low < first["sap"] < high
  assert list(first["intervals"]) == ["sap"]


def test_default_is_every_metric_the_file_suffices_for(tmp_path, monkeypatch):
  asked = []

  def fake(name, data, rows, rng):
    asked.append(name)
    return {name: 0.5, "variant": ""}

  monkeypatch.setattr(cli, "score_rows", fake)
  np.savez(tmp_path / "a.npz", **arrays())
  np.savez(tmp_path / "b.npz", **arrays(), logvars=np.zeros((300, 2)))
  assert main([str(tmp_path / "a.npz")]) == 0
  of_codes = [n for n in single_model() if METRICS[n].reads != "decoder"]
  assert asked == [n for n in of_codes if n != "mig_exact"]
  asked.clear()
  assert main([str(tmp_path / "b.npz")]) == 0
  assert asked == of_codes
  asked.clear()
  np.savez(tmp_path / "c.npz", codes=arrays()["codes"])
  assert main([str(tmp_path / "c.npz")]) == 0
  assert asked == ["total_correlation", "wasserstein", "mutual_info_score"]


def test_one_metric_that_refuses_does_not_stop_those_that_were_not_named(
  file, capsys, monkeypatch
):
  few = {name: METRICS[name] for name in ("dcimig", "d_lsbd")}
  monkeypatch.setattr(cli, "METRICS", few)
  assert main([file]) == 0
  shown = capsys.readouterr().out
  assert shown.startswith("dcimig")
  assert "d_lsbd         refused: d_lsbd: no cyclic factor among ()" in shown
  assert main([file, "--metrics=dcimig,d_lsbd"]) == 2
  assert "no cyclic factor" in capsys.readouterr().err


def test_without_a_file_lists_what_there_is(capsys, monkeypatch):
  def spread(codes, *, rng):
    """Smallest over largest deviation."""
    return {"spread": float(codes.std(0).min() / codes.std(0).max())}

  monkeypatch.setitem(METRICS, "spread", Metric(spread, "low", "codes"))
  assert main([]) == 0
  lines = capsys.readouterr().out.splitlines()
  assert [line.split()[0] for line in lines] == list(METRICS)
  assert lines[-1].split(maxsplit=3) == [
    "spread", "low", "codes", "Smallest over largest deviation.",
  ]  # fmt: skip


def test_a_metric_of_ones_own_prints_without_a_variant(
  file, capsys, monkeypatch
):
  def spread(codes, factors, *, rng):
    return {"spread": float(codes.std(0).min())}

  monkeypatch.setitem(
    METRICS, "spread", Metric(spread, "low", "codes and factors")
  )
  assert main([file, "--metrics=spread"]) == 0
  assert capsys.readouterr().out.startswith("spread ")


@pytest.mark.parametrize(
  ("name", "says"),
  [
    ("mig_exact", "logvars: missing; mig_exact"),
    ("udr", "udr compares many models"),
    ("pipe", "decoder: missing; pipe reads its images"),
    ("mig", "factors: missing; mig"),
  ],
)
def test_says_in_one_sentence_what_a_metric_lacks(name, says, tmp_path, capsys):
  data = arrays()
  if name == "mig":
    del data["factors"]
  np.savez(tmp_path / "a.npz", **data)
  assert main([str(tmp_path / "a.npz"), f"--metrics={name}"]) == 2
  assert says in capsys.readouterr().err


def test_an_extra_row_of_factors_is_refused(tmp_path, capsys):
  data = arrays()
  data["factors"] = np.vstack([data["factors"][:1], data["factors"]])
  np.savez(tmp_path / "a.npz", **data)
  assert main([str(tmp_path / "a.npz"), "--metrics=mig"]) == 2
  assert "300 and 301 rows; must be equal" in capsys.readouterr().err


def test_reads_a_lane_of_a_run(tmp_path, capsys):
  path = tmp_path / "codes.npz"
  good, bad = arrays(), np.random.default_rng(1).normal(size=(300, 2))
  np.savez(
    path,
    means=np.stack([bad, good["codes"]]),
    logvars=np.full((2, 300, 2), -6.0),
    factors=good["factors"],
    factor_names=["shape", "scale"],
    indices=np.arange(300),
  )
  out = tmp_path / "scores.json"
  names = "--metrics=mig_exact"
  assert main([str(path), names, "--lane=1", f"--out={out}"]) == 0
  scores = json.loads(out.read_text())["mig_exact"]
  assert scores["mig_exact"] > 0.8
  assert "mig_exact_without_shape" in scores
  capsys.readouterr()
  for lane in ([], ["--lane=2"], ["--lane=-1"]):
    assert main([str(path), names, *lane]) == 2
    assert "holds 2 lanes, 0 to 1" in capsys.readouterr().err
  np.savez(tmp_path / "one.npz", **{**good, "means": good["codes"][None]})
  one = read_codes(tmp_path / "one.npz")
  np.testing.assert_array_equal(one.codes, good["codes"])


class Bomb:
  def __reduce__(self):
    return (pytest.fail, ("unpickled",))


def broken(kind, path):
  data = arrays()
  if kind == "missing file":
    return "no such file"
  if kind == "folder":
    path.mkdir()
    return "a folder"
  if kind == "pickle":
    path.write_bytes(pickle.dumps(Bomb()))
    return "not an npz"
  if kind == "npy":
    with path.open("wb") as file:
      np.save(file, data["codes"])
    return "not an npz"
  if kind == "no factors":
    np.savez(path, codes=data["codes"])
    return "factors: missing; dcimig reads them"
  if kind == "no codes":
    np.savez(path, factors=data["factors"])
    return r"has the arrays \['factors'\]; needs 'codes'"
  if kind == "pickled objects":
    np.savez(path, codes=data["codes"], factors=np.array([Bomb()] * 300))
    return "holds pickled objects"
  data["codes"][7, 1] = np.nan
  np.savez(path, **data)
  return "codes: nan at row 7, latent 1"


@pytest.mark.parametrize(
  "kind",
  [
    "missing file",
    "folder",
    "pickle",
    "npy",
    "no factors",
    "no codes",
    "pickled objects",
    "nan",
  ],
)
def test_bad_files_are_refused_in_one_line(kind, tmp_path, capsys):
  import re

  path = tmp_path / "codes.npz"
  message = broken(kind, path)
  assert main([str(path), f"--metrics={FAST}"]) == 2
  shown = capsys.readouterr().err
  assert re.search(message, shown)
  assert shown.splitlines()[-1].startswith("error: ")


def test_what_no_metric_reads_is_not_read(tmp_path):
  path = tmp_path / "codes.npz"
  np.savez(path, **arrays(), note=np.array(Bomb()))
  assert main([str(path), f"--metrics={FAST}"]) == 0


def test_an_existing_file_is_never_overwritten(file, tmp_path, capsys):
  out = tmp_path / "scores.json"
  out.write_text("precious")
  assert main([file, f"--metrics={FAST}", f"--out={out}"]) == 2
  assert "exists" in capsys.readouterr().err
  assert out.read_text() == "precious"


def test_an_unknown_metric_is_named_with_all_there_are(file, capsys):
  assert main([file, "--metrics=mig,gim"]) == 2
  shown = capsys.readouterr().err
  assert "['gim'] unknown" in shown
  assert all(name in shown for name in single_model())


def test_help_is_enough_and_imports_neither_jax_nor_scikit_learn():
  code = (
    "import sys, dvae_jax.metrics.__main__ as m\n"
    "try: m.main(['--help'])\n"
    "except SystemExit: pass\n"
    "print([n for n in ('jax', 'flax', 'sklearn', 'matplotlib')"
    " if n in sys.modules])"
  )
  shown = subprocess.run(
    [sys.executable, "-c", code], capture_output=True, text=True, check=True
  ).stdout
  assert shown.splitlines()[-1] == "[]"
  for word in (
    "--metrics",
    "--out",
    "--intervals",
    "--lane",
    "udr",
    *single_model(),
  ):
    assert word in shown


def test_read_arrays_keeps_names_and_dtypes(tmp_path):
  np.savez(tmp_path / "a.npz", **arrays())
  found = read_arrays(tmp_path / "a.npz")
  assert sorted(found) == ["codes", "factors"]
  assert found["factors"].dtype.kind == "i"


def test_progress_counts_every_evaluation(file, monkeypatch, capsys):
  calls = []
  monkeypatch.setattr(intervals, "HALVES", 3)
  monkeypatch.setattr(intervals, "WHOLES", 2)
  intervals.interval(
    lambda rows, rng: {"a": float(len(rows))},
    10,
    rng=np.random.default_rng(0),
    advance=lambda: calls.append(1),
  )
  assert len(calls) == 5
