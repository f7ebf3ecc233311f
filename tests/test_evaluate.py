"""Evaluation: the right rows, the right numbers, nothing measured twice."""

import gc
import io
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import jax
import numpy as np
import pytest
from helpers import tiny, trained

from dvae_jax import data, encoding, evaluate, measuring, metrics, rundir
from dvae_jax.data.dataset import Dataset
from dvae_jax.runs import Run
from dvae_jax.train import sweep, training


@pytest.fixture(scope="module")
def run(tmp_path_factory):
  return trained.make(tmp_path_factory.mktemp("runs") / "tiny")


def test_grid_takes_every_stride_th_value():
  dataset = Dataset(
    "toy", "rendered", (1, 1, 1), 24, ("a", "b", "c"), (2, 3, 4), (), None
  )
  assert encoding.grid_indices(dataset, ()).tolist() == list(range(24))
  found = encoding.grid_indices(dataset, (1, 2, 3))
  wanted = [a * 12 + b * 4 + c for a in (0, 1) for b in (0, 2) for c in (0, 3)]
  assert found.tolist() == wanted
  with pytest.raises(ValueError, match=r"eval\.stride: \(1, 2\) found"):
    encoding.grid_indices(dataset, (1, 2))
  factors, names = encoding.varying_factors(dataset, found[found < 12])
  assert names == ("b", "c")  # a takes one value
  assert factors.tolist() == [[0, 0], [0, 3], [2, 0], [2, 3]]


def test_results_follow_from_the_codes(run):
  lines = evaluate.evaluate(run, trained.SETTINGS)
  assert [line["lane"] for line in lines] == [0, 1]
  assert not (run.workdir / "results.partial.jsonl").exists()
  assert rundir.read_jsonl(run.workdir / "results.jsonl") == lines
  with np.load(run.workdir / "codes.npz") as codes:
    mean, logvar = codes["means"][1], codes["logvars"][1]
  kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).mean(0, dtype="float64")
  scores = lines[1]["metrics"]
  np.testing.assert_allclose(scores["kl_per_latent"], kl, rtol=1e-3, atol=1e-6)
  np.testing.assert_allclose(scores["kl"], kl.sum(), rtol=1e-3)
  assert scores["active_units"] == (kl > 0.01).sum()
  assert scores["elbo"] == -scores["reconstruction"] - scores["kl"]
  # The exact parts are averages over draws, so they sum to the KL up to that.
  parts = scores["mi"] + scores["tc"] + scores["dwkl"]
  assert abs(parts - scores["kl"]) < 0.1 * scores["kl"] + 0.05
  assert lines[1]["details"]["mig"]["variant"]
  assert lines[1]["data"]["source"] == "rendered"
  assert lines[1]["hparams"] == {"learning_rate": 0.001, "beta": 4.0}


def test_few_images_are_noted_and_said_once(run, capsys):
  lines = evaluate.evaluate(run, trained.SETTINGS)
  assert all("96 rows" in line["details"]["mig"]["note"] for line in lines)
  shown = capsys.readouterr()
  assert (shown.out + shown.err).count("Few images for mig: see the notes") == 1


def test_evaluating_again_gives_the_same_bytes(run):
  found = []
  for _ in range(2):
    evaluate.evaluate(run, trained.SETTINGS)
    found.append((run.workdir / "results.jsonl").read_bytes())
  assert found[0] == found[1]


def test_interrupted_evaluation_keeps_what_it_measured(run, monkeypatch):
  evaluate.evaluate(run, trained.SETTINGS)
  whole = (run.workdir / "results.jsonl").read_text()
  measured, score = [], metrics.score

  def interrupted(*args, **kwargs):
    measured.append(args)
    if len(measured) == 2:
      raise KeyboardInterrupt
    return score(*args, **kwargs)

  monkeypatch.setattr(metrics, "score", interrupted)
  with pytest.raises(KeyboardInterrupt):
    evaluate.evaluate(run, trained.SETTINGS)
  evaluate.evaluate(run, trained.SETTINGS)
  assert len(measured) == 3  # two lanes and the interrupted one
  assert (run.workdir / "results.jsonl").read_text() == whole


