"""Figures: what they draw, and that they leave nothing behind."""

import subprocess
import sys

import numpy as np
import pytest
from helpers import fake_runs
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import spearmanr
from skimage.color import deltaE_ciede2000, rgb2lab
from sklearn.metrics import roc_auc_score

from dvae_jax.report import figures
from dvae_jax.report.figures.style import CAPTION, PALETTE

RNG = np.random.default_rng(0)
KL = [2.0, 0.001, 3.0]
FRAMES = RNG.random((3, 5, 16, 16, 1))
CODES = RNG.normal(size=(60, 3))
FACTORS = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), -1)
STEPS = np.arange(0, 500, 100)
BETAS = [1.0, 4.0, 16.0]
DRAWN = {
  "reconstructions": lambda: figures.reconstructions(
    FRAMES, 0.5 * FRAMES, np.ones((3, 5))
  ),
  "traversals": lambda: figures.traversals(FRAMES, KL, np.linspace(-2, 2, 5)),
  "samples": lambda: figures.samples(FRAMES[0]),
  "interpolations": lambda: figures.interpolations(FRAMES),
  "walk": lambda: figures.walk(FRAMES[0], CODES[:5, :2], CODES[:, :2]),
  "factor_matrix": lambda: figures.factor_matrix(
    RNG.random((2, 3)), ["a", "b"], KL
  ),
  "unit_selectivity": lambda: figures.unit_selectivity(
    CODES, FACTORS, ("shape", "posX", "posY"), KL
  ),
  "unit_selectivity of other factors": lambda: figures.unit_selectivity(
    CODES, FACTORS, ("hue", "size", "angle"), KL
  ),
  "posterior_cloud": lambda: figures.posterior_cloud(
    CODES[:, :2], FACTORS[:, 0], label="a"
  ),
  "posterior_cloud_3d": lambda: figures.posterior_cloud_3d(
    CODES, FACTORS[:, 0], label="a"
  ),
  "kl_over_training": lambda: figures.kl_over_training(
    STEPS, RNG.random((2, 5, 3)), ["one", "two"]
  ),
  "kl_over_training of NaN": lambda: figures.kl_over_training(
    STEPS, np.full((1, 5, 3), np.nan), ["diverged"]
  ),
  "loss_terms": lambda: figures.loss_terms(
    STEPS,
    {"loss": RNG.random((3, 5)), "critic": np.full((3, 5), np.nan)},
    strengths=BETAS,
    label="beta",
  ),
  "rate_distortion": lambda: figures.rate_distortion(
    [25.0, 10, np.nan], [18, 40, np.nan], strengths=BETAS, label="beta"
  ),
  "score_violins": lambda: figures.score_violins(
    {"a": RNG.random(5), "b": [0.5], "c": [np.nan]}, ylabel="mig"
  ),
  "score_against": lambda: figures.score_against(
    BETAS, {"mig": [0.1, np.nan, 0.3]}, label="beta"
  ),
  "anomaly_histograms": lambda: figures.anomaly_histograms(
    RNG.random(50), RNG.random(40), label="-ELBO", names=("usual", "unusual")
  ),
  "agreement": lambda: figures.agreement(
    [[1, np.nan], [np.nan, 1]], ["mig", "sap"]
  ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_can_be_saved_at_page_width(name, tmp_path):
  figure = DRAWN[name]()
  assert isinstance(figure, Figure)
  assert figure.get_size_inches()[0] <= 7.2
  figure.savefig(tmp_path / "figure.png")
  with Image.open(tmp_path / "figure.png") as image:
    assert np.ptp(np.asarray(image.convert("L"))) > 0


def test_no_global_state_is_used():
  code = (
    "import sys, matplotlib; before = matplotlib.rcParams.copy();"
    "from dvae_jax.report import figures;"
    "figures.samples([[[[0.5]]]] * 3).savefig('/dev/null', format='png');"
    "assert 'matplotlib.pyplot' not in sys.modules;"
    "now = matplotlib.rcParams; keys = set(before) - {'backend'};"
    "assert all(now[key] == before[key] for key in keys)"
  )
  subprocess.run([sys.executable, "-c", code], check=True)


def test_tile_puts_every_image_in_its_place():
  images = RNG.integers(0, 256, (2, 3, 4, 5, 3), np.uint8)
  table = figures.tile(images, gap=1, alpha=[[1.0], [0.5]])
  assert table.shape == (2 * 5 - 1, 3 * 6 - 1, 4)
  np.testing.assert_array_equal(table[5:9, 12:17, :3], images[1, 2])
  assert set(table[:4, :5, 3].ravel()) == {255}
  assert set(table[5:, :5, 3].ravel()) == {128}  # half of 255, rounded
  assert not table[4].any()
  assert not table[:, 5].any()


def test_tile_refuses_two_channels():
  with pytest.raises(ValueError, match="found 2 channels, allowed: 1, 3"):
    figures.tile(np.zeros((1, 1, 4, 4, 2)), gap=1)


def test_images_are_rounded_and_clipped():
  found = figures.to_uint8(np.array([-1.0, 0.0, 0.5, 1.0, 2.0, np.nan]))
  np.testing.assert_array_equal(found, [0, 0, 128, 255, 255, 0])


def test_traversals_are_sorted_by_kl_and_dim_inactive_latents():
  ax = figures.traversals(FRAMES, KL, range(5)).axes[0]
  labels = [label.get_text() for label in ax.get_yticklabels()]
  assert [label.split()[0] for label in labels] == ["z2", "z0", "z1"]
  opacity = ax.images[0].get_array()[8::17, 8, 3]  # 16 pixels and a gap of 1
  np.testing.assert_array_equal(opacity, [255, 255, 76])


def test_latents_without_a_kl_come_last():
  np.testing.assert_array_equal(
    figures.order_by_kl([0.5, np.nan, 2.0, 0.5]), [2, 0, 3, 1]
  )


def test_mean_response_is_the_mean_over_all_other_factors():
  strided = FACTORS * [1, 2, 3]  # a sub-grid: the values have gaps
  found = figures.mean_response(CODES, strided, [2, 0])
  assert found.shape == (5, 3, 3)
  for a in range(5):
    for b in range(3):
      rows = (FACTORS[:, 2] == a) & (FACTORS[:, 0] == b)
      np.testing.assert_allclose(found[a, b], CODES[rows].mean(0), rtol=1e-12)


def test_selectivity_shows_position_and_one_curve_a_shape():
  names = ("shape", "posX", "posY", "scale")
  factors = np.stack(np.unravel_index(np.arange(120), (3, 4, 5, 2)), -1)
  codes = factors[:, [1, 0]] - 1.5
  figure = figures.unit_selectivity(codes, factors, names, [2.0, 1.0])
  first = figure.axes[0].images[0].get_array()  # latent 0 is posX
  np.testing.assert_allclose(first, np.tile(np.arange(4) - 1.5, (5, 1)))
  curves = figure.axes[3].get_lines()[1:]  # latent 1 is the shape
  heights = [float(curve.get_ydata()[0]) for curve in curves]
  np.testing.assert_allclose(heights, [-1.5, -0.5, 0.5])


def test_separation_is_the_area_under_the_roc():
  usual, unusual = RNG.integers(0, 9, 50), RNG.integers(3, 12, 40)  # with ties
  expected = roc_auc_score(
    np.repeat([0, 1], [50, 40]), np.concatenate([usual, unusual])
  )
  np.testing.assert_allclose(figures.separation(usual, unusual), expected)


def test_rank_correlations_are_spearmans():
  rng = np.random.default_rng(0)
  scores = {"a": rng.random(9), "b": rng.random(9), "c": rng.integers(0, 3, 9)}
  found = figures.rank_correlations(scores)
  expected = spearmanr(np.stack(list(scores.values()), -1)).statistic
  np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_rank_correlations_leave_missing_scores_out():
  nan = np.nan
  found = figures.rank_correlations(
    {"a": np.array([1, 2, 3, nan]), "b": np.array([3, 2, 1, 9.0]),
     "c": np.array([nan, nan, 1, 2])}
  )  # fmt: skip
  np.testing.assert_allclose(
    found, [[1, -1, nan], [-1, 1, nan], [nan, nan, nan]]
  )


def test_cloud_has_the_priors_circles():
  patches = DRAWN["posterior_cloud"]().axes[0].patches
  assert [patch.radius for patch in patches] == [1, 2]


def test_gif_goes_forth_and_back_for_ever(tmp_path):
  run = fake_runs.make_run(tmp_path)
  frames = run.traverse(run.render([0]), 0)[0]
  animation = figures.traversal_animation(frames, [2, 1, 1.5, 0, 0], scale=2)
  assert len(animation) == 2 * 7 - 2
  assert animation[0].shape == (2 * 16 + 14, 5 * (2 * 16 + 2) - 2, 3)
  np.testing.assert_array_equal(animation[1], animation[-1])
  figures.save_gif(tmp_path / "t.gif", animation, milliseconds=50)
  with Image.open(tmp_path / "t.gif") as image:
    assert (image.n_frames, image.info["loop"]) == (12, 0)
    assert image.info["duration"] == 50
  assert [path.name for path in tmp_path.iterdir()] == ["t.gif"]


def test_history_of_a_cloud_is_an_animation():
  clouds = [DRAWN["posterior_cloud"](), DRAWN["posterior_cloud"]()]
  frames = figures.animation(clouds)
  assert frames[0].shape == frames[1].shape == (504, 604, 3)


# Machado et al. 2009, table 1, severity 1.0, on linear RGB.
BLINDNESS = {
  "protanopia": [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  "deuteranopia": [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
  ],
}


@pytest.mark.parametrize("name", BLINDNESS)
def test_colours_differ_for_colour_blind_people(name):
  srgb = np.array([to_rgb(colour) for colour in PALETTE])
  seen = _linear(srgb) @ np.array(BLINDNESS[name]).T
  lab = rgb2lab(np.clip(seen, 0, 1) ** (1 / 2.2))
  distances = deltaE_ciede2000(lab[:, None], lab[None])
  distances[np.diag_indices(len(PALETTE))] = np.inf
  assert distances.min() > 8  # 2 to 3 is just noticeable


def test_captions_read_on_white_and_on_the_dark_page():
  for background in ("#ffffff", "#14171a"):
    dark, light = sorted(_luminance(c) + 0.05 for c in (CAPTION, background))
    assert light / dark > 4


def _linear(srgb):
  return np.where(
    srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
  )


def _luminance(colour):
  return float(_linear(np.array(to_rgb(colour))) @ [0.2126, 0.7152, 0.0722])
