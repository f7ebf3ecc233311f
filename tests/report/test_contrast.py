"""The report's pictures in a browser: read in both themes and on a phone."""

import io
import re

import numpy as np
import pytest
from helpers import browsers, fake_runs
from PIL import Image

from dvae_jax.report import page as report
from dvae_jax.report import pictures

pytest.importorskip("selenium", reason="Selenium isn't installed")
pytestmark = pytest.mark.skipif(
  not (browsers.CHROMIUM and browsers.DRIVER),
  reason="no chromium or no chromedriver on the PATH",
)
GROUNDS = {"light": (255, 255, 255), "dark": (20, 23, 26)}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs") / "spots"
  run = fake_runs.make_run(folder, lanes=1, seeds=(0, 1))
  fake_runs.write_run(run)
  pictures.write(run)
  path = report.write(run.workdir)
  with browsers.opened(tmp_path_factory.mktemp("chromium")) as driver:
    driver.get(path.as_uri())
    driver.execute_script(
      "document.querySelectorAll('details').forEach(d => d.open = true)"
    )
    yield driver


# Colours of all letters and strokes of the charts of both widths, but for
# letters in a cell, which are black or white whatever the theme.
COLOURS = """
const found = {letters: [], strokes: []};
for (const svg of document.querySelectorAll("figure svg"))
  for (const element of svg.querySelectorAll("text, path, use")) {
    const style = getComputedStyle(element);
    if (element.tagName === "text")
      found.letters.push([style.fill, element.textContent]);
    else if (style.stroke !== "none")
      found.strokes.push([style.stroke, svg.ariaLabel]);
  }
return found;
"""
ON_CELLS = ("rgb(255, 255, 255)", "rgb(1, 1, 1)")


@pytest.mark.parametrize("scheme", GROUNDS)
def test_letters_and_lines_are_seen(browser, scheme):
  browsers.prefer(browser, scheme)
  found = browser.execute_script(COLOURS)
  for kind, least in (("letters", 4.5), ("strokes", 3)):
    named = [pair for pair in found[kind] if pair[0] not in ON_CELLS]
    assert len({colour for colour, _ in named}) > 4
    low = [p for p in named if contrast(p[0], GROUNDS[scheme]) < least]
    assert low == []


def contrast(colour: str, ground) -> float:
  """Of two colours, from 1 to 21 (WCAG 2.2)."""
  own = [float(part) for part in re.findall(r"[\d.]+", colour)[:3]]
  srgb = np.array([own, ground]) / 255
  linear = np.where(
    srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
  )
  dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
  return light / dark


# Of every grid of images that is seen: its captions, their size in CSS pixels,
# how far they reach out of the window, and the width of its first image.
GRIDS = """
return [...document.querySelectorAll("figure svg")].filter(
  svg => svg.checkVisibility() && svg.querySelector("use, image")).map(svg => {
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const texts = [...svg.querySelectorAll("text")];
  return {
    label: svg.ariaLabel,
    texts: texts.map(text => text.textContent),
    sizes: texts.map(t => parseFloat(getComputedStyle(t).fontSize) * scale),
    out: Math.max(...texts.map(
      text => text.getBoundingClientRect().right - innerWidth)),
  };
});
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_captions_of_images_are_read_at_any_width(browser, width):
  with browsers.as_wide(browser, width):
    grids = browser.execute_script(GRIDS)
  captions = {"from", "decoded", "KL, nats", "-2.0", "z0", "z3   0.00"}
  assert captions <= {text for grid in grids for text in grid["texts"]}
  for grid in grids:
    assert min(grid["sizes"], default=8) >= 8, grid["label"]
    assert grid["out"] is None or grid["out"] < 1, grid["label"]


def test_a_phone_shows_the_images_that_the_page_holds_once(browser):
  held = browser.execute_script(
    "return ['wide', 'narrow'].map(kind =>"
    " document.querySelectorAll(`.${kind} image`).length)"
  )
  assert held[0] > 8
  assert held[1] == 0
  browsers.prefer(browser, "dark")
  with browsers.as_wide(browser, 390):
    samples = next(  # they have no captions
      svg for svg in browser.find_elements("css selector", ".narrow svg")
      if svg.get_attribute("aria-label").startswith("Decoded draws")
      and svg.is_displayed()
    )  # fmt: skip
    with Image.open(io.BytesIO(samples.screenshot_as_png)) as shot:
      pixels = np.asarray(shot.convert("L"))
  assert pixels.max() > 200  # the page is dark
