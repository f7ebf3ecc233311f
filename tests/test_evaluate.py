"""Evaluation: the right rows, the right numbers, nothing measured twice."""

import json

import jax
import numpy as np
import pytest
from helpers import tiny

import dvae_jax
from dvae_jax import data, evaluate, runs
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import models
from dvae_jax.train import loop

SETTINGS = {"metrics": ("mig",), "stride": (), "codes": True}


def make_run(folder, profile="", **fields):
  config = tiny.get_config(profile)
  config.update_from_flattened_dict(fields)
  dataset = data.load(config.data)
  model = models.build(config, dataset.image_shape)
  with runs.opened(folder, config.to_dict(), dataset):
    loop.train(config, dataset, model, folder)
  return dvae_jax.load_run(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
  return make_run(tmp_path_factory.mktemp("runs") / "tiny")


def test_grid_takes_every_stride_th_value():
  dataset = Dataset(
    "toy", "rendered", (1, 1, 1), 24, ("a", "b", "c"), (2, 3, 4), (), None
  )
  assert evaluate.grid_indices(dataset, ()).tolist() == list(range(24))
  found = evaluate.grid_indices(dataset, (1, 2, 3))
  wanted = [a * 12 + b * 4 + c for a in (0, 1) for b in (0, 2) for c in (0, 3)]
  assert found.tolist() == wanted
  with pytest.raises(ValueError, match=r"eval\.stride: \(1, 2\) found"):
    evaluate.grid_indices(dataset, (1, 2))
  factors, names = evaluate.factors_of(dataset, found[found < 12])
  assert names == ("b", "c")  # a takes one value
  assert factors.tolist() == [[0, 0], [0, 3], [2, 0], [2, 3]]


def test_results_follow_from_the_codes(run):
  lines = evaluate.evaluate(run, SETTINGS)
  assert [line["lane"] for line in lines] == [0, 1]
  assert not (run.workdir / "results.partial.jsonl").exists()
  written = (run.workdir / "results.jsonl").read_text().splitlines()
  assert [json.loads(line) for line in written] == lines
  with np.load(run.workdir / "codes.npz") as codes:
    mean, logvar = codes["means"][1], codes["logvars"][1]
  kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).mean(0, dtype="float64")
  metrics = lines[1]["metrics"]
  np.testing.assert_allclose(metrics["kl_per_latent"], kl, rtol=1e-3, atol=1e-6)
  np.testing.assert_allclose(metrics["kl"], kl.sum(), rtol=1e-3)
  assert metrics["active_units"] == (kl > 0.01).sum()
  assert metrics["elbo"] == -metrics["reconstruction"] - metrics["kl"]
  # The exact parts are averages over draws, so they sum to the KL up to that.
  parts = metrics["mi"] + metrics["tc"] + metrics["dwkl"]
  assert abs(parts - metrics["kl"]) < 0.1 * metrics["kl"] + 0.05
  assert lines[1]["details"]["mig"]["variant"]
  assert lines[1]["data"]["source"] == "rendered"
  assert lines[1]["hparams"] == {"learning_rate": 0.001, "beta": 4.0}


def test_evaluating_again_gives_the_same_bytes(run):
  found = []
  for _ in range(2):
    evaluate.evaluate(run, SETTINGS)
    found.append((run.workdir / "results.jsonl").read_bytes())
  assert found[0] == found[1]


def test_interrupted_evaluation_keeps_what_it_measured(run, monkeypatch):
  evaluate.evaluate(run, SETTINGS)
  whole = (run.workdir / "results.jsonl").read_text()
  measured, score = [], evaluate.metrics.score

  def interrupted(*args, **kwargs):
    measured.append(args)
    if len(measured) == 2:
      raise KeyboardInterrupt
    return score(*args, **kwargs)

  monkeypatch.setattr(evaluate.metrics, "score", interrupted)
  with pytest.raises(KeyboardInterrupt):
    evaluate.evaluate(run, SETTINGS)
  evaluate.evaluate(run, SETTINGS)
  assert len(measured) == 3  # two lanes and the interrupted one
  assert (run.workdir / "results.jsonl").read_text() == whole


def test_held_out_images_are_reported_apart(tmp_path):
  run = make_run(tmp_path, **{"data.heldout_fraction": 0.25})
  held_out = run.dataset.held_out
  assert 0 < len(held_out) < 96
  found = evaluate.evaluate(run, SETTINGS)[0]["details"]["held_out"]
  with np.load(tmp_path / "codes.npz") as codes:
    mean, logvar = codes["means"][0][held_out], codes["logvars"][0][held_out]
  kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(1).mean()
  np.testing.assert_allclose(found["kl"], kl, rtol=1e-3)


def test_autoencoder_has_no_kl(tmp_path):
  run = make_run(tmp_path, "autoencoder", **{"sweep.beta": ()})
  metrics = evaluate.evaluate(run, SETTINGS)[0]["metrics"]
  assert set(metrics) == {"mig", "reconstruction"}


def test_stride_and_codes_fields(tmp_path):
  run = make_run(tmp_path)
  settings = SETTINGS | {"stride": (1, 1, 1, 2, 2), "codes": False}
  line = evaluate.evaluate(run, settings)[0]
  assert line["eval"]["num_images"] == 24
  assert not (tmp_path / "codes.npz").exists()


def test_refusing_metric_gives_no_value_and_its_reason(run, monkeypatch):
  def refuse(*_, **__):
    raise ValueError("codes: all the same")

  monkeypatch.setattr(evaluate.metrics, "score", refuse)
  line = evaluate.evaluate(run, SETTINGS)[0]
  assert line["metrics"]["mig"] is None
  assert line["details"]["mig"]["refused"] == "codes: all the same"


def test_reconstruction_is_minus_the_log_likelihood_of_a_draw(run):
  indices = np.arange(8, dtype=np.int32)
  encoder = evaluate.batch_encoder(run)
  state = run.state(0)
  mean, logvar, found = encoder(state.params, state.hparams, indices, None)
  key = jax.random.fold_in(jax.random.PRNGKey(0), 0)
  eps = np.asarray(jax.random.normal(key, mean.shape))
  z = np.asarray(mean) + np.exp(np.asarray(logvar) / 2) * eps
  p = run.decode(z).astype("float64")
  x = run.render(indices)
  wanted = -(x * np.log(p) + (1 - x) * np.log1p(-p)).sum((1, 2, 3))
  np.testing.assert_allclose(found, wanted, rtol=1e-3)
