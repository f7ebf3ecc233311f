"""Charts as SVG inside a page: they take its colours and its font."""

import base64
import io
import re
from copy import deepcopy
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import numpy as np
from matplotlib import rc_context
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from PIL import Image

from dvae_jax.report.figures.style import INK, THEMED

VERTICES = 20_000  # of lines; a figure with more has them as a picture
POINTS = 200  # of a cloud; one with more is a picture
NO_LAYOUT: dict[Any, bool] = {
  "figure.autolayout": False,
  "figure.constrained_layout.use": False,
}
TEXT_COLOURS = re.compile(f"{INK}|#000000")
LETTERS = re.compile("|".join(THEMED), re.IGNORECASE)
PNG = "data:image/png;base64,"
# Bytes a pixel of a PNG, below which it is a drawing that must stay exact, and
# bytes of one that is small anyway.
DRAWING, SMALL = 0.5, 2000
FONT = re.compile(r"font-family: [^;]*;?")
REFERENCE = re.compile(r"(?:^|url\()#([\w-]+)")
DIGITS = re.compile(r"(\.\d\d)\d+")
# What XML can't say, but a name that somebody gave can.
UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def lay_out(figure: Figure) -> None:
  """Lets a figure lay itself out now, once, rather than whenever it's drawn."""
  engine = figure.get_layout_engine()
  if engine is None:
    return
  engine.execute(figure)
  figure.set_layout_engine("none")
  # What takes its place makes `savefig` draw twice.
  with rc_context(NO_LAYOUT):
    figure.set_layout_engine(None)


def inline(figure: Figure, *, name: str, label: str) -> str:
  """A figure as an `<svg>` element of an HTML page, in the page's theme.

  Its ground is transparent; INK and black become the page's colour of text,
  THEMED ones what reads in its theme, and texts have its font. Markup in the
  figure's texts stays text.

  Args:
    figure: what is drawn; many lines or points become one picture inside it.
    name: of letters, digits, - and _, unique on the page: ids begin with it.
    label: what a person who doesn't see it is told.
  """
  return ElementTree.tostring(_element(figure, name, label), encoding="unicode")


def inline_twice(
  wide: Figure, narrow: Figure | None, *, name: str, label: str
) -> tuple[str, str]:
  """A figure for wide and for narrow pages; as `inline`.

  Images that both have are in the page once: both `<use>` them.

  Args:
    wide: what is drawn.
    narrow: the same for a narrow page; None where it is no other.
    name: as in `inline`.
    label: and so on.
  """
  first, other = _element(wide, name, label), f"{name}-narrow"
  pair = first, _element(narrow, other, label) if narrow else deepcopy(first)
  if not narrow:
    _name(pair[1], other)
  found: dict[str | None, ElementTree.Element] = {}
  for svg in pair:
    for image in list(svg.iter("image")):
      kept = image.get("href")
      if kept not in found:
        found[kept] = ElementTree.Element("image", image.attrib)
        found[kept].set("id", f"{name}-image-{len(found)}")
        for key in ("transform", "x", "y"):
          found[kept].attrib.pop(key, None)
      own = {k: v for k, v in image.items() if k in ("transform", "x", "y")}
      image.tag, image.attrib = "use", own
      image.set("href", f"#{found[kept].get('id')}")
  ElementTree.SubElement(pair[0], "defs").extend(found.values())
  texts = [ElementTree.tostring(svg, encoding="unicode") for svg in pair]
  return texts[0], texts[1]


def _element(figure: Figure, name: str, label: str) -> ElementTree.Element:
  """What `inline` writes."""
  _rasterise(figure)
  lay_out(figure)
  with (
    io.StringIO() as file,
    rc_context({"svg.fonttype": "none", "svg.hashsalt": name}),
  ):
    figure.savefig(
      file, format="svg", transparent=True, metadata={"Date": None}
    )
    svg = ElementTree.fromstring(UNSAYABLE.sub("", file.getvalue()))
  for element in svg.iter():
    _plain(element)
  svg[:] = [child for child in svg if child.tag != "metadata"]
  for defs in svg.findall("defs"):  # Matplotlib's style would be the page's
    defs[:] = [child for child in defs if child.tag != "style"]
  _name(svg, name)
  _flatten(svg)
  width, height = figure.get_size_inches()
  svg.attrib = {
    "viewBox": svg.attrib["viewBox"],
    "width": f"{96 * width:.0f}",
    "height": f"{96 * height:.0f}",
    "role": "img",
    "aria-label": label,
    "fill": "currentColor",
    "stroke-linejoin": "round",
  }
  return svg


def _rasterise(figure: Figure) -> None:
  """Marks lines and clouds as pictures if there is too much of them."""
  lines = [line for ax in figure.axes for line in ax.lines]
  long = sum(np.size(line.get_xdata()) for line in lines) > VERTICES
  for line in lines if long else ():
    line.set_rasterized(True)
  for ax in figure.axes:
    for points in ax.collections:
      if isinstance(points, PathCollection):
        number = np.shape(points.get_offsets())[0]
        points.set_rasterized(number > POINTS)


def _plain(element) -> None:
  """Removes namespaces, fonts, spare digits, and colours of the text."""
  element.tag = element.tag.rpartition("}")[2]
  for part in ("text", "tail"):
    if not (getattr(element, part) or "").strip():
      setattr(element, part, None)
  found = {k.rpartition("}")[2]: v for k, v in element.attrib.items()}
  if "style" in found:
    style = TEXT_COLOURS.sub("currentColor", found["style"])
    found["style"] = FONT.sub("", LETTERS.sub(_themed, style))
  if found.get("transform", "").startswith("rotate(-0 "):
    del found["transform"]
  for key in found.keys() & {"d", "x", "y"}:
    found[key] = DIGITS.sub(r"\1", found[key])
  if element.tag == "image":
    found["href"] = _webp(found["href"])
  element.attrib = found


def _themed(match: re.Match) -> str:
  light, dark = THEMED[match[0].lower()]
  return f"light-dark({light}, {dark})"


@lru_cache(maxsize=32)  # a narrow page has the images of a wide one
def _webp(address: str) -> str:
  """A smaller address of a PNG; photographs lose what nobody sees."""
  png = base64.b64decode(address.removeprefix(PNG))
  with Image.open(io.BytesIO(png)) as image, io.BytesIO() as file:
    exact = len(png) < max(SMALL, DRAWING * image.width * image.height)
    image.save(file, format="WEBP", lossless=exact, quality=85, method=2)
    content = base64.b64encode(file.getvalue()).decode()
  return f"data:image/webp;base64,{content}"


def _name(svg, name: str) -> None:
  """Ids that nothing refers to go; the others begin with a name."""
  found: dict[str, int] = {}
  for element in svg.iter():
    for key in element.attrib.keys() & {"href", "clip-path", "style"}:
      if match := REFERENCE.search(element.get(key)):
        number = found.setdefault(match[1], len(found))
        element.set(key, element.get(key).replace(match[1], f"{name}-{number}"))
  for element in svg.iter():
    own = element.attrib.pop("id", "")
    if own in found:
      element.set("id", f"{name}-{found[own]}")


def _flatten(element) -> None:
  """Groups that say nothing give place to what they hold."""
  for child in element:
    _flatten(child)
  element[:] = [
    leaf
    for child in element
    for leaf in (child if child.tag == "g" and not child.attrib else [child])
  ]
