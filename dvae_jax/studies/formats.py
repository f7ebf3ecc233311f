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


def to_markdown(sections: list[tuple[str, str, Rows | None]]) -> str:
  """Sections as text: title, answer and table of each."""
  lines = ["# Study", ""]
  for title, text, rows in sections:
    lines += [f"## {title}", "", text, ""]
    if rows:
      head, *rows = rows
      table = [head, ["---"] * len(head), *rows]
      lines += [f"| {' | '.join(row)} |" for row in table] + [""]
  return "\n".join(lines)
