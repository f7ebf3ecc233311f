"""Charts inside a page: its theme, its font, ids of their own, no markup."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from dvae_jax.report.charts import inline
from dvae_jax.report.figures import loss_terms, posterior_cloud
from dvae_jax.report.figures.style import INK, panels, plain

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
  codes = np.random.default_rng(0).normal(size=(5000, 2))
  svg = parsed(posterior_cloud(codes, codes[:, 0] > 0, label="a", width=3.6))
  assert len(list(svg.iter("image"))) == 2  # the colour bar is one, too
  assert len(ElementTree.tostring(svg)) < 120_000


@pytest.mark.parametrize(("width", "columns"), [(7.2, 3), (4.2, 2), (3.6, 2)])
def test_panels_stand_where_they_have_room(width, columns):
  terms = {name: np.ones((2, 3)) for name in "abcde"}
  figure = loss_terms(
    np.arange(3), terms, strengths=[1, 1], label="beta", width=width
  )
  assert figure.get_size_inches()[0] == width
  assert figure.axes[0].get_gridspec().ncols == columns
