"""UDR against scikit-learn, SciPy and models whose order is known."""

import importlib
import json

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from dvae_jax.metrics.__main__ import main
from dvae_jax.metrics.udr import udr


def zoo(seed=0, rows=400):
  """Codes and KLs of six models, the first four of them aligned."""
  rng = np.random.default_rng(seed)
  latents = rng.uniform(-1, 1, (rows, 3))
  codes, kls = [], []
  for number in range(6):
    turn = np.eye(3) if number < 4 else np.linalg.qr(rng.normal(size=(3, 3)))[0]
    live = latents @ turn + 0.05 * rng.normal(size=latents.shape)
    dead = rng.normal(size=(rows, 2)) * 0.1
    order = rng.permutation(5)
    codes.append(np.hstack([live, dead])[:, order] * rng.choice([-2, 1], 5))
    kls.append(np.array([3.0, 2.0, 1.0, 0.001, 0.0])[order])
  return codes, kls


def by_hand(codes, kls, matrix):
  """The definition, pair by pair: Duan et al. 2020, section 4."""
  codes = [
    (z[:, k > 0.01] - z[:, k > 0.01].mean(0)) / z[:, k > 0.01].std(0)
    for z, k in zip(codes, kls, strict=True)
  ]
  scores = []
  for i, own in enumerate(codes):
    pairs = []
    for j, other in enumerate(codes):
      if i != j:
        r = np.abs(matrix(own, other))  # rows: other's latents
        total = sum(r[:, b].max() ** 2 / r[:, b].sum() for b in range(3))
        total += sum(r[a].max() ** 2 / r[a].sum() for a in range(3))
        pairs.append(total / 6)
    scores.append(np.median(pairs))
  return scores


def lasso_weights(own, other):
  model = Lasso(alpha=0.1, tol=1e-10, max_iter=10_000)
  return model.fit(other, own).coef_.T


def rank_correlations(own, other):
  return spearmanr(other, own)[0][:3, 3:]


@pytest.mark.parametrize(
  ("correlation", "matrix"),
  [("lasso", lasso_weights), ("spearman", rank_correlations)],
)
def test_agrees_with_scikit_learn_and_scipy_pair_by_pair(correlation, matrix):
  codes, kls = zoo()
  scores = udr(codes, kls, correlation=correlation)
  np.testing.assert_allclose(scores, by_hand(codes, kls, matrix), rtol=1e-6)


@pytest.mark.parametrize("correlation", ["lasso", "spearman"])
def test_aligned_models_rank_above_rotated_ones(correlation):
  codes, kls = zoo(seed=3)
  scores = udr(codes, kls, correlation=correlation)
  assert scores[:4].min() > scores[4:].max() + 0.1


@pytest.mark.parametrize("correlation", ["lasso", "spearman"])
def test_order_sign_and_scale_of_latents_do_not_matter(correlation):
  codes, kls = zoo()
  scores = udr(codes, kls, correlation=correlation)
  order = [3, 1, 0, 4, 2]
  moved = [-7.0 * z[:, order] for z in codes]
  again = udr(moved, [k[order] for k in kls], correlation=correlation)
  np.testing.assert_allclose(again, scores, rtol=1e-6)


def test_copies_of_one_model_score_as_high_as_their_lasso_weights():
  # Independent standardised latents: the Lasso of a latent on itself is 1 - 0.1
  # and nothing else, so R = 0.9 I and the score 0.9^2 / 0.9.
  z = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], float)
  scores = udr([z] * 3, [np.ones(2)] * 3)
  np.testing.assert_allclose(scores, 0.9, rtol=1e-12)
  scores = udr([z] * 3, [np.ones(2)] * 3, correlation="spearman")
  np.testing.assert_allclose(scores, 1.0, rtol=1e-12)


@pytest.mark.parametrize("correlation", ["lasso", "spearman"])
def test_collapsed_and_constant_models_score_nothing(correlation):
  codes, kls = zoo()
  kls[0] = np.zeros(5)
  codes[1] = np.ones_like(codes[1])
  scores = udr(codes, kls, correlation=correlation)
  assert scores[0] == scores[1] == 0
  assert np.isfinite(scores).all()
  everything = udr(codes, [np.zeros(5)] * 6, correlation=correlation)
  np.testing.assert_array_equal(everything, 0)


