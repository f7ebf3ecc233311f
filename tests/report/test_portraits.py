"""Figures of one lane are of that lane, and say what its codes are."""

import numpy as np
import pytest
from helpers import fake_runs
from sklearn.metrics import mutual_info_score, roc_auc_score

from dvae_jax.report import figures, pictures, portraits, records

KINDS = ("gaussian", "deterministic", "quantised")


def record_of(folder, *, kind="gaussian", shown=True, **changes):
  run = fake_runs.make_run(folder, lanes=3, kind=kind)
  fake_runs.write_run(run, **changes)
  if shown:
    pictures.write(run)
  return records.read(folder)


@pytest.fixture(scope="module", params=KINDS)
def record(request, tmp_path_factory):
  return record_of(tmp_path_factory.mktemp(request.param), kind=request.param)


def drawn(record, lane):
  found = {}
  for picture in portraits.draw(record, lane):
    assert picture.group == lane
    assert picture.name.startswith(f"lane{lane}_")
    found[picture.name.partition("_")[2]] = picture
  return found


def test_names_and_captions_say_what_codes_are(record):
  shown = drawn(record, 1)
  words = " ".join(p.title + p.alt + p.caption for p in shown.values())
  gaussian = "kl" in record.pictures
  for name in ("samples", "prior_traversals", "walk"):
    assert (name in shown) == gaussian
  for word in ("KL", "ELBO", "prior", "posterior"):
    assert (word in words) == gaussian
  assert ("spread" in words) != gaussian
  assert ("20 bins" in words) == (not record.pictures["discrete"])


@pytest.mark.parametrize("lane", [0, 2])
def test_matrix_and_responses_are_of_the_lane(record, lane):
  codes, factors = record.codes["means"][lane], record.codes["factors"]
  shown, use = drawn(record, lane), portraits.lane_usage(record, lane)
  matrix = shown["factors"].draw().axes[0].images[0].get_array()
  discrete = bool(record.codes["discrete"])
  expected = portraits.normalised_mi(codes, factors, discrete=discrete)
  np.testing.assert_allclose(matrix, expected[:, use.order()])
  figure = shown["selectivity"].draw()
  response = figure.axes[0].images[0].get_array()  # of the most used latent
  for x, y in np.ndindex(6, 6):
    rows = (factors[:, 1] == x) & (factors[:, 2] == y)
    mean = codes[rows, use.order()[0]].mean()
    np.testing.assert_allclose(response[y, x], mean, rtol=1e-5, atol=1e-6)
  active = [f"z{d}" for d in use.order() if use.active()[d]]
  assert [t.get_text() for t in figure.texts] == [*active, "mean response"]


def test_anomaly_scores_are_of_the_lane_and_named(record):
  for lane in (0, 2):
    ax = drawn(record, lane)["anomalies"].draw().axes[0]
    score = "-ELBO" if "kl" in record.pictures else "reconstruction"
    assert ax.get_xlabel() == f"{score}, nats per image"
    usual, unusual = (record.pictures[n][lane] for n in ("usual", "unusual"))
    area = roc_auc_score(
      np.repeat([0, 1], [len(usual), len(unusual)]),
      np.concatenate([usual, unusual]),
    )
    assert ax.get_title(loc="right") == f"AUC {area:.3f}"


def test_image_grids_are_of_the_lane(record):
  arrays = record.pictures
  shown = drawn(record, 1)
  use = portraits.lane_usage(record, 1)
  table = shown["traversals"].draw().axes[0].images[0].get_array()
  first = arrays["traversals"][1, use.order()[0], 0, ..., 0]
  np.testing.assert_array_equal(table[:16, :16, 0], first)
  pairs = shown["reconstructions"].draw().axes[0].images[0].get_array()
  np.testing.assert_array_equal(
    pairs[:16, :16, 0], arrays["originals"][1, 0, 0, ..., 0]
  )
  np.testing.assert_array_equal(
    pairs[17:33, :16, 0], arrays["reconstructions"][1, 0, 0, ..., 0]
  )
  line = shown["interpolations"].draw().axes[0].images[0].get_array()
  np.testing.assert_array_equal(
    line[:16, :16, 0], arrays["interpolations"][1, 0, 0, ..., 0]
  )


def test_cloud_is_of_the_two_most_used_latents(record):
  for lane in (0, 2):
    figure = drawn(record, lane)["cloud"].draw()
    plane = portraits.lane_usage(record, lane).order()[:2]
    points = figure.axes[0].collections[0]
    np.testing.assert_allclose(
      points.get_offsets(), record.pictures["codes"][lane][:, plane]
    )
    circles = 2 if "kl" in record.pictures else 0
    assert len(figure.axes[0].patches) == circles


