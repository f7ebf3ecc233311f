"""What the site has beside the pages' own words.

Links out of docs/ lead to the repository, and the gallery shows the figures
that docs/claims.md has at the time.
"""

import posixpath
import re
from pathlib import Path

CODE = "https://github.com/dvae-jax/dvae_jax/blob/main/"
OUT = re.compile(r"(\]\()((?:\.\./)+)([^)\s]*)(\))")
# A claim: its heading, sentence, verdict and figure.
CLAIM = re.compile(
  r"^## (?P<id>\w+)\n+(?P<claim>.+)\n+\*\*(?P<verdict>[^*]+)\.\*\*"
  r"(?:(?!^## ).*\n)*?!\[[^\]]*\]\((?P<figure>claims/\w+\.svg)\)",
  re.MULTILINE,
)


def on_page_markdown(markdown, *, page, **_):
  """Turns links to files outside docs/ into links to the repository."""
  if page.file.src_uri == "gallery.md":
    return gallery((Path(__file__).parent / "claims.md").read_text())
  place = posixpath.dirname(f"docs/{page.file.src_uri}")

  def address(match):
    path = posixpath.normpath(posixpath.join(place, match[2] + match[3]))
    inside = path.startswith("docs/")
    return match[0] if inside else f"{match[1]}{CODE}{path}{match[4]}"

  return OUT.sub(address, markdown)


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
