"""The report: from a run's files, from few of them, and never unsafe."""

import html.parser
import json
import re

import numpy as np
import pytest
from helpers import fake_runs
from PIL import Image
from sklearn.metrics import mutual_info_score

from dvae_jax.report import gallery, pictures, records
from dvae_jax.report import page as report


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  run = fake_runs.make_run(tmp_path_factory.mktemp("runs") / "spots", lanes=3)
  fake_runs.write_run(run, diverged=(2,))
  pictures.write(run)
  report.write(run.workdir)
  return run.workdir


class Page(html.parser.HTMLParser):
  """Collects tags, ids and the text of a page."""

  def __init__(self, path):
    super().__init__()
    self.tags, self.text, self.skipped = [], "", False
    self.feed(path.read_text())

  def handle_starttag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))
    self.skipped = tag in ("script", "style")

  def handle_data(self, data):
    self.text += "" if self.skipped else data

  def every(self, tag):
    return [attrs for name, attrs in self.tags if name == tag]


def test_report_needs_no_network_and_describes_every_image(folder):
  page = Page(folder / "report.html")
  for image in page.every("img"):
    assert image["src"].startswith("data:image/")
    assert len(image["alt"]) > 20
  for link in page.every("a"):
    assert link["href"].startswith("#")
  ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
  assert len(ids) == len(set(ids))
  assert {link["href"][1:] for link in page.every("a")} <= set(ids)
  assert "python -m dvae_jax.main --config=experiments/spots.py" in page.text
  assert "0.10.2" in page.text
  assert (folder / "report.html").stat().st_size < 15e6


def test_every_figure_is_a_file_too(folder):
  page = Page(folder / "report.html")
  names = {path.name for path in (folder / "figures").iterdir()}
  assert {"loss_terms.png", "lane0_traversals0.png", "scores.png"} <= names
  assert {"lane1_traversals.gif", "rate_distortion.png"} <= names
  assert len(names) == len(page.every("img"))
  for name in names:
    with Image.open(folder / "figures" / name) as image:
      image.verify()


def test_best_lane_is_open_and_a_diverged_one_comes_last(folder):
  record = records.read(folder)
  assert report.best_lanes(record) == [0, 1, 2]
  text = Page(folder / "report.html").text
  assert "diverged at step 600" in text
  assert "lane 0: beta 1" in text


def test_sheet_holds_the_grid_row_by_row(folder):
  record = records.read(folder)
  explorer = report._explorer(record, [0, 1])
  lane = explorer["lanes"][1]
  assert lane["latents"][:3] == [0, 2, 1]
  assert lane["active"] == [True, True, True, False]
  assert lane["columns"] * lane["rows"] >= len(explorer["values"]) ** 4
  assert explorer["lanes"][0]["best"]


def test_pictures_decode_what_they_say(folder):
  run = fake_runs.make_run(folder, lanes=3)
  with np.load(folder / "pictures.npz") as shown:
    z = run.encode(run.render(shown["indices"][:1]), 1)[0][0]
    latents, values = shown["grid_latents"][1], shown["grid_values"]
    # Row-major, the last latent fastest: position 1 * 5^3 + 3 * 5 + 4.
    assert len(values) == 5
    z[latents] = values[[1, 0, 3, 4]]
    expected = np.rint(255 * run.decode(z[None], 1)[0])
    np.testing.assert_array_equal(shown["grids"][1, 125 + 15 + 4], expected)
    errors = shown["errors"][1]
    assert errors[0].max() <= errors[1].min() <= errors[2].max()
    z = run.encode(run.render(shown["indices"][:1]), 1)[0][0]
    z[2] = shown["values"][7]
    expected = np.rint(255 * run.decode(z[None], 1)[0])
    np.testing.assert_array_equal(shown["traversals"][1, 0, 2, 7], expected)
    ends = run.encode(run.render(shown["indices"][2:4]), 0)[0]
    expected = np.rint(255 * run.decode(ends, 0))
    np.testing.assert_array_equal(
      shown["interpolations"][0, 1, [0, -1]], expected
    )


