"""Charts inside a page: its theme, its font, ids of their own, no markup."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from dvae_jax.report.charts import inline, inline_twice, lay_out
from dvae_jax.report.figures import agreement, loss_terms, posterior_cloud
from dvae_jax.report.figures.style import (
  CAPTION,
  INK,
  LETTERS,
  panels,
  plain,
)

MARKUP = (
  "\"'></text></svg><script>alert(1)</script>&amp; font-family: x #222222"
)


def figure_of(title, *, points=20):
  figure, (ax, other) = panels(2)
  plain(ax, title=title, xlabel="step")
  ax.plot(np.sin(np.arange(points)), color="black")
  ax.scatter([1, 2], [0.5, 1], color=INK)
  other.imshow([[0, 1], [1, 0]])
  return figure


def parsed(figure, name="a-chart"):
  return ElementTree.fromstring(inline(figure, name=name, label=MARKUP))


@pytest.mark.filterwarnings("ignore:Glyph 7")
def test_text_stays_text_and_is_the_only_fixed_thing():
  svg = parsed(figure_of("\x07" + MARKUP))
  assert svg.attrib["role"] == "img"
  assert svg.attrib["aria-label"] == MARKUP
  assert (svg.attrib["width"], svg.attrib["height"]) == ("691", "192")
  texts = ["".join(text.itertext()) for text in svg.iter("text")]
  assert {MARKUP, "step"} <= set(texts)
  styles = " ".join(element.get("style", "") for element in svg.iter())
  assert "currentColor" in styles
  assert not re.search(f"{INK}|#000000|#ffffff|font-family", styles)
  tags = {element.tag for element in svg.iter()}
  assert not tags & {"style", "metadata", "script"}


def test_ids_are_the_charts_own_and_hold_its_references():
  text = inline(figure_of("one"), name="a-chart", label="one")
  ids = re.findall(r' id="([^"]+)"', text)
  used = re.findall(r'(?:href="|url\()#([^")]+)', text)
  assert len(ids) == len(set(ids)) > 2
  assert set(used) == set(ids)
  assert all(re.fullmatch(r"a-chart-\d+", name) for name in ids)


def test_the_same_figure_is_the_same_text():
  one, two = (inline(figure_of("one"), name="a", label="one") for _ in range(2))
  assert one == two


@pytest.mark.parametrize(("points", "pictures"), [(100, 1), (30_000, 2)])
def test_long_lines_are_a_picture(points, pictures):
  figure = figure_of("one", points=points)
  svg = parsed(figure)
  assert len(list(svg.iter("image"))) == pictures
  assert len(ElementTree.tostring(svg)) < 120_000


def test_large_clouds_are_a_picture():
  codes = np.random.default_rng(0).normal(size=(500, 2))
  svg = parsed(posterior_cloud(codes, codes[:, 0] > 0, label="a", width=3.6))
  assert len(list(svg.iter("image"))) == 2  # the colour bar is one, too
  assert len(ElementTree.tostring(svg)) < 120_000


def matrix(width):
  return agreement([[1, 0.5], [0.5, 1]], ["mig", "sap"], width=width)


def test_an_image_of_two_widths_is_in_the_page_once():
  wide, narrow = (
    ElementTree.fromstring(text)
    for text in inline_twice(matrix(7.2), matrix(3.6), name="a", label="one")
  )
  image, _ = wide.iter("image")  # the other one is the colour bar
  assert not list(narrow.iter("image"))
  assert image.get("href").startswith("data:image/webp;base64,")
  for svg in (wide, narrow):
    (used,) = (
      use for use in svg.iter("use") if use.get("href") == f"#{image.get('id')}"
    )
    assert used.get("transform").startswith("matrix(")
  assert not {"transform", "x", "y"} & set(image.keys())


@pytest.mark.parametrize(
  ("side", "noisy", "exact"),
  [(16, 16, True), (256, 16, True), (256, 256, False)],
)
def test_images_are_webp_without_a_loss_where_they_are_no_photographs(
  side, noisy, exact
):
  pixels = np.full((side, side, 4), 255, np.uint8)
  rng = np.random.default_rng(0)
  pixels[:noisy, :noisy, :3] = rng.integers(0, 256, (noisy, noisy, 3))
  figure, (ax,) = panels(1)
  ax.imshow(pixels, interpolation="none")
  (image,) = parsed(figure).iter("image")
  content = base64.b64decode(image.get("href").partition(",")[2])
  with Image.open(io.BytesIO(content)) as found:
    assert found.format == "WEBP"
    same = np.array_equal(found.convert("RGBA"), pixels)
    assert same == exact


def test_letters_have_a_colour_for_each_theme():
  figure, (ax,) = panels(1)
  light, dark = LETTERS[0]
  ax.text(0.5, 0.5, "z0", color=light)
  ax.text(0.5, 0.1, "caption", color=CAPTION)
  (first, second) = (
    text for text in parsed(figure).iter("text")
    if "".join(text.itertext()) in ("z0", "caption")
  )  # fmt: skip
  assert f"fill: light-dark({light}, {dark})" in first.get("style")
  assert "fill: light-dark(#5c6268, #a3aab1)" in second.get("style")


def test_a_figure_is_laid_out_once():
  figure, alone = figure_of("one"), figure_of("one")
  lay_out(figure)
  assert figure.get_layout_engine() is None
  alone.draw_without_rendering()
  for ax, expected in zip(figure.axes, alone.axes, strict=True):
    np.testing.assert_allclose(
      ax.get_position().bounds, expected.get_position().bounds, rtol=1e-6
    )


@pytest.mark.parametrize(("width", "columns"), [(7.2, 3), (4.2, 2), (3.6, 2)])
def test_panels_stand_where_they_have_room(width, columns):
  terms = {name: np.ones((2, 3)) for name in "abcde"}
  figure = loss_terms(
    np.arange(3), terms, strengths=[1, 1], label="beta", width=width
  )
  assert figure.get_size_inches()[0] == width
  assert figure.axes[0].get_gridspec().ncols == columns
