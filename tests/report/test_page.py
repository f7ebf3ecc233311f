"""The report: from a run's files, from few of them, and never unsafe."""

import base64
import html.parser
import io
import json
import os
import re

import numpy as np
import pytest
from helpers import fake_runs
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from dvae_jax import rundir
from dvae_jax.report import page as report
from dvae_jax.report import pictures, records, tables


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


def test_a_report_removes_what_a_killed_one_left(folder):
  left = folder / "figures" / ".scores.png.12.34"
  left.write_text("half")
  os.utime(left, (0, 0))
  report.write(folder)
  assert not left.exists()


def test_every_chart_follows_the_page_and_has_a_narrow_twin(folder):
  text = (folder / "report.html").read_text()
  page = Page(folder / "report.html")
  charts = page.every("svg")
  assert len(charts) > 20
  assert not len(charts) % 2
  for wide, narrow in zip(charts[::2], charts[1::2], strict=True):
    assert wide["role"] == narrow["role"] == "img"
    assert len(wide["aria-label"]) > 20
    assert wide["aria-label"] == narrow["aria-label"]
    assert int(narrow["width"]) <= 346  # of a phone's 390 pixels
  assert {attrs["class"] for attrs in page.every("div") if "class" in attrs} > {
    "wide",
    "narrow",
  }
  drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
  assert not re.search("#222222|#000000", drawn)
  beside = [svg for svg in charts[::2] if "KL over training" in str(svg)]
  assert [svg["width"] for svg in beside] == ["346"]  # beside the loss terms


def test_a_picture_is_laid_out_once_a_width_and_drawn_once_a_file(
  folder, monkeypatch
):
  counts = dict.fromkeys(("draw", "execute"), 0)

  def counted(owner, name):
    function = getattr(owner, name)

    def count(*args, **kwargs):
      counts[name] += 1
      return function(*args, **kwargs)

    monkeypatch.setattr(owner, name, count)

  counted(Figure, "draw")
  counted(ConstrainedLayoutEngine, "execute")
  report.write(folder)
  widths = [int(a["width"]) for a in Page(folder / "report.html").every("svg")]
  wider = sum(w > n for w, n in zip(widths[::2], widths[1::2], strict=True))
  # The file, the page's, and that of a phone where it's another one.
  assert counts["draw"] == len(widths) + wider
  assert counts["execute"] <= 3 * 5  # of the whole run's, at most three widths


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
  assert {"loss_terms.png", "lane0_traversals.png", "scores.png"} <= names
  assert {"lane1_traversals.gif", "rate_distortion.png"} <= names
  charts = len(page.every("svg")) // 2  # each in two widths
  assert len(names) == len(page.every("img")) + charts
  for name in names:
    with Image.open(folder / "figures" / name) as image:
      image.verify()


def test_best_lane_is_open_and_the_headline_is_its_setting(folder):
  page = Page(folder / "report.html")
  assert [attrs for attrs in page.every("details") if "open" in attrs] == [
    page.every("details")[0]
  ]
  assert "diverged at step 600" in page.text
  for fact in ("best mig ↑0.600", "atbeta 1", "overone seed"):
    assert fact in page.text  # a term and its value
  assert "lane 0: beta 1" in page.text
  assert "seeds" not in page.text


def test_settings_have_means_over_seeds_and_columns_fold(tmp_path):
  run = fake_runs.make_run(tmp_path / "seeds", lanes=2, seeds=(0, 1, 2))
  fake_runs.write_run(run)
  record = records.read(run.workdir)
  table = tables.setting_table(record)
  mig = record.scores["mig"].reshape(2, 3)
  place = table["columns"].index("mig ↑")
  for row, own in zip(table["rows"], mig, strict=True):
    error = own.std(ddof=1) / np.sqrt(3)
    cell = row["cells"][place]
    assert row["seeds"] == 3
    assert cell["text"] == f"{own.mean():.3f} ± {error:.3f}"
    assert cell["best"] == (own.mean() == mig.mean(1).max())
  page = Page(report.write(run.workdir))
  boxes = {a["data-group"]: "checked" in a for a in page.every("input")}
  assert boxes == {"scores": True, "loss-terms": False, "details": False}
  heads = [a.get("class", "") for a in page.every("th") if "aria-sort" in a]
  listed = [f"g-{g}" for g, n in tables.grouped(record).items() for _ in n]
  assert [h for h in heads if h] == [g.replace(" ", "-") for g in listed]


