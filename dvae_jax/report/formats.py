"""Tables as CSV, LaTeX and Markdown."""

import csv
import io

Rows = list[list[str]]  # the first one is the head


def to_csv(rows: Rows) -> str:
  """Rows as CSV."""
  with io.StringIO() as file:
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def to_latex(rows: Rows) -> str:
  """Rows as a LaTeX table with booktabs' rules."""
  escape = lambda cell: (
    cell.replace("_", r"\_")
    .replace("↑", r"$\uparrow$")
    .replace("↓", r"$\downarrow$")
  )
  lines = [" & ".join(map(escape, row)) + r" \\" for row in rows]
  return "\n".join(
    [
      rf"\begin{{tabular}}{{{'l' * len(rows[0])}}}",
      r"\toprule",
      lines[0],
      r"\midrule",
      *lines[1:],
      r"\bottomrule",
      r"\end{tabular}",
      "",
    ]
  )


def to_text(rows: Rows) -> str:
  """Rows in columns as wide as their widest cell, for a terminal."""
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  lines = []
  for row in rows:
    cells = map(str.ljust, row, widths)
    lines.append("  ".join(cells).rstrip())
  return "\n".join(lines)


def to_markdown(sections: list[tuple[str, str, list[Rows]]]) -> str:
  """Sections as text: title, answer and tables of each."""
  lines = ["# Study", ""]
  for title, text, tables in sections:
    lines += [f"## {title}", "", text, ""]
    for head, *rows in tables:
      table = [head, ["---"] * len(head), *rows]
      lines += [f"| {' | '.join(row)} |" for row in table] + [""]
  return "\n".join(lines)


def to_parquet(rows: Rows) -> bytes:
  """Rows as Parquet, a column of numbers where all its cells are numbers.

  Empty cells are missing values. It takes pyarrow, which TFDS brings; without
  it there are no bytes.
  """
  try:
    import pyarrow
    from pyarrow import parquet
  except ImportError:
    return b""
  head, *body = rows
  cells = dict(zip(head, zip(*body, strict=True), strict=True))
  columns = {name: list(map(_number, column)) for name, column in cells.items()}
  for name, column in columns.items():
    if any(isinstance(value, str) for value in column):
      columns[name] = [cell or None for cell in cells[name]]
  with io.BytesIO() as file:
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def _number(cell: str) -> float | str | None:
  if cell == "":
    return None
  try:
    return float(cell)
  except ValueError:
    return cell
