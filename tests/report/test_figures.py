"""Figures: what they draw, and that they leave nothing behind."""

import io
import subprocess
import sys

import numpy as np
import pytest
from helpers import fake_runs
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from scipy.stats import sem, spearmanr
from skimage.color import deltaE_ciede2000, rgb2lab
from sklearn.metrics import roc_auc_score

from dvae_jax.report import figures
from dvae_jax.report.figures.style import (
  CAPTION,
  FAINT,
  LETTERS,
  PALETTE,
  SHADES,
  THEMED,
)

RNG = np.random.default_rng(0)
USE = figures.usage([2.0, 0.001, 3.0])
FRAMES = RNG.random((3, 5, 16, 16, 1))
CODES = RNG.normal(size=(60, 3))
FACTORS = np.stack(np.unravel_index(np.arange(60), (3, 4, 5)), -1)
STEPS = np.arange(0, 500, 100)
BETAS = [1.0, 4.0, 16.0]
DRAWN = {
  "reconstructions": lambda: figures.reconstructions(
    FRAMES, 0.5 * FRAMES, np.ones((3, 5))
  ),
  "traversals": lambda: figures.traversals(FRAMES, USE, np.linspace(-2, 2, 5)),
  "samples": lambda: figures.samples(FRAMES[0]),
  "interpolations": lambda: figures.interpolations(FRAMES),
  "walk": lambda: figures.walk(FRAMES[0], CODES[:5, :2], CODES[:, :2]),
  "factor_matrix": lambda: figures.factor_matrix(
    RNG.random((2, 3)), ["a", "b"], USE
  ),
  "unit_selectivity": lambda: figures.unit_selectivity(
    CODES, FACTORS, ("shape", "posX", "posY"), USE
  ),
  "unit_selectivity of other factors": lambda: figures.unit_selectivity(
    CODES, FACTORS, ("hue", "size", "angle"), USE
  ),
  "posterior_cloud": lambda: figures.posterior_cloud(
    CODES[:, :2], FACTORS[:, 0], label="a"
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


@pytest.mark.parametrize(
  ("number", "width", "text"),
  [(6, 7.2, "-.25"), (7, 3.6, "-.25"), (15, 7.2, "-.25"), (15, 3.6, "-.2")],
)
def test_cells_with_room_say_how_far_scores_agree(number, width, text):
  matrix = np.full((number, number), -0.25)
  matrix[0, :3] = 1.0, -1.42, np.nan
  figure = figures.agreement(matrix, ["a" * 8] * number, width=width)
  texts = [cell.get_text() for cell in figure.axes[0].texts]
  assert texts[:2] == ["1", "-1.4"]
  assert len(texts) == number**2 - 1  # none where there is no number
  assert set(texts[2:]) == {text}
  figure.savefig(io.BytesIO(), format="svg")
  room = figure.axes[0].get_window_extent().width / number
  assert all(
    cell.get_window_extent().width < room for cell in figure.axes[0].texts
  )


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


@pytest.mark.parametrize("channels", [2, 5])
def test_tile_shows_the_first_of_other_numbers_of_channels(channels):
  images = np.random.default_rng(0).random((1, 1, 4, 4, channels))
  few = 1 if channels == 2 else 3
  np.testing.assert_array_equal(
    figures.tile(images, gap=1), figures.tile(images[..., :few], gap=1)
  )


def test_images_are_rounded_and_clipped():
  found = figures.to_uint8(np.array([-1.0, 0.0, 0.5, 1.0, 2.0, np.nan]))
  np.testing.assert_array_equal(found, [0, 0, 128, 255, 255, 0])


def captions(ax, place):
  """Texts of a grid of images: "center" beside its rows, "bottom" above it."""
  return [text.get_text() for text in ax.texts if text.get_va() == place]


def test_traversals_are_sorted_by_kl_and_dim_inactive_latents():
  ax = DRAWN["traversals"]().axes[0]
  rows = captions(ax, "center")
  assert [row.split()[0] for row in rows] == ["z2", "z0", "z1"]
  opacity = ax.images[0].get_array()[8::17, 8, 3]  # 16 pixels and a gap of 1
  np.testing.assert_array_equal(opacity, [255, 255, 76])


def test_each_latent_has_its_own_values_where_they_differ():
  use = figures.usage(None, [2.0, 0.001, 3.0])
  values = np.array([[0, 1, 2, 3, 4], [5] * 5, [-4, -2, 0, 1, 1.5]])
  ax = figures.traversals(FRAMES, use, values).axes[0]
  assert captions(ax, "center") == [
    "z2   3.00\n-4 to 1.5", "z0   2.00\n0 to 4", "z1   0.00\n5 to 5",
  ]  # fmt: skip
  assert captions(ax, "bottom") == ["spread", "lowest", "highest"]


@pytest.mark.parametrize(
  ("number", "width", "shown"),
  [(9, 7.2, 9), (9, 3.6, 9), (15, 7.2, 15), (15, 3.6, 7)],
)
def test_values_of_a_traversal_are_named_as_far_as_they_have_room(
  number, width, shown
):
  frames = np.zeros((2, number, 4, 4, 1))
  ax = figures.traversals(
    frames, figures.usage([1.0, 0.5]), np.linspace(-2, 2, number), width=width
  ).axes[0]
  *labels, head = captions(ax, "bottom")
  assert sum(label != "" for label in labels) == shown
  assert (labels[number // 2], head) == ("0.0", "KL, nats")
  assert captions(ax, "center") == ["z0   1.00", "z1   0.50"]


@pytest.mark.parametrize(("width", "columns"), [(7.2, 3), (3.6, 1)])
def test_groups_of_reconstructions_stand_side_by_side_where_wide(
  width, columns
):
  images = RNG.random((3, 5, 16, 16, 1))
  figure = figures.reconstructions(
    images, images / 2, np.ones((3, 5)), width=width
  )
  ax, inches = figure.axes[0], figure.get_size_inches()
  assert captions(ax, "center") == ["image", "decoded"] * (3 // columns)
  assert captions(ax, "bottom") == [
    f"{name}: 1.0 nats" for name in ("best", "median", "worst")
  ]
  corners = []
  for image in ax.images:
    left, right, bottom, top = image.get_extent()
    high, wide = image.get_array().shape[:2]  # pixels are squares, in sight
    np.testing.assert_allclose((right - left) / wide, (top - bottom) / high)
    assert 0.5 < left < right < inches[0]
    assert 0 < bottom < top < inches[1]
    corners.append((left, round(top, 6)))
  assert len({left for left, _ in corners}) == columns
  assert len(set(corners)) == 3


def test_images_of_a_walk_are_whole():
  angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
  path = 2.5 * np.stack([np.cos(angle), np.sin(angle)], -1)
  ax = figures.walk(RNG.random((16, 8, 8, 3)), path, CODES[:, :2]).axes[0]
  extents = np.array([image.get_extent() for image in ax.images])
  middles = extents.reshape(16, 2, 2).mean(2)
  np.testing.assert_allclose(middles, path, atol=1e-12)
  assert np.abs(extents).max() < ax.get_xlim()[1] == ax.get_ylim()[1]


@pytest.mark.parametrize(("width", "columns"), [(7.2, 16), (3.6, 8)])
def test_samples_have_a_width_that_is_seen(width, columns):
  images = RNG.random((48, 16, 16, 1))
  table = figures.samples(images, width=width).axes[0].images[0].get_array()
  assert table.shape == (48 // columns * 17 - 1, columns * 17 - 1, 4)
  last = figures.to_uint8(images[-1, ..., 0])
  np.testing.assert_array_equal(table[-16:, -16:, 0], last)


def test_few_values_of_a_factor_have_a_colour_each():
  def bar_of(values):
    figure = figures.posterior_cloud(CODES[:, :2], values, label="a")
    points, bar = figure.axes[0].collections[0], figure.axes[1]
    figure.draw_without_rendering()
    return points, bar.get_ylim(), bar.get_yticks()

  points, limits, ticks = bar_of(FACTORS[:, 0])  # 0, 1, 2
  assert limits == (-0.5, 2.5)
  assert {0, 1, 2} <= set(ticks) <= set(range(-1, 5))
  found = points.to_rgba(np.array([0, 1, 2]))
  np.testing.assert_allclose(found[[0, 2]], SHADES([0.0, 1.0]))
  assert bar_of(FACTORS[:, 0] / 2)[1] == (0, 1)
  assert bar_of(0 * FACTORS[:, 0])[1] == (-0.5, 0.5)  # one value


def test_seeds_are_told_apart():
  seeds = [0, 1, 0, 1]
  options = {"strengths": [1, 1, 4, 4], "label": "beta", "seeds": seeds}
  figure = figures.loss_terms(STEPS, {"kl": RNG.random((4, 5))}, **options)
  dashes = [line.get_linestyle() for line in figure.axes[0].get_lines()]
  assert dashes == ["-", "--", "-", "--"]
  points = [
    figures.rate_distortion([1, 2, 3, 4], [4, 3, 2, 1], **options),
    figures.score_against(scores={"mig": [0.1, 0.2, 0.3, 0.4]}, **options),
  ]
  for drawn in (figure, *points):
    legend = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert legend[-2:] == ["seed 0", "seed 1"]
  for drawn in points:
    first, second = drawn.axes[0].collections[:2]
    assert len(first.get_offsets()) == len(second.get_offsets()) == 2
    assert len(first.get_paths()[0].vertices) != len(
      second.get_paths()[0].vertices
    )


@pytest.mark.parametrize("seeds", [None, [0] * 10, range(10)])
def test_one_seed_or_very_many_look_alike(seeds):
  figure = figures.loss_terms(
    STEPS, {"kl": RNG.random((10, 5))},
    strengths=np.arange(1.0, 11), label="beta", seeds=seeds,
  )  # fmt: skip
  assert not figure.legends
  assert {line.get_linestyle() for line in figure.axes[0].get_lines()} == {"-"}


def test_terms_in_nats_say_so():
  terms = {"kl": RNG.random((3, 5)), "critic_accuracy": RNG.random((3, 5))}
  figure = figures.loss_terms(STEPS, terms, strengths=BETAS, label="beta")
  assert [ax.get_ylabel() for ax in figure.axes[:2]] == ["nats", ""]


def test_usage_is_the_kl_or_else_the_spread():
  use = figures.usage([0.02, 0.01, np.nan], [9, 9, 9])
  assert (use.name, use.active().tolist()) == ("KL", [True, False, False])
  assert [use.text(d) for d in (0, 1)] == ["0.02 nats", "inactive"]
  use = figures.usage(None, [0.05, 4.0, 0.04, np.nan])
  assert (use.name, use.order().tolist()) == ("spread", [1, 0, 2, 3])
  assert use.active().tolist() == [True, True, False, False]  # 1% of 4
  assert use.text(1) == "spread 4"


def test_latents_without_a_number_come_last():
  np.testing.assert_array_equal(
    figures.ranked([0.5, np.nan, 2.0, 0.5]), [2, 0, 3, 1]
  )


@pytest.mark.parametrize("width", [7.2, 3.6])
def test_any_names_and_numbers_leave_room_for_what_they_name(width):
  names = ["w" * 5000, "a", "b"]
  factors = np.stack([np.arange(60) % (2 + k % 2) for k in range(30)], -1)
  drawn = [
    figures.factor_matrix(RNG.random((3, 3)), names, USE, width=width),
    figures.agreement(np.eye(3), names, width=width),
    figures.unit_selectivity(CODES, factors, 10 * names, USE, width=width),
    figures.traversals(
      FRAMES, figures.usage([1e300, np.nan, 2]), [-1e300, 0, 1, 2, 1e300],
      width=width,
    ),
  ]  # fmt: skip
  for figure in drawn:
    assert figure.get_size_inches()[0] <= width
    for ax in figure.axes:
      x, y, wide, high = ax.get_position().bounds
      assert min(x, y) >= 0
      assert min(wide, high) > 0
      assert max(x + wide, y + high) < 1 + 1e-9


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
  figure = figures.unit_selectivity(
    codes, factors, names, figures.usage([2.0, 1.0])
  )
  first = figure.axes[0].images[0].get_array()  # latent 0 is posX
  np.testing.assert_allclose(first, np.tile(np.arange(4) - 1.5, (5, 1)))
  ax = figure.axes[1]  # of the scale, with the numbers
  numbers = [float(label.get_text()) for label in ax.get_yticklabels()]
  half = len(numbers) // 2  # the second row's
  step = np.polyfit(numbers[half:], ax.get_yticks()[half:], 1)
  curves = ax.collections[1:]
  heights = [curve.get_segments()[1][0, 1] for curve in curves]
  np.testing.assert_allclose(heights, np.polyval(step, [-1.5, -0.5, 0.5]))
  low, high = ax.get_ylim()
  assert low < min(heights) < max(heights) < high / 2  # in the second row


def test_histograms_name_the_area_under_the_roc():
  usual, unusual = RNG.integers(0, 9, 50), RNG.integers(3, 12, 40)  # with ties
  expected = roc_auc_score(
    np.repeat([0, 1], [50, 40]), np.concatenate([usual, unusual])
  )
  ax = figures.anomaly_histograms(
    usual, unusual, label="nats", names=("usual", "unusual")
  ).axes[0]
  assert ax.get_title(loc="right") == f"AUC {expected:.3f}"
  legend = [text.get_text() for text in ax.get_legend().get_texts()]
  assert legend == ["usual", "unusual"]
  heights = np.array([steps.get_data().values for steps in ax.patches[::2]])
  assert heights.shape == (2, 40)
  np.testing.assert_allclose(heights.sum(1), [1, 1])
  assert heights[0, 0] > 0 == heights[1, 0]  # nothing unusual is below 3


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


def test_cloud_without_a_prior_has_no_circles_and_ends_at_its_codes():
  codes = np.array([[5.0, 6.0], [9.0, 7.0]])
  ax = figures.posterior_cloud(codes, [0, 1], label="a", prior=False).axes[0]
  assert not ax.patches
  np.testing.assert_allclose(ax.get_xlim(), [4.8, 9.2])  # 5% of 4 each side


def test_gif_goes_forth_and_back_for_ever(tmp_path):
  run = fake_runs.make_run(tmp_path)
  frames = run.traverse(run.render([0]), 0)[0]
  animation = figures.traversal_animation(
    frames, figures.usage([2, 1, 1.5, 0, 0]), scale=2
  )
  assert len(animation) == 2 * 7 - 2
  assert animation[0].shape == (2 * 16 + 14, 5 * (2 * 16 + 2) - 2, 3)
  np.testing.assert_array_equal(animation[1], animation[-1])
  figures.save_gif(tmp_path / "t.gif", animation, milliseconds=50)
  with Image.open(tmp_path / "t.gif") as image:
    assert (image.n_frames, image.info["loop"]) == (12, 0)
    assert image.info["duration"] == 50
  assert [path.name for path in tmp_path.iterdir()] == ["t.gif"]


def test_history_of_a_cloud_is_its_figures_one_by_one():
  clouds = CODES[:, :2] * np.array([0.5, 1, 2])[:, None, None]
  titles = ["step 1", "step 20", "step 300"]
  drawn = [
    figures.posterior_cloud(
      cloud, FACTORS[:, 0], label="a", title=title, limits=(-4, 4)
    )
    for cloud, title in zip(clouds, titles, strict=True)
  ]
  frames = figures.cloud_history(drawn[-1], clouds, titles, dpi=72)
  assert len(frames) == 3
  for figure, frame in zip(drawn[:2], frames, strict=False):
    with io.BytesIO() as file:
      figure.savefig(file, format="png", dpi=72)
      alone = np.asarray(Image.open(file).convert("RGB"))
    assert frame.shape == alone.shape == (216, 259, 3)
    np.testing.assert_array_equal(frame, alone)


def test_loss_curves_are_the_logged_ones():
  terms = {"loss": RNG.random((3, 5)), "kl": RNG.random((3, 5))}
  figure = figures.loss_terms(STEPS, terms, strengths=BETAS, label="beta")
  for ax, (name, lanes) in zip(figure.axes, terms.items(), strict=False):
    assert ax.get_title(loc="left") == name
    for line, lane in zip(ax.get_lines(), lanes, strict=True):
      np.testing.assert_array_equal(line.get_xdata(), STEPS)
      np.testing.assert_array_equal(line.get_ydata(), lane)
  bar = figure.axes[-1]
  assert bar.get_ylabel() == "beta"
  assert [t.get_text() for t in bar.get_yticklabels()] == ["1", "4", "16"]


def test_a_term_of_checkpoints_alone_is_a_line_between_them():
  term = np.full((2, len(STEPS)), np.nan)
  term[:, [1, -1]] = [[1.0, 2.0], [3.0, 4.0]]
  figure = figures.loss_terms(
    STEPS, {"sample_tc": term}, strengths=BETAS[:2], label="beta"
  )
  for line, values in zip(figure.axes[0].get_lines(), term, strict=True):
    np.testing.assert_array_equal(line.get_xdata(), np.take(STEPS, [1, -1]))
    np.testing.assert_array_equal(line.get_ydata(), values[[1, -1]])


def test_kl_curves_are_coloured_while_active():
  kl = np.array([[[3, 0.5, 0], [2, 4, 0.01], [1, 5, 0.001]]])
  ax = figures.kl_over_training([0, 1, 2], kl, ["one"]).axes[0]
  lines = {line.get_color(): line for line in ax.get_lines()}
  shown = {colour: line.get_ydata() for colour, line in lines.items()}
  np.testing.assert_array_equal(shown[PALETTE[0]], [0.5, 4, 5])  # the largest
  np.testing.assert_array_equal(shown[PALETTE[1]], [3, 2, 1])
  np.testing.assert_array_equal(shown[FAINT], [0, 0.01, 0.001])
  assert [text.get_color() for text in ax.texts] == [
    LETTERS[0][0], LETTERS[1][0],
  ]  # fmt: skip


def test_names_of_lines_that_end_together_stand_apart():
  kl = np.array([[[2, 2, 0.5], [3, 3.01, 0.6]]])
  ax = figures.kl_over_training([0, 1], kl, ["one"], width=3.6).axes[0]
  places = {text.get_text(): text.xy[1] for text in ax.texts}
  assert list(places) == ["z1", "z0", "z2"]  # from the highest
  assert places["z1"] - places["z0"] > 0.2
  np.testing.assert_allclose(places["z1"] + places["z0"], 6.01)
  np.testing.assert_allclose(places["z2"], 0.6)


def test_titles_fit_their_panels():
  kl = np.ones((2, 2, 3))
  titles = ["lane 0: beta 16, seed 0", "lane 1: " + "w" * 90]
  figure = figures.kl_over_training([0, 1], kl, titles, width=3.6)
  first, second = (ax.get_title(loc="left") for ax in figure.axes)
  assert first == titles[0]
  assert [len(line) <= 28 for line in second.split("\n")] == [True, True]
  assert second.endswith("...")


def test_rate_is_across_and_the_line_holds_the_best_elbo():
  rate, distortion = [25.0, 10, 3, np.nan], [18.0, 40, 42, 1]
  ax = figures.rate_distortion(
    rate, distortion, strengths=[1, 4, 8, 16], label="beta"
  ).axes[0]
  assert ax.get_xlabel().startswith("rate: KL")
  assert ax.get_ylabel().startswith("distortion")
  points = ax.collections[0].get_offsets()
  np.testing.assert_array_equal(points[:3], [[25, 18], [10, 40], [3, 42]])
  (line,) = ax.get_lines()
  total = np.add(line.get_xdata(), line.get_ydata())
  np.testing.assert_allclose(total, 43, rtol=1e-12)  # 25 + 18, the least
  (legend,) = ax.get_figure().legends
  assert [text.get_text() for text in legend.get_texts()] == ["-ELBO 43.0"]


def test_error_bars_are_standard_errors_of_settings():
  strengths = [1, 1, 1, 4, 4, 16, 1]
  scores = [0.1, 0.2, 0.6, 0.3, np.nan, 0.5, np.nan]
  ax = figures.score_against(strengths, {"mig": scores}, label="beta").axes[0]
  np.testing.assert_allclose(ax.get_lines()[0].get_xdata(), [1, 4, 16])
  np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), [0.3, 0.3, 0.5])
  (bars,) = ax.containers[0].lines[2]
  # One lane, or one that didn't diverge, has no error: only strength 1 does.
  (bar,) = bars.get_segments()
  error = sem([0.1, 0.2, 0.6])
  np.testing.assert_allclose(bar, [[1, 0.3 - error], [1, 0.3 + error]])


def test_settings_that_differ_are_not_averaged():
  scores = [0.1, 0.5, 0.2, 0.6]
  figure = figures.score_against(
    [1, 1, 4, 4], {"mig": scores}, label="beta", groups=["g 1", "g 2"] * 2
  )
  lines = figure.axes[0].get_lines()
  found = {line.get_label(): line.get_ydata().tolist() for line in lines}
  assert found == {"g 1": [0.1, 0.2], "g 2": [0.5, 0.6]}
  assert not figure.axes[0].containers  # no error bars
  legend = [text.get_text() for text in figure.legends[0].get_texts()]
  assert legend == ["g 1", "g 2"]


def test_joint_values_are_the_ticks():
  ticks = {0.0: "1, 4", 1.0: "2, 8"}
  figure = figures.score_against(
    [0, 1], {"mig": [0.1, 0.2]}, label="alpha, beta", ticks=ticks
  )
  labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
  assert labels == ["1, 4", "2, 8"]
  figure = figures.rate_distortion(
    [1, 2], [2, 1], strengths=[0, 1], label="alpha, beta", ticks=ticks
  )
  bar = figure.axes[-1]
  labels = [text.get_text() for text in bar.get_yticklabels()]
  assert (bar.get_ylabel(), labels) == ("alpha, beta", ["1, 4", "2, 8"])


def test_violins_are_drawn_of_ten_points_and_points_always():
  many = RNG.random(10)
  ax = figures.score_violins(
    {"a": many, "b": many[:9], "c": [0.5, np.nan]}, ylabel="mig"
  ).axes[0]
  violins = [c for c in ax.collections if isinstance(c, PolyCollection)]
  assert len(violins) == 1
  points = [c for c in ax.collections if isinstance(c, PathCollection)]
  assert [len(c.get_offsets()) for c in points] == [10, 9, 1]
  np.testing.assert_array_equal(points[1].get_offsets()[:, 1], many[:9])


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
  for background in PAGES:
    assert _contrast(CAPTION, background) > 4


PAGES = ("#ffffff", "#14171a")  # light, dark


@pytest.mark.parametrize("page", PAGES)
def test_lines_and_points_are_seen_on_every_page(page):
  for colour in (*SHADES(np.linspace(0, 1, 50)), *PALETTE[:6], FAINT):
    assert _contrast(colour, page) > 3


def test_letters_are_read_on_every_page():
  for pair in (*LETTERS[:6], *THEMED.values()):
    for colour, page in zip(pair, PAGES, strict=True):
      assert _contrast(colour, page) > 4.5


def test_a_number_is_read_in_its_cell_whatever_its_colour():
  values = np.linspace(-1, 1, 49).reshape(7, 7)
  shares = figures.usage(np.arange(7.0, 0, -1))
  for figure in (
    figures.agreement(values, list("abcdefg")),
    figures.factor_matrix((1 + values) / 2, list("abcdefg"), shares),
  ):
    ax = figure.axes[0]
    cells = ax.images[0].to_rgba(ax.images[0].get_array())
    assert len(ax.texts) == 49
    for text, cell in zip(ax.texts, cells.reshape(49, 4), strict=True):
      assert _contrast(text.get_color(), cell) > 4.5


@pytest.mark.parametrize(
  ("number", "width", "texts"),
  [
    (4, 7.2, ["1", "-1", ".53", ".00"]),
    (13, 7.2, ["1", "-1", ".53", ".00"]),
    (13, 3.6, ["1", "-1", ".5", ".0"]),
    (40, 3.6, []),
  ],
)
def test_agreement_is_written_where_there_is_room(number, width, texts):
  values = np.ones((number, number))
  values[0, 1:4] = [-0.996, 0.534, -0.001]
  names = ["total_correlation"] * number
  ax = figures.agreement(values, names, width=width).axes[0]
  assert [text.get_text() for text in ax.texts][:4] == texts


def _linear(srgb):
  return np.where(
    srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
  )


def _contrast(one, other):
  """Of WCAG 2.2, from 1 to 21."""
  dark, light = sorted(_luminance(colour) + 0.05 for colour in (one, other))
  return light / dark


def _luminance(colour):
  return float(_linear(np.array(to_rgb(colour))) @ [0.2126, 0.7152, 0.0722])


def test_what_has_no_colours_to_show_is_shown_in_part():
  images = np.arange(5 * 4 * 6 * 5, dtype=np.uint8).reshape(5, 4, 6, 5)
  np.testing.assert_array_equal(figures.shown(images), images[..., :3])
  two = images[..., :2]
  np.testing.assert_array_equal(figures.shown(two), images[..., :1])
  vector = images[:, :1, :, :1]
  found = figures.shown(vector)  # 6 numbers long, 2 high
  np.testing.assert_array_equal(found, np.concatenate([vector] * 2, axis=1))
  np.testing.assert_array_equal(figures.shown(found), found)
