"""UDR against scikit-learn, SciPy and models whose order is known."""

import json

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso

from dvae_jax import rundir
from dvae_jax.metrics.__main__ import main
from dvae_jax.metrics.files import read_models
from dvae_jax.metrics.udr import Model, first_twins, rank, udr


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


def by_hand(codes, kls, matrix, normalisation="paper"):
  """The definition, pair by pair: Duan et al. 2020, section 4.

  All models have three informative latents but model 5, which has two: so the
  normalisations differ.
  """
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
        n, m = r.shape
        total = sum(r[:, b].max() ** 2 / r[:, b].sum() for b in range(m))
        other_total = sum(r[a].max() ** 2 / r[a].sum() for a in range(n))
        if normalisation == "paper":
          pairs.append((total + other_total) / (n + m))
        else:
          pairs.append((total / m + other_total / n) / 2)
    scores.append(np.median(pairs))
  return scores


def lasso_weights(own, other):
  model = Lasso(alpha=0.1, tol=1e-10, max_iter=10_000)
  return model.fit(other, own).coef_.T


def rank_correlations(own, other):
  n = other.shape[1]
  return spearmanr(other, own)[0][:n, n:]


@pytest.mark.parametrize("normalisation", ["paper", "dlib"])
@pytest.mark.parametrize(
  ("correlation", "matrix"),
  [("lasso", lasso_weights), ("spearman", rank_correlations)],
)
def test_agrees_with_scikit_learn_and_scipy_pair_by_pair(
  correlation, matrix, normalisation
):
  codes, kls = zoo()
  kls[5] = np.where(kls[5] == 1, 0.002, kls[5])
  scores = udr(codes, kls, correlation=correlation, normalisation=normalisation)
  expected = by_hand(codes, kls, matrix, normalisation)
  np.testing.assert_allclose(scores, expected, rtol=1e-6)


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
  with pytest.raises(ValueError, match="'sum'; must be"):
    udr(codes, kls, normalisation="sum")


def lanes(codes, kls, settings="aaabbb", seeds=(0, 1, 2, 0, 1, 2)):
  return [
    Model("run", lane, *about)
    for lane, about in enumerate(zip(settings, seeds, codes, kls, strict=True))
  ]


def test_one_form_compares_within_a_setting_the_other_all():
  codes, kls = zoo()
  values, variant = rank(lanes(codes, kls))
  assert variant == "duan2020 udr, lasso, 1/(d_a + d_b)"
  for rows in (slice(3), slice(3, 6)):
    np.testing.assert_allclose(values[rows], udr(codes[rows], kls[rows]))
  values, variant = rank(
    lanes(codes, kls), form="udr_a2a", correlation="spearman",
    normalisation="dlib",
  )  # fmt: skip
  assert variant == "duan2020 udr_a2a, spearman, mean of two means"
  expected = udr(codes, kls, correlation="spearman", normalisation="dlib")
  np.testing.assert_allclose(values, expected)


def test_a_lane_without_a_partner_has_no_score():
  codes, kls = zoo()
  values, _ = rank(lanes(codes, kls, settings="aaabbc"))
  assert np.isnan(values).tolist() == [False] * 5 + [True]
  with pytest.raises(ValueError, match="udr: no two of the 6 models"):
    rank(lanes(codes, kls, settings="abcdef"))
  with pytest.raises(ValueError, match="udr_a2a: no two of the 1 models"):
    rank(lanes(codes, kls)[:1], form="udr_a2a")
  with pytest.raises(ValueError, match="form: 'all'; must be one of"):
    rank(lanes(codes, kls), form="all")


@pytest.mark.parametrize("twin", [2, 5])
def test_twins_are_never_partners_and_count_once(twin):
  codes, kls = zoo()
  base, _ = rank(lanes(codes, kls, settings="abcdef"), form="udr_a2a")
  # A model again under another name, its codes off by what rounding makes.
  rng = np.random.default_rng(5)
  again = codes[twin] * (1 + 1e-4 * rng.normal(size=codes[twin].shape))
  doubled = lanes(
    [*codes, again], [*kls, kls[twin]], "abcdefg", (0, 1, 2, 0, 1, 2, 2)
  )
  assert first_twins(doubled).tolist() == [0, 1, 2, 3, 4, 5, twin]
  values, _ = rank(doubled, form="udr_a2a")
  np.testing.assert_allclose(values[:6], base, rtol=1e-12)
  np.testing.assert_allclose(values[6], base[twin], rtol=1e-3)


def test_the_same_seed_of_a_setting_is_never_a_partner():
  # The same training on two machines: rounding has driven the codes apart.
  codes, kls = zoo()
  values, _ = rank(lanes(codes[:3], kls[:3], "aaa", (0, 1, 1)), form="udr_a2a")
  pair = udr([codes[0], codes[2]], [kls[0], kls[2]])
  np.testing.assert_allclose(values[2], pair[1])