def test_explorer_moves_the_used_latents_through_their_values(folder):
  record = records.read(folder)
  shown = record.pictures
  shown["kl"][0] *= 2  # the fake lanes are only turned, and alike in this
  shown["kl"][1, shown["grid_latents"][1, 2]] = 0.0
  explorer = report._explorer(record, [1, 0])
  for lane, found in enumerate(explorer["lanes"]):
    kl = shown["kl"][lane, found["latents"]]
    assert found["latents"][:2] == list(np.argsort(-shown["kl"][lane])[:2])
    assert found["use"][:2] == [f"{nats:.2f} nats" for nats in kl[:2]]
    assert (found["use"][2] == "inactive") == (lane == 1)
    assert found["active"] == [True, True, lane == 0]
    assert found["values"] == [list(np.linspace(-2, 2, 9))] * 3
    assert found["sheet"] == report._sheet(shown["grids"][lane])["sheet"]
    assert found["columns"] * found["rows"] >= 9**3
    assert found["best"] == (lane == 1)


def test_sheet_holds_its_images_row_by_row():
  images = np.zeros((5, 8, 8, 1), np.uint8)
  images[3] = 255
  sheet = report._sheet(images)
  assert (sheet["columns"], sheet["rows"]) == (3, 2)
  content = base64.b64decode(sheet["sheet"].partition(",")[2])
  with Image.open(io.BytesIO(content)) as image:
    pixels = np.asarray(image.convert("L"))
  assert pixels.shape == (16, 24)
  assert pixels[8:, :8].min() > 250
  assert pixels[:8].max() < 5


@pytest.mark.parametrize("kind", ["deterministic", "quantised"])
def test_page_of_a_run_without_a_kl_speaks_of_none(tmp_path, kind):
  run = fake_runs.make_run(tmp_path / "points", lanes=2, kind=kind)
  fake_runs.write_run(run)
  pictures.write(run)
  page = Page(report.write(run.workdir))
  words = page.text + " ".join(image["alt"] for image in page.every("img"))
  words += " ".join(chart["aria-label"] for chart in page.every("svg"))
  for word in ("KL", "ELBO", "prior", "posterior", "nats</"):
    assert not re.search(rf"\b{word}s?\b", words, re.IGNORECASE), word
  assert "Traversals from a code" in words
  assert "largest spread" in words
  names = {path.name for path in (run.workdir / "figures").iterdir()}
  assert "lane0_traversals.png" in names
  for name in names:
    assert not re.search("sample|prior|walk|kl|rate", name)
  grids = re.search(
    r'id="grids">(.*?)</script>',
    (run.workdir / "report.html").read_text(),
    re.DOTALL,
  )
  explorer = json.loads(grids[1])
  assert "KL" not in explorer["note"]
  assert explorer["lanes"][0]["use"][0].startswith("spread ")
  if kind == "quantised":
    values = np.concatenate(explorer["lanes"][0]["values"])
    assert set(values) <= set(fake_runs.LEVELS)


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


def test_curves_come_before_the_results(tmp_path):
  run = fake_runs.make_run(tmp_path / "running", lanes=2)
  fake_runs.write_run(run)
  (run.workdir / "results.jsonl").unlink()
  text = Page(report.write(run.workdir)).text
  assert "Loss terms" in text
  assert "Scores" not in text