def test_held_out_images_are_reported_apart(tmp_path):
  run = trained.make(tmp_path, **{"data.heldout_fraction": 0.25})
  held_out = run.dataset.held_out
  assert 0 < len(held_out) < 96
  found = evaluate.evaluate(run, trained.SETTINGS)[0]["details"]["held_out"]
  with np.load(tmp_path / "codes.npz") as codes:
    mean, logvar = codes["means"][0][held_out], codes["logvars"][0][held_out]
  kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(1).mean()
  np.testing.assert_allclose(found["kl"], kl, rtol=1e-3)
  with np.load(tmp_path / "codes.npz") as codes:
    mask, means, factors = (
      codes[name] for name in ("held_out", "means", "factors")
    )
  np.testing.assert_array_equal(np.flatnonzero(mask), held_out)
  rng = np.random.default_rng(0)
  own = metrics.score("mig", means[0][mask], factors[mask], rng=rng)
  np.testing.assert_allclose(found["mig"], own["mig"], rtol=1e-6)


def test_autoencoder_has_no_kl(tmp_path):
  run = trained.make(tmp_path, "autoencoder", **{"sweep.beta": ()})
  settings = trained.SETTINGS | {"metrics": ("mig", "mig_exact")}
  line = evaluate.evaluate(run, settings)[0]
  assert set(line["metrics"]) == {"mig", "reconstruction"}
  with np.load(tmp_path / "codes.npz") as codes:
    assert not {"logvars", "kl"} & set(codes.files)
    assert not codes["discrete"]
  logged = rundir.read_jsonl(tmp_path / "metrics.jsonl")
  assert not {"kl", "kl_per_latent"} & set(logged[-1])


def test_one_metric_is_added_and_the_others_are_kept(run):
  first = evaluate.evaluate(run, trained.SETTINGS)
  second = evaluate.evaluate(run, trained.SETTINGS, only=["sap"])
  for before, after in zip(first, second, strict=True):
    assert after["metrics"]["mig"] == before["metrics"]["mig"]
    assert set(after["metrics"]) == set(before["metrics"]) | {"sap"}
    assert after["details"]["mig"] == before["details"]["mig"]
    assert after["eval"]["metrics"] == ["mig", "sap"]
  settings = trained.SETTINGS | {"metrics": ["sap", "mig", "irs"]}
  assert evaluate.unmeasured(second, settings) == ["irs"]
  assert evaluate.unmeasured([], settings) is None
  other = settings | {"stride": (1, 1, 1, 2, 2)}
  assert evaluate.unmeasured(second, other) is None
  # Scores of other images are not kept.
  third = evaluate.evaluate(run, other | {"codes": False}, only=["sap"])
  assert "mig" not in third[0]["metrics"]


def test_a_diverged_lane_has_no_scores(tmp_path):
  swept = {"sweep.beta": (4.0,), "sweep.learning_rate": (1e-3, 1e30)}
  run = trained.make(tmp_path, **swept)
  good, bad = evaluate.evaluate(run, trained.SETTINGS)
  assert good["diverged_at"] < 0 < len(good["metrics"])
  assert bad["diverged_at"] >= 0
  assert bad["metrics"] == {}


def test_without_factors_the_metrics_that_need_none_run(tmp_path):
  config = tiny.get_config()
  config.data.name, config.data.stride = "digits", ()
  config.data.resolution = 16
  dataset = data.load(config.data)._replace(factors=None)
  setup = training.set_up(config, dataset)
  states = training.init_lanes(
    setup, [sweep.Lane(0, dict(config.hparams, beta=1.0))]
  )
  lane = {"lane": 0, "seed": 0, "hparams": {}}
  run = Run(tmp_path, config, setup, [lane], 0, states)
  indices = np.arange(64)
  encoded = encoding.encode_all(
    run, encoding.batch_encoder(run), indices, 0, lambda _: None
  )
  found = measuring.measure(
    encoded.codes,
    encoded.logvars,
    evaluate.truth_of(run, indices),
    ["mig", "total_correlation"],
  )
  assert set(found.scores) == {"total_correlation"}


