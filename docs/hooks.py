"""What the site has beside the pages' own words.

A link out of docs/ becomes the name of its file, for the site doesn't have it,
the gallery shows the figures that docs/claims.md has at the time, and formulas
are MathML, which browsers draw without a script or a request to others.
"""

import html
import posixpath
import re
from pathlib import Path

from latex2mathml.converter import convert

OUT = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<path>(?:\.\./)+[^)\s]*)\)")
# What pymdownx.arithmatex makes of $...$ and $$...$$.
FORMULA = re.compile(
  r'<(?P<tag>span|div) class="arithmatex">'
  r"\\[(\[](?P<latex>.*?)\\[)\]]</(?P=tag)>",
  re.DOTALL,
)
# A claim: its heading, sentence, verdict and figure.
CLAIM = re.compile(
  r"^## (?P<id>\w+)\n+(?P<claim>.+)\n+\*\*(?P<verdict>[^*]+)\.\*\*"
  r"(?:(?!^## ).*\n)*?!\[[^\]]*\]\((?P<figure>claims/\w+\.svg)\)",
  re.MULTILINE,
)


def on_page_markdown(markdown, *, page, **_):
  """Turns links to files outside docs/ into the files' names."""
  if page.file.src_uri == "gallery.md":
    return gallery((Path(__file__).parent / "claims.md").read_text())
  place = posixpath.dirname(f"docs/{page.file.src_uri}")

  def named(match):
    path = posixpath.normpath(posixpath.join(place, match["path"]))
    return (
      match[0] if path.startswith("docs/") else f"{match['text']} (`{path}`)"
    )

  return OUT.sub(named, markdown)


def on_page_content(content, **_):
  """Turns formulas into MathML."""

  def drawn(match):
    display = "block" if match["tag"] == "div" else "inline"
    return convert(html.unescape(match["latex"]), display=display)

  return FORMULA.sub(drawn, content)


def gallery(claims: str) -> str:
  """The figures of docs/claims.md, each under its claim."""
  parts = ["# Gallery", "The field's claims, as they were tried here."]
  for found in CLAIM.finditer(claims):
    link = f"[what was measured](claims.md#{found['id']})"
    parts += [
      f"## {found['id']}",
      f"{found['claim']}",
      f"**{found['verdict']}**: {link}.",
      f"![{found['id']}]({found['figure']})",
    ]
  return "\n\n".join(parts) + "\n"
