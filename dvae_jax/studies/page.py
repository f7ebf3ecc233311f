"""The page of a study, from `questions`.

`study.html` is one self-contained file; beside it are the figures as SVG, every
lane and every figure's numbers as CSV, and the table of settings as LaTeX and
Markdown.
"""

import io
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from dvae_jax.report.charts import inline
from dvae_jax.report.figures.style import NARROW_WIDTH, PAGE_WIDTH
from dvae_jax.report.formats import (
  Rows,
  to_csv,
  to_latex,
  to_markdown,
  to_parquet,
)
from dvae_jax.report.templates import template
from dvae_jax.rundir import clear_away, write_atomic
from dvae_jax.studies import findings
from dvae_jax.studies.questions import sections
from dvae_jax.studies.results import Results
from dvae_jax.studies.sections import (
  Section,
  data_of,
  in_numbers,
  in_words,
)


def write(results: Results, out: str | Path, *, by: str = "mig") -> Path:
  """Writes the page and everything beside it, each file atomically.

  Args:
    results: of the study.
    out: the folder, made where it's missing.
    by: the score that settings and choices are rated by.

  Returns:
    study.html.

  Raises:
    ValueError: no lane has such a score.
  """
  table = findings.table_of(results.lanes)
  parts = sections(table, by)
  folder = Path(out)
  folder.mkdir(parents=True, exist_ok=True)
  clear_away(folder, hours=1)
  shown = [_written(part, folder) for part in parts]
  write_atomic(folder / "settings.tex", to_latex(shown[0]["tables"][0][1]))
  texts = [
    (part["title"], part["text"], [rows for _, rows in part["tables"]])
    for part in shown
  ]
  write_atomic(folder / "study.md", to_markdown(texts))
  write_atomic(folder / "lanes.csv", to_csv(_lanes(results)))
  if parquet := to_parquet(_lanes(results)):
    write_atomic(folder / "lanes.parquet", parquet)
  html = template("dvae_jax.studies", "study.html.jinja").render(
    sections=shown,
    by=by,
    facts=_facts(results, data_of(table)),
    about=results.about,
  )
  write_atomic(folder / "study.html", html)
  return folder / "study.html"


def _written(part: Section, folder: Path) -> dict[str, Any]:
  """Writes a section's figure and tables; returns what the page shows."""
  for name, columns in part.tables.items():
    write_atomic(folder / f"{name}.csv", to_csv(in_numbers(columns)))
  tables = [(name, in_words(columns)) for name, columns in part.tables.items()]
  charts = {}
  if part.draw:
    figure = part.draw(PAGE_WIDTH)
    write_atomic(folder / f"{part.name}.svg", _svg(figure))
    figure.set_layout_engine("none")  # it was laid out for the file
    name = f"{part.name}-narrow"
    charts = {
      "wide": inline(figure, name=part.name, label=part.title),
      "narrow": inline(part.draw(NARROW_WIDTH), name=name, label=part.title),
    }
  return {**part._asdict(), "tables": tables, "charts": charts}


def _facts(results: Results, data: list[str]) -> list[tuple[str, Any]]:
  """What the page says first: how many models, of what."""
  diverged = sum(lane["diverged_at"] >= 0 for lane in results.lanes)
  facts = [
    ("models", f"{len(results.lanes):,}"),
    ("runs", len(results.about["runs"])),
    ("diverged, without scores", diverged),
    ("data", ", ".join(filter(None, data))),
  ]
  return [(term, value) for term, value in facts if value]


def _svg(figure: Figure) -> str:
  # The same figure is the same file.
  with io.StringIO() as file, rc_context({"svg.hashsalt": "study"}):
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _lanes(results: Results) -> Rows:
  """Every lane and number, one row a lane."""
  about = ["run", "setting", "seed", "diverged_at", "method", "network"]
  names = dict.fromkeys(
    name
    for lane in results.lanes
    for name, value in lane["metrics"].items()
    if not isinstance(value, list)
  )
  rows: Rows = [[*about, "data", *names]]
  data = findings.data_names(results.lanes)
  for lane, images in zip(results.lanes, data, strict=True):
    numbers = [lane["metrics"].get(name) for name in names]
    cells = ["" if n is None else repr(n) for n in numbers]
    words = [str(lane.get(name, "")) for name in about]
    rows.append([*words, str(images), *cells])
  return rows
