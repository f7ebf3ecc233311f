"""Writes the tables of results: docs/results.md, and README.md's between marks.

    python -m benchmarks.results

Both follow from results/*/lanes.jsonl: a row a method, at the strength whose
mean MIG over seeds is best, means with 95% intervals.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple

from matplotlib import rc_context

from dvae_jax.report.scores import titled, worth
from dvae_jax.studies import findings, load_study
from dvae_jax.studies.page import sections

ROOT = Path(__file__).parents[1]
PAGE, FIGURES = ROOT / "docs" / "results.md", ROOT / "docs" / "results"
README = ROOT / "README.md"
STUDIES = ("laptop", "modern")
SCORES = ("mig", "sap", "dcimig", "factor_vae", "infomec", "mcc")
IN_README = ("mig", "sap", "factor_vae", "infomec")
MARKS = re.compile(r"(<!-- results -->\n).*(?=<!-- end of results -->)", re.S)
# MIG on the whole of dSprites as Lin et al. 2020 (arXiv:1906.06034, table 1)
# collected or measured it; another network, more steps, other strengths.
PUBLISHED = {
  "beta_vae": 0.21,
  "beta_tcvae": 0.45,
  "factor_vae": 0.43,
}
HEAD = """# Results

Written by `python -m benchmarks.results` from the studies in `results/`, which
hold every model's scores and codes. A method's row is its setting with the best
mean MIG over ten seeds, which favours methods with more settings; intervals are
95% of the mean. [Every claim](claims.md) that was tried has a page of its own.
"""


class Row(NamedTuple):
  """A method at its best setting."""

  run: str
  setting: str
  scores: dict[str, findings.Interval]


def rows(table: findings.Table) -> list[Row]:
  """A row a run, best first."""
  means = {
    name: findings.means(table, name)
    for name in (*SCORES, "reconstruction")
    if name in table.scores
  }
  found = []
  for run in dict.fromkeys(map(str, table.run)):
    own = {k: worth("mig", v.value) for k, v in means["mig"].items()}
    key = max((k for k in own if k[0] == run), key=lambda k: own[k])
    scores = {n: m[key] for n, m in means.items() if key in m}
    found.append(Row(run, key[1], scores))
  return sorted(found, key=lambda row: -row.scores["mig"].value)


def markdown(found: list[Row], names) -> str:
  """The rows as a table."""
  columns = [*names, "reconstruction"]
  head = ["method", "setting", *map(titled, columns), "published MIG"]
  lines = [head, ["---"] * len(head)]
  for row in found:
    cells = [str(row.scores.get(name, "")) for name in columns]
    theirs = PUBLISHED.get(row.run)
    lines.append([
      f"`{row.run}`", row.setting, *cells, f"{theirs:.2f}" if theirs else "",
    ])  # fmt: skip
  return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def tables() -> dict[str, findings.Table]:
  """Every committed study, by name."""
  folders = {name: ROOT / "results" / name for name in STUDIES}
  return {
    name: findings.table_of(load_study(folder).lanes)
    for name, folder in folders.items()
    if (folder / "lanes.jsonl").exists()
  }


def page(found: dict[str, findings.Table]) -> str:
  """docs/results.md."""
  parts = [HEAD]
  for name, table in found.items():
    about = json.loads((ROOT / f"results/{name}/study.json").read_text())
    parts.append(
      f"\n## {name}\n\n{len(table.run)} models, `{about['file']}`"
      f" ([all of it](../results/{name}/report/study.md)).\n\n"
      f"{markdown(rows(table), SCORES)}\n![{name}](results/{name}.svg)\n"
    )
  return "".join(parts)


def readme(found: dict[str, findings.Table]) -> str:
  """README.md with the table between its marks."""
  every = sorted(
    (row for table in found.values() for row in rows(table)),
    key=lambda row: -row.scores["mig"].value,
  )
  text = README.read_text()
  return MARKS.sub(lambda m: m[1] + markdown(every, IN_README), text)


def main() -> None:
  """Writes the page, its figures and README's table."""
  FIGURES.mkdir(parents=True, exist_ok=True)
  found = tables()
  for name, table in found.items():
    figure = next(
      part.figure
      for part in sections(table, "mig")
      if part.name == "distributions"
    )
    assert figure is not None
    with rc_context({"svg.hashsalt": name}):
      figure.savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
  PAGE.write_text(page(found))
  README.write_text(readme(found))
  print(PAGE)


if __name__ == "__main__":
  main()
