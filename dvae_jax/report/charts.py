"""Charts as SVG inside a page: they take its colours and its font."""

import io
import re
from xml.etree import ElementTree

import numpy as np
from matplotlib import rc_context
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dvae_jax.report.figures.style import INK

VERTICES = 20_000  # of lines; a figure with more has them as one picture
POINT = 8  # as many bytes as this many vertices take one point of a cloud
TEXT_COLOURS = re.compile(f"{INK}|#000000")
FONT = re.compile(r"font-family: [^;]*;?")
REFERENCE = re.compile(r"(?:^|url\()#([\w-]+)")
DIGITS = re.compile(r"(\.\d\d)\d+")
# What XML can't say, but a name that somebody gave can.
UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def inline(figure: Figure, *, name: str, label: str) -> str:
  """A figure as an `<svg>` element of an HTML page, in the page's theme.

  Its ground is transparent; INK and black become the page's colour of text,
  and texts have its font. Markup in the figure's texts stays text.

  Args:
    figure: what is drawn; many lines or points become one picture inside it.
    name: of letters, digits, - and _, unique on the page: ids begin with it.
    label: what a person who doesn't see it is told.
  """
  _rasterise(figure)
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
  return ElementTree.tostring(svg, encoding="unicode")


def _rasterise(figure: Figure) -> None:
  """Marks lines and clouds as pictures if there is too much of them."""
  lines, clouds = figure.findobj(Line2D), figure.findobj(PathCollection)
  sizes = [np.size(line.get_xdata()) for line in lines]
  sizes += [POINT * np.shape(cloud.get_offsets())[0] for cloud in clouds]
  if sum(sizes) > VERTICES:
    for artist, size in zip((*lines, *clouds), sizes, strict=True):
      artist.set_rasterized(size > 100)  # ticks are lines, too


def _plain(element) -> None:
  """Removes namespaces, fonts, spare digits, and colours of the text."""
  element.tag = element.tag.rpartition("}")[2]
  for part in ("text", "tail"):
    if not (getattr(element, part) or "").strip():
      setattr(element, part, None)
  found = {k.rpartition("}")[2]: v for k, v in element.attrib.items()}
  if "style" in found:
    style = TEXT_COLOURS.sub("currentColor", found["style"])
    found["style"] = FONT.sub("", style)
  if found.get("transform", "").startswith("rotate(-0 "):
    del found["transform"]
  for key in found.keys() & {"d", "x", "y"}:
    found[key] = DIGITS.sub(r"\1", found[key])
  element.attrib = found


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