def test_usage_comes_from_the_codes_where_there_are_no_pictures(tmp_path):
  for kind in ("gaussian", "quantised"):
    record = record_of(tmp_path / kind, kind=kind, shown=False)
    use = portraits.lane_usage(record, 2)
    codes = record.codes
    if kind == "gaussian":
      assert use.name == "KL"
      np.testing.assert_array_equal(use.amount, codes["kl"][2])
    else:
      assert use.name == "spread"
      np.testing.assert_allclose(use.amount, codes["means"][2].std(0))
    assert set(drawn(record, 2)) == {"factors", "selectivity"}


def test_codes_that_are_not_finite_have_no_factor_pictures(tmp_path):
  record = record_of(tmp_path)
  record.codes["means"][1] = np.nan
  record.pictures["codes"][1] = np.nan
  assert not {"factors", "selectivity", "cloud"} & drawn(record, 1).keys()
  assert {"factors", "selectivity", "cloud"} <= drawn(record, 2).keys()


@pytest.mark.parametrize("discrete", [False, True])
def test_normalised_mi_is_the_share_of_the_factors_entropy(discrete):
  rng = np.random.default_rng(0)
  factors = rng.integers(0, 4, (500, 2))
  codes = np.stack([factors[:, 0], rng.integers(0, 3, 500)], -1).astype(float)
  if discrete:  # bins of equal width would take the first two values for one
    codes = np.array([0.0, 0.01, 1.0, 1.5])[codes.astype(int)]
  found = portraits.normalised_mi(codes, factors, discrete=discrete)
  for k, d in np.ndindex(2, 2):
    entropy = mutual_info_score(factors[:, k], factors[:, k])
    labels = np.unique(codes[:, d], return_inverse=True)[1]
    mi = mutual_info_score(labels, factors[:, k])
    np.testing.assert_allclose(found[k, d], mi / entropy, rtol=1e-9)


def clouds_of(folder, steps, *, kind="gaussian", scale=1):
  run = fake_runs.make_run(folder, lanes=2, kind=kind)
  fake_runs.write_run(run)
  fake_runs.save_clouds(run, steps, scale=scale)
  pictures.write(run)
  return run, records.read(folder)


@pytest.mark.parametrize("kind", ["gaussian", "deterministic"])
def test_clouds_share_axes_and_the_colours_of_the_still_one(tmp_path, kind):
  run, record = clouds_of(tmp_path, range(100, 3100, 100), kind=kind, scale=3)
  steps = record.clouds.steps
  assert (len(steps), steps[0], steps[-1]) == (12, 100, 3000)
  figure, shown, titles = portraits.cloud_over_training(record, 0)
  assert titles == [f"step {step}" for step in steps]
  axes, bar = figure.axes
  assert axes.get_title(loc="left") == titles[-1]
  assert np.abs(shown).max() < max(axes.get_xlim())  # of all steps
  assert len(axes.patches) == (2 if kind == "gaussian" else 0)
  points = axes.collections[0]
  plane = portraits.lane_usage(record, 0).order()[:2]
  assert axes.get_xlabel() == f"z{plane[0]}"
  # The first latent is horizontal, index // 6 % 6, or vertical, index % 6.
  indices = np.arange(0, 108, 2)
  factor = {0: ("posX", indices // 6 % 6), 2: ("posY", indices % 6)}[plane[0]]
  assert bar.get_ylabel() == factor[0]
  np.testing.assert_array_equal(points.get_array(), factor[1])
  codes = run.encode(run.render(indices), 0)
  for step, cloud in zip(steps, shown, strict=True):
    grown = 3 * codes[:, plane] * step / steps[-1]
    np.testing.assert_allclose(cloud, grown, rtol=2e-3, atol=1e-4)
  np.testing.assert_array_equal(points.get_offsets(), shown[-1])


def test_clouds_of_one_step_or_of_a_broken_lane_are_not_animated(tmp_path):
  _, record = clouds_of(tmp_path / "a", [100])
  assert portraits.cloud_over_training(record, 0) is None
  _, record = clouds_of(tmp_path / "b", [100, 200])
  assert len(portraits.cloud_over_training(record, 0)[1]) == 2
  assert portraits.cloud_over_training(record, 1) is None


def test_inactive_lane_has_no_selectivity(tmp_path):
  record = record_of(tmp_path)
  record.pictures["kl"][1] = 0.001
  shown = drawn(record, 1)
  assert "selectivity" not in shown
  assert "factors" in shown
  table = shown["traversals"].draw().axes[0].images[0].get_array()
  assert set(np.unique(table[..., 3])) == {0, round(0.3 * 255)}  # all dimmed


def test_usage_matches_the_figures_threshold():
  use = figures.usage([0.01, 0.011])
  assert use.active().tolist() == [False, True]  # 0.01 nats, Duan et al. 2020
