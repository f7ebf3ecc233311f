"""The page of a study, from `sections`.

`study.html` is one self-contained file; beside it are the figures as SVG, every
lane and every table as CSV, and the table of settings as LaTeX and Markdown.
"""

import io
from importlib.resources import files
from pathlib import Path

import jinja2
from matplotlib import rc_context
from matplotlib.figure import Figure

from dvae_jax.report.charts import inline
from dvae_jax.report.formats import (
  Rows,
  to_csv,
  to_latex,
  to_markdown,
  to_parquet,
)
from dvae_jax.rundir import clear_away, write_atomic
from dvae_jax.studies import findings
from dvae_jax.studies.results import Results
from dvae_jax.studies.sections import sections


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
  shown = []
  for part in parts:
    svg = ""
    if part.figure:
      write_atomic(folder / f"{part.name}.svg", _svg(part.figure))
      svg = inline(part.figure, name=part.name, label=part.title)
    if part.rows:
      write_atomic(folder / f"{part.name}.csv", to_csv(part.rows))
    shown.append({**part._asdict(), "svg": svg})
  rows = parts[0].rows or []
  write_atomic(folder / "settings.tex", to_latex(rows))
  texts = [(part.title, part.text, part.rows) for part in parts]
  write_atomic(folder / "study.md", to_markdown(texts))
  write_atomic(folder / "lanes.csv", to_csv(_lanes(results)))
  if parquet := to_parquet(_lanes(results)):
    write_atomic(folder / "lanes.parquet", parquet)
  source = files("dvae_jax.studies").joinpath("study.html.jinja")
  template = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined
  ).from_string(source.read_text("utf-8"))
  diverged = sum(lane["diverged_at"] >= 0 for lane in results.lanes)
  html = template.render(
    sections=shown, about=results.about, lanes=results.lanes, diverged=diverged
  )
  write_atomic(folder / "study.html", html)
  return folder / "study.html"


def _svg(figure: Figure) -> str:
  # The same figure is the same file.
  with io.StringIO() as file, rc_context({"svg.hashsalt": "study"}):
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _lanes(results: Results) -> Rows:
  """Every lane and number, one row a lane."""
  about = ["run", "setting", "seed", "diverged_at"]
  names = dict.fromkeys(
    name
    for lane in results.lanes
    for name, value in lane["metrics"].items()
    if not isinstance(value, list)
  )
  rows: Rows = [[*about, *names]]
  for lane in results.lanes:
    numbers = [lane["metrics"].get(name) for name in names]
    cells = ["" if n is None else repr(n) for n in numbers]
    rows.append([*(str(lane[name]) for name in about), *cells])
  return rows
