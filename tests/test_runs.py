"""A trained run loaded back: what comes back, what it refuses."""

import shutil

import jax
import numpy as np
import pytest
from helpers import tiny
from helpers.trained import make_evaluated

import dvae_jax
from dvae_jax import data, rundir, runs
from dvae_jax.train import loop, training


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs") / "tiny"
  make_evaluated(folder)
  return folder


def test_unreadable_checkpoint_is_named_and_the_one_before_is_read(
  trained, tmp_path, capsys
):
  broken = shutil.copytree(trained, tmp_path / "broken")
  for path in (broken / "checkpoints" / "40").rglob("*"):
    if path.is_file():
      path.write_bytes(path.read_bytes()[:8])
  assert dvae_jax.load_run(broken).step == 20
  said = capsys.readouterr().err.replace("\n", "")
  assert "checkpoints/40 can't be read" in said
  assert (broken / "checkpoints" / "40").exists()


def test_deleting_the_newest_checkpoint_resumes_from_the_one_before(
  trained, tmp_path
):
  older = shutil.copytree(trained, tmp_path / "older")
  shutil.rmtree(older / "checkpoints" / "40")
  config = tiny.get_config()
  dataset = data.load(config.data)
  setup = training.set_up(config, dataset)
  states = loop.train(config, setup, older)
  wanted = dvae_jax.load_run(trained).states
  jax.tree.map(np.testing.assert_array_equal, states, wanted)
  for name in ("metrics.jsonl",):
    assert (older / name).read_text() == (trained / name).read_text()


def test_loaded_run_encodes_decodes_and_traverses(trained):
  run = dvae_jax.load_run(trained)
  images = run.render([0, 7, 95])
  mean = run.encode(images, lane=1)
  assert mean.shape == (3, 4)
  with np.load(trained / "codes.npz") as codes:
    np.testing.assert_allclose(
      codes["means"][1, [0, 7, 95]], mean, rtol=1e-4, atol=1e-5
    )
    factors = codes["factors"]
  assert factors.shape == (96, 4)  # one orientation: it doesn't vary
  decoded = run.decode(mean, lane=1)
  assert decoded.shape == images.shape
  assert decoded.min() >= 0
  assert decoded.max() <= 1
  moved = run.traverse(images[:1], lane=1, values=[-1.0, mean[0, 2]])
  assert moved.shape == (1, 4, 2, 16, 16, 1)
  np.testing.assert_allclose(moved[0, 2, 1], decoded[0], rtol=1e-4, atol=1e-6)
  assert np.abs(moved[0, 2, 0] - decoded[0]).max() > 0
  q = run.posterior(images, lane=1)
  np.testing.assert_array_equal(q.mean, mean)
  kl = 0.5 * (mean**2 + np.exp(q.logvar) - q.logvar - 1)
  np.testing.assert_allclose(run.kl(images, lane=1), kl, rtol=1e-3, atol=1e-6)
  p = np.float64(decoded)
  nats = -(images * np.log(p) + (1 - images) * np.log1p(-p)).sum((1, 2, 3))
  found = run.reconstruction(images, lane=1)
  np.testing.assert_allclose(found, nats, rtol=1e-4)


def test_a_run_draws_from_its_prior(trained):
  run = dvae_jax.load_run(trained)
  z = run.prior(2000, seed=1)
  assert z.shape == (2000, 4)
  np.testing.assert_allclose(z.mean(), 0, atol=0.05)
  np.testing.assert_allclose(z.std(), 1, rtol=0.05)
  assert np.any(run.prior(3, seed=2) != run.prior(3, seed=1))


def test_traversals_move_where_the_posterior_says(trained, tmp_path):
  codes = np.random.default_rng(0).normal(3, 2, (1000, 4)).astype("float32")
  values = dvae_jax.load_run(trained).traversal_values(codes, 5)
  np.testing.assert_allclose(values, np.tile([-2, -1, 0, 1, 2], (4, 1)))
  autoencoder = make_evaluated(tmp_path, "autoencoder", **{"sweep.beta": ()})
  values = autoencoder.traversal_values(codes, 5)
  low, high = np.quantile(codes, (0.025, 0.975), axis=0)
  np.testing.assert_allclose(values[:, 0], low, rtol=1e-5)
  np.testing.assert_allclose(values[:, 4], high, rtol=1e-5)
  assert autoencoder.prior(3) is None
  assert autoencoder.kl(autoencoder.render([0])) is None


def test_discrete_codes_are_traversed_over_the_values_that_occur():
  codes = np.array([0.5, -0.5, 0.5, 0.1])
  np.testing.assert_allclose(
    runs.occurring(codes, 5), [-0.5, 0.1, 0.5, 0.5, 0.5]
  )
  many = np.arange(100.0)
  np.testing.assert_allclose(runs.occurring(many, 4), [0, 33, 66, 99])


def test_what_nobody_registered_is_refused_by_its_file(trained, tmp_path):
  other = shutil.copytree(trained, tmp_path / "other")
  record = rundir.read_config(other)
  record["config"]["objective"] = "thrifty_vae"
  record["experiment"] = "experiments/thrifty.py"
  rundir.write_config(other, record)
  with pytest.raises(
    ValueError, match=r"'thrifty_vae' isn't registered.*=experiments/thrifty"
  ):
    dvae_jax.load_run(other)


@pytest.mark.parametrize(
  ("call", "words"),
  [
    (lambda run: run.encode(np.zeros((1, 8, 8, 1))), "images: shape"),
    (lambda run: run.decode(np.zeros((1, 5))), "z: shape"),
    (lambda run: run.decode(np.zeros((1, 4)), lane=2), "lane: 2 .* 0 to 1"),
  ],
)
def test_loaded_run_refuses_wrong_shapes(trained, call, words):
  with pytest.raises(ValueError, match=words):
    call(dvae_jax.load_run(trained))


def test_folder_without_a_run_is_refused(tmp_path):
  with pytest.raises(ValueError, match="holds no run"):
    dvae_jax.load_run(tmp_path)