def test_stride_and_codes_fields(tmp_path):
  run = trained.make(tmp_path)
  settings = trained.SETTINGS | {"stride": (1, 1, 1, 2, 2), "codes": False}
  line = evaluate.evaluate(run, settings)[0]
  assert line["eval"]["num_images"] == 24
  assert not (tmp_path / "codes.npz").exists()


def test_refusing_metric_gives_no_value_and_its_reason(run, monkeypatch):
  def refuse(*_, **__):
    raise ValueError("codes: all the same")

  monkeypatch.setattr(metrics, "score", refuse)
  line = evaluate.evaluate(run, trained.SETTINGS)[0]
  assert line["metrics"]["mig"] is None
  assert line["details"]["mig"]["refused"] == "codes: all the same"


def test_reconstruction_is_minus_the_log_likelihood_of_a_draw(run):
  indices = np.arange(8, dtype=np.int32)
  encoder = encoding.batch_encoder(run)
  state = run.state(0)
  encoded = encoder(state.params, state.hparams, indices, None)
  mean, logvar = encoded["codes"], encoded["logvars"]
  key = jax.random.fold_in(jax.random.PRNGKey(0), 0)
  eps = np.asarray(jax.random.normal(key, mean.shape))
  z = np.asarray(mean) + np.exp(np.asarray(logvar) / 2) * eps
  p = run.decode(z).astype("float64")
  x = run.render(indices)
  wanted = -(x * np.log(p) + (1 - x) * np.log1p(-p)).sum((1, 2, 3))
  np.testing.assert_allclose(encoded["reconstruction"], wanted, rtol=1e-3)


def test_processes_measure_what_one_does(tmp_path):
  fields = {"data.heldout_fraction": 0.25, "sweep.learning_rate": (1e-3, 1e30)}
  run = trained.make(tmp_path, **fields)
  settings = trained.SETTINGS | {"metrics": ("mig", "sap")}
  alone = evaluate.evaluate(run, settings)
  codes = (tmp_path / "codes.npz").read_bytes()
  (tmp_path / "codes.npz").unlink()
  with ProcessPoolExecutor(2, get_context("spawn")) as pool:
    assert evaluate.evaluate(run, settings, pool=pool, draw=False) == alone
  with np.load(tmp_path / "codes.npz") as found:
    wanted = dict(np.load(io.BytesIO(codes)))
    assert set(found.files) == set(wanted) >= {"means", "logvars", "held_out"}
    for name, array in wanted.items():
      np.testing.assert_array_equal(found[name], array)
  assert not list(tmp_path.glob(".codes*"))


def test_a_metric_of_images_gets_the_lanes_decoder(run, monkeypatch):
  def ink(codes, *, rng, decode):
    return {"pipe": float(decode(codes[:1]).sum()), "rows": len(codes)}

  row = metrics.METRICS["pipe"]._replace(function=ink)
  monkeypatch.setitem(metrics.METRICS, "pipe", row)
  settings = trained.SETTINGS | {"metrics": ("mig", "pipe")}
  alone = evaluate.evaluate(run, settings)
  with ProcessPoolExecutor(1, get_context("spawn")) as pool:
    assert evaluate.evaluate(run, settings, pool=pool, draw=False) == alone
  with np.load(run.workdir / "codes.npz") as codes:
    means = codes["means"]
  for lane, line in enumerate(alone):
    wanted = run.decode(means[lane, :1], lane).sum()
    np.testing.assert_allclose(line["metrics"]["pipe"], wanted, rtol=1e-6)
    assert line["details"]["pipe"]["rows"] == 96
    assert np.isfinite(line["metrics"]["mig"])


def test_codes_hold_a_lane_at_a_time(tmp_path):
  run = trained.make(tmp_path, **{"sweep.seed": (0, 1)})  # four lanes
  held = []
  real = evaluate.encode_all

  def counted(*args):
    gc.collect()
    held.append(sum(type(o) is encoding.Encoded for o in gc.get_objects()))
    return real(*args)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(evaluate, "encode_all", counted)
    evaluate.evaluate(run, trained.SETTINGS)
    evaluate.evaluate(run, trained.SETTINGS | {"codes": False})
  assert max(held) <= 1