@pytest.mark.parametrize("lanes", [1, 36])
def test_grid_of_the_explorer_fits_its_budget(tmp_path, lanes):
  run = fake_runs.make_run(tmp_path, lanes=lanes)
  latents, values = pictures._grid_shape(run)
  assert lanes * values**latents <= pictures.GRID_IMAGES
  assert values % 2 == 1  # zero is on it


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_image_errors_are_the_likelihoods(likelihood):
  from scipy.stats import bernoulli, norm

  rng = np.random.default_rng(0)
  p = rng.uniform(0.01, 0.99, (3, 4, 4, 1))
  if likelihood == "bernoulli":
    x = rng.integers(0, 2, p.shape)
    expected = -bernoulli.logpmf(x, p).sum((1, 2, 3))
  else:
    x = rng.random(p.shape)
    constant = 16 * 0.5 * np.log(np.pi)
    expected = -norm.logpdf(x, p, np.sqrt(0.5)).sum((1, 2, 3)) - constant
  found = pictures.image_errors(x, p, likelihood)
  np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_one_colour_image_run_without_factors_and_codes(tmp_path):
  run = fake_runs.make_run(tmp_path / "one", lanes=1, channels=3)
  dataset = run.dataset._replace(factor_sizes=(), factor_names=())
  run = run._replace(dataset=dataset)
  fake_runs.write_run(run, codes=False, factors=False)
  pictures.write(run)
  text = Page(report.write(run.workdir)).text
  assert "Lane by lane" in text
  assert "Unit selectivity" not in text
  assert "Rate and distortion" not in text


def test_config_alone_makes_a_report(tmp_path):
  run = fake_runs.make_run(tmp_path / "new", lanes=2)
  fake_runs.write_run(run)
  for name in ("metrics.jsonl", "results.jsonl", "codes.npz", "timings.jsonl"):
    (run.workdir / name).unlink()
  text = Page(report.write(run.workdir)).text
  assert "Run it again" in text
  assert "Explore" not in text


def test_curves_come_before_the_results(tmp_path):
  run = fake_runs.make_run(tmp_path / "running", lanes=2)
  fake_runs.write_run(run)
  (run.workdir / "results.jsonl").unlink()
  with open(run.workdir / "metrics.jsonl", "a") as file:
    file.write('{"step": 1100, "la')  # the line that is being written
  text = Page(report.write(run.workdir)).text
  assert "Loss terms" in text


def test_many_lanes_are_pictured_in_part(tmp_path):
  run = fake_runs.make_run(tmp_path / "many", lanes=14)
  fake_runs.write_run(run, codes=False)
  page = Page(report.write(run.workdir))
  assert len(page.every("tr")) == 1 + 14 + 2  # head, lanes, versions
  record = records.read(run.workdir)
  assert len(report.best_lanes(record)[: report.LANES_SHOWN]) == 12


MARKUP = "\"'></script><script>alert(1)</script><img src=x onerror=alert(2)>"


def test_names_and_values_cannot_inject_markup(tmp_path):
  name = MARKUP.replace("/", "")
  run = fake_runs.make_run(tmp_path / name, lanes=2)
  run.config["network"] = MARKUP
  for lane in run.lanes:
    lane["hparams"][MARKUP] = float(lane["lane"])
  fake_runs.write_run(run)
  about = json.loads((run.workdir / "config.json").read_text())
  about["command"] = about["versions"][MARKUP] = MARKUP
  about["data"]["source"] = MARKUP
  (run.workdir / "config.json").write_text(json.dumps(about))
  pictures.write(run)
  path = report.write(run.workdir)
  page = Page(path)
  assert [a.get("id") for a in page.every("script")] == ["grids", None]
  assert not [attrs for _, attrs in page.tags if "onerror" in attrs]
  assert MARKUP in page.text
  grids = re.search(r'id="grids">(.*?)</script>', path.read_text(), re.DOTALL)
  assert MARKUP in json.loads(grids[1])["lanes"][1]["title"]


def test_failing_report_leaves_the_old_one(folder, monkeypatch):
  before = (folder / "report.html").read_bytes()
  monkeypatch.setattr(report.gallery, "draw", lambda *_: iter(()))
  monkeypatch.setattr(report, "_sections", lambda *_: 1 / 0)
  with pytest.raises(ZeroDivisionError):
    report.write(folder)
  assert (folder / "report.html").read_bytes() == before
  assert not [p for p in folder.rglob("*") if ".partial" in p.name]