def test_models_may_differ_in_their_number_of_latents():
  codes, kls = zoo()
  base = udr(codes, kls)
  codes[2], kls[2] = codes[2][:, kls[2] > 0.01], kls[2][kls[2] > 0.01]
  np.testing.assert_allclose(udr(codes, kls), base, rtol=1e-6)


def test_refuses_what_cannot_be_compared():
  codes, kls = zoo()
  with pytest.raises(ValueError, match="two or more"):
    udr(codes[:1], kls[:1])
  with pytest.raises(ValueError, match="rows of model 0"):
    udr([codes[0], codes[1][:-1]], kls[:2])
  with pytest.raises(ValueError, match="aren't finite"):
    udr([codes[0], codes[1] * np.nan], kls[:2])
  with pytest.raises(ValueError, match="one KL for each"):
    udr(codes[:2], [kls[0], kls[1][:2]])
  with pytest.raises(ValueError, match="'pearson'; must be"):
    udr(codes, kls, correlation="pearson")


def write_run(folder, models, *, diverged=(), indices=None):
  folder.mkdir()
  codes, kls = models
  logvars = []
  for z, kl in zip(codes, kls, strict=True):
    # Any log variances whose KL is over, or under, the threshold.
    informative = np.where(kl > 0.01, -4.0, 0.0)
    logvars.append(np.broadcast_to(informative, z.shape))
  np.savez(
    folder / "codes.npz",
    means=np.where(np.array(kls)[:, None] > 0.01, codes, 0),
    logvars=np.array(logvars),
    indices=np.arange(len(codes[0])) if indices is None else indices,
  )
  lines = [
    {"lane": lane, "diverged_at": 70 if lane in diverged else -1}
    for lane in range(len(codes))
  ]
  (folder / "results.jsonl").write_text("\n".join(map(json.dumps, lines)))
  return str(folder)


def test_ranks_the_lanes_of_several_runs(tmp_path, capsys):
  codes, kls = zoo()
  runs = [
    write_run(tmp_path / "a", (codes[3:], kls[3:]), diverged=[2]),
    write_run(tmp_path / "b", (codes[:3], kls[:3])),
  ]
  out = tmp_path / "udr.json"
  assert main(["udr", *runs, f"--out={out}"]) == 0
  result = json.loads(out.read_text())
  order = [3, 4, 0, 1, 2]  # a's lanes 0 and 1, then b's
  expected = udr([codes[i] for i in order], [kls[i] for i in order])
  found = {(m["run"], m["lane"]): m["udr"] for m in result["ranking"]}
  lanes = [(runs[0], 0), (runs[0], 1)] + [(runs[1], i) for i in range(3)]
  np.testing.assert_allclose(
    [found[lane] for lane in lanes], expected, rtol=1e-6
  )
  assert len(found) == 5
  assert result["best"] == result["ranking"][0]
  assert [m["udr"] for m in result["ranking"]] == sorted(
    found.values(), reverse=True
  )
  printed = capsys.readouterr().out
  assert f"{runs[0]} lane 2: diverged at step 70" in printed
  best = result["best"]
  assert f"best without labels: {best['run']} lane {best['lane']}" in printed


def test_refuses_runs_on_other_images_and_missing_files(tmp_path, capsys):
  codes, kls = zoo()
  first = write_run(tmp_path / "a", (codes, kls))
  other = write_run(tmp_path / "b", (codes, kls), indices=np.arange(1, 401))
  assert main(["udr", first, other]) == 2
  assert "other images" in capsys.readouterr().err
  assert main(["udr", first, str(tmp_path / "none")]) == 2
  assert "no such file" in capsys.readouterr().err
  (tmp_path / "a" / "results.jsonl").unlink()
  assert main(["udr", first]) == 2
  assert "results.jsonl: no such file" in capsys.readouterr().err


def test_keeps_a_sample_of_many_images(tmp_path):
  files = importlib.import_module("dvae_jax.metrics.files")
  codes, kls = zoo()
  run = write_run(tmp_path / "a", (codes, kls))
  models, _ = files.read_models([run, run], 50)
  assert {model.codes.shape for model in models} == {(50, 5)}
  np.testing.assert_array_equal(models[0].codes, models[6].codes)