def test_clouds_move_over_training(tmp_path):
  run = fake_runs.make_run(tmp_path / "clouds", lanes=2)
  fake_runs.write_run(run)
  fake_runs.save_clouds(run, range(100, 3100, 100))
  pictures.write(run)
  page = Page(report.write(run.workdir))
  shown = [i for i in page.every("img") if "one frame a checkpoint" in i["alt"]]
  assert len(shown) == 1  # the other lane's codes aren't finite
  assert shown[0]["alt"].endswith("lane 0: beta 1.")
  path = run.workdir / "figures" / "lane0_cloud_over_training.gif"
  with Image.open(path) as image:
    assert (image.n_frames, image.size) == (12, (345, 288))
  assert path.stat().st_size < 300_000
  moving = base64.b64decode(shown[0]["src"].partition(",")[2])
  with Image.open(io.BytesIO(moving)) as image:
    assert (image.format, image.n_frames) == ("WEBP", 12)
    assert image.size == (345, 288)
    image.load()
    assert image.info["duration"] == 300
  assert len(moving) < path.stat().st_size


def test_config_alone_makes_a_report(tmp_path):
  run = fake_runs.make_run(tmp_path / "new", lanes=2)
  fake_runs.write_run(run)
  for name in ("metrics.jsonl", "results.jsonl", "codes.npz", "timings.jsonl"):
    (run.workdir / name).unlink()
  text = Page(report.write(run.workdir)).text
  assert "Run it again" in text
  assert "Explore" not in text


def test_best_of_many_lanes_are_pictured(tmp_path, monkeypatch):
  monkeypatch.setattr(report, "LANES_SHOWN", 1)
  run = fake_runs.make_run(tmp_path / "many", lanes=3)
  fake_runs.write_run(run, codes=False, diverged=(0,))
  pictures.write(run)
  page = Page(report.write(run.workdir))
  assert len(page.every("tr")) == 1 + 3 + 2  # head, lanes, versions
  assert "The 1 best by mig of 3 lanes." in page.text
  names = {path.name[:5] for path in (run.workdir / "figures").glob("lane*")}
  assert names == {"lane1"}


MARKUP = "\"'></script><script>alert(1)</script><img src=x onerror=alert(2)>"


def test_names_and_values_cannot_inject_markup(tmp_path):
  name = MARKUP.replace("/", "")
  run = fake_runs.make_run(tmp_path / name, lanes=2)
  run.config["network"] = MARKUP
  for lane in run.lanes:
    lane["hparams"][MARKUP] = float(lane["lane"])
  fake_runs.write_run(run)
  about = rundir.read_config(run.workdir)
  about["command"] = about["versions"][MARKUP] = MARKUP
  about["data"]["source"] = MARKUP
  rundir.write_config(run.workdir, about)
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


def test_folder_without_a_run_is_named(tmp_path):
  with pytest.raises(ValueError, match=r"--workdir: .* holds no run"):
    report.write(tmp_path)


def test_figures_for_papers_are_vectors_beside_a_latex_table(tmp_path):
  run = fake_runs.make_run(tmp_path / "paper", lanes=2, seeds=(0, 1))
  fake_runs.write_run(run, codes=False)
  report.write(run.workdir, formats=("pdf", "svg"))
  folder = run.workdir / "figures"
  stems = {path.stem for path in folder.glob("*.png")}
  for kind, start in (("pdf", b"%PDF"), ("svg", b"<?xml")):
    files = list(folder.glob(f"*.{kind}"))
    assert {path.stem for path in files} == stems
    assert all(path.read_bytes().startswith(start) for path in files)
  table = (folder / "settings.tex").read_text()
  assert r"\toprule" in table
  assert r"$\pm$" in table
  assert "beta 16" in table
  with pytest.raises(ValueError, match=r"'eps' found, of \['pdf', 'svg'\]"):
    report.write(run.workdir, formats=("eps",))