def save_clouds(run, steps, *, scale=1):
  """Means that spread out over training; lane 1's are broken at the end."""
  about = json.loads((run.workdir / "config.json").read_text())
  sizes = dict(zip(fake_runs.NAMES, fake_runs.SIZES, strict=True))
  about["data"]["factors"] = sizes
  (run.workdir / "config.json").write_text(json.dumps(about))
  clouds, indices = run.workdir / "clouds", np.arange(0, 108, 2)
  clouds.mkdir()
  np.save(clouds / "indices.npy", indices)
  lanes = [run.encode(run.render(indices), lane)[0] for lane in (0, 1)]
  for step in steps:
    means = scale * np.stack(lanes).astype(np.float16) * step / steps[-1]
    if step == steps[-1]:
      means[1] = np.nan
    np.save(clouds / f"{step}.npy", means)


def test_clouds_move_over_training(tmp_path):
  run = fake_runs.make_run(tmp_path / "clouds", lanes=2)
  fake_runs.write_run(run)
  save_clouds(run, range(100, 3100, 100))
  pictures.write(run)
  page = Page(report.write(run.workdir))
  shown = [i for i in page.every("img") if "one frame a checkpoint" in i["alt"]]
  assert len(shown) == 1  # the other lane's means aren't finite
  assert shown[0]["alt"].endswith("lane 0: beta 1.")
  path = run.workdir / "figures" / "lane0_cloud_over_training.gif"
  with Image.open(path) as image:
    assert (image.n_frames, image.size) == (12, (403, 336))
  assert path.stat().st_size < 300_000


def test_clouds_share_axes_and_the_colours_of_the_still_one(tmp_path):
  run = fake_runs.make_run(tmp_path / "clouds", lanes=2)
  fake_runs.write_run(run)
  save_clouds(run, range(100, 3100, 100), scale=3)
  pictures.write(run)
  record = records.read(run.workdir)
  steps = record.clouds.steps
  assert (len(steps), steps[0], steps[-1]) == (12, 100, 3000)
  drawn = gallery.cloud_over_training(record, 0)
  assert [f.axes[0].get_title(loc="left") for f in drawn] == [
    f"step {step}" for step in steps
  ]
  assert len({figure.axes[0].get_xlim() for figure in drawn}) == 1
  axes, bar = drawn[-1].axes
  points = axes.collections[0]
  # Horizontal position is index // 6 % 6, and lane 0's first latent follows it.
  assert (axes.get_xlabel(), bar.get_ylabel()) == ("z0", "posX")
  np.testing.assert_array_equal(
    points.get_array(), np.arange(0, 108, 2) // 6 % 6
  )
  means = run.encode(run.render(np.arange(0, 108, 2)), 0)[0]
  np.testing.assert_allclose(
    points.get_offsets(), 3 * means[:, [0, 2]], rtol=1e-3, atol=1e-5
  )


def test_clouds_of_one_step_are_not_animated(tmp_path):
  run = fake_runs.make_run(tmp_path / "clouds", lanes=2)
  fake_runs.write_run(run)
  save_clouds(run, [100])
  pictures.write(run)
  assert "over training" not in Page(report.write(run.workdir)).text
  assert not list((run.workdir / "figures").glob("*_cloud_over_training.gif"))


def test_folder_without_a_run_is_named(tmp_path):
  with pytest.raises(ValueError, match=r"--workdir: .* holds no run"):
    report.write(tmp_path)


def test_normalised_mi_is_the_share_of_the_factors_entropy():
  rng = np.random.default_rng(0)
  factors = rng.integers(0, 4, (500, 2))
  codes = np.stack([factors[:, 0], rng.integers(0, 3, 500)], -1).astype(float)
  found = gallery.normalised_mi(codes, factors)
  for k in range(2):
    entropy = mutual_info_score(factors[:, k], factors[:, k])
    for d in range(2):
      mi = mutual_info_score(codes[:, d].astype(int), factors[:, k])
      np.testing.assert_allclose(found[k, d], mi / entropy, rtol=1e-9)