def test_models_of_one_informative_latent_in_the_same_place_are_no_twins():
  rng = np.random.default_rng(0)
  truth = rng.normal(size=500)
  codes = [
    np.stack([truth + 0.05 * rng.normal(size=500), np.zeros(500)], 1)
    for _ in range(2)
  ]
  assert first_twins(lanes(codes, [[1, 0]] * 2, "ab", (0, 0))).tolist() == [
    0,
    1,
  ]


def write_run(folder, models, *, config=None, diverged=(), **changed):
  folder.mkdir()
  codes, kls = models
  arrays = {
    "means": np.array(codes),
    "kl": np.array(kls),
    "indices": np.arange(len(codes[0])),
  } | changed
  np.savez(
    folder / "codes.npz", **{k: v for k, v in arrays.items() if v is not None}
  )
  rundir.write_config(
    folder,
    {"config": config or {"objective": "beta_vae"}, "data": {"name": "spots"}},
  )
  rundir.write_jsonl(
    folder / "results.jsonl",
    [
      {
        "lane": lane,
        "seed": lane,
        "hparams": {"beta": 4.0},
        "diverged_at": 70 if lane in diverged else -1,
      }
      for lane in range(len(codes))
    ],
  )
  return str(folder)


def test_ranks_the_lanes_of_several_runs(tmp_path, capsys):
  codes, kls = zoo()
  runs = [
    write_run(tmp_path / "a", (codes[3:], kls[3:]), diverged=[2]),
    write_run(
      tmp_path / "b", (codes[:3], kls[:3]), config={"objective": "dip_vae_i"}
    ),
  ]
  order = [3, 4, 0, 1, 2]  # a's lanes 0 and 1, then b's
  lanes = [(runs[0], 0), (runs[0], 1)] + [(runs[1], i) for i in range(3)]
  groups = {"udr": ([0, 1], [2, 3, 4]), "udr_a2a": (range(5),)}
  for form, parts in groups.items():
    out = tmp_path / f"{form}.json"
    assert main(["udr", *runs, f"--form={form}", f"--out={out}"]) == 0
    result = json.loads(out.read_text())
    assert result["variant"] == f"duan2020 {form}, lasso, 1/(d_a + d_b)"
    found = {(m["run"], m["lane"]): m["udr"] for m in result["ranking"]}
    assert len(found) == 5
    for part in parts:
      mine = [order[i] for i in part]
      expected = udr([codes[i] for i in mine], [kls[i] for i in mine])
      np.testing.assert_allclose(
        [found[lanes[i]] for i in part], expected, rtol=1e-6
      )
    assert [m["udr"] for m in result["ranking"]] == sorted(
      found.values(), reverse=True
    )
    printed = capsys.readouterr().out
    assert f"{runs[0]} lane 2: diverged at step 70" in printed
    assert result["variant"] in printed
    assert "best" not in printed


def test_says_which_lane_had_no_partner(tmp_path, capsys):
  codes, kls = zoo()
  runs = [
    write_run(tmp_path / "a", (codes[:2], kls[:2])),
    write_run(tmp_path / "b", (codes[2:3], kls[2:3]), config={"latent_dim": 3}),
  ]
  assert main(["udr", *runs]) == 0
  shown = capsys.readouterr().out
  assert f"skipped: {runs[1]} lane 0: no partner of its setting" in shown


def test_a_setting_is_all_that_is_trained_but_the_seed(tmp_path):
  codes, kls = zoo()
  config = {"objective": "beta_vae", "sweep": {"seed": [0]}, "latent_dim": 5}
  folders = []
  for name, changed in {
    "a": {},
    "b": {"sweep": {"seed": [1]}, "eval": {"stride": [2]}},
    "c": {"latent_dim": 6},
  }.items():
    folders.append(tmp_path / name)
    write_run(folders[-1], (codes[:1], kls[:1]), config=config | changed)
  a, b, c = (model.setting for model in read_models(folders)[0])
  assert a == b != c


def test_refuses_runs_that_cannot_be_compared(tmp_path, capsys):
  codes, kls = zoo()

  def refused(*runs):
    assert main(["udr", *runs]) == 2
    return capsys.readouterr().err

  first = write_run(tmp_path / "a", (codes, kls))
  others = write_run(tmp_path / "b", (codes, kls), indices=np.arange(1, 401))
  assert "other images" in refused(first, others)
  no_kl = write_run(tmp_path / "c", (codes, kls), kl=None)
  assert "'kl' missing; its posterior has no KL" in refused(first, no_kl)
  assert "['indices'] missing" in refused(
    write_run(tmp_path / "d", (codes, kls), indices=None)
  )
  assert "holds no run" in refused(first, str(tmp_path / "none"))
  (tmp_path / "a" / "results.jsonl").unlink()
  assert "results.jsonl: no such file" in refused(first)


def test_keeps_a_sample_of_many_images(tmp_path):
  codes, kls = zoo()
  run = write_run(tmp_path / "a", (codes, kls))
  models, _ = read_models([run, run], 50)
  assert {model.codes.shape for model in models} == {(50, 5)}
  np.testing.assert_array_equal(models[0].codes, models[6].codes)
