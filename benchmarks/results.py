"""Writes the tables of results: docs/results.md, and README.md's between marks.

    python -m benchmarks.results

Both follow from results/*/lanes.jsonl and rotated.jsonl: a row a method and
budget of steps, at the strength whose mean MIG over seeds is best, means with
95% intervals, and a conclusion that is computed from the same numbers. README
has each method at its best budget alone.
"""

import json
import re
import runpy
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context

from benchmarks import rotated
from dvae_jax import rundir
from dvae_jax.data.sampling import groups, pairs
from dvae_jax.methods import OBJECTIVES
from dvae_jax.methods.models import keywords
from dvae_jax.methods.objective import reads
from dvae_jax.report.figures.style import PAGE_WIDTH
from dvae_jax.report.scores import titled, worth
from dvae_jax.studies import choosing, findings, load_study, ranks, spreads
from dvae_jax.studies.sections import listed

ROOT = Path(__file__).parents[1]
PAGE, FIGURES = ROOT / "docs" / "results.md", ROOT / "docs" / "results"
README = ROOT / "README.md"
STUDIES = ("laptop", "modern", "budgets", "normed")
BUDGET, NETWORK = 6000, "mlp_tiny"  # of most models
EARLIER = "earlier.jsonl"  # the laptop study's lanes when it was trained first
CRITERIA = ("udr", "model_centrality", "pipe", "tc", "elbo")
SCORES = ("mig", "sap", "dcimig", "factor_vae", "infomec", "mcc")
IN_README = ("mig", "sap", "factor_vae", "infomec")
MARKS = re.compile(r"(<!-- results -->\n).*(?=<!-- end of results -->)", re.S)
CHOICE = re.compile(r"(<!-- choice -->\n).*(?=<!-- end of choice -->)", re.S)
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
EVERY = """
## Every method

Methods that see more than single images say what: pairs that share factors,
groups in which one varies, or the factors themselves. `autoencoder+pca` and
`autoencoder+ica` are the autoencoders of that row, their codes rotated without
labels and without training (`python -m benchmarks.rotated`). Reconstructions
are of Bernoulli pixels; other likelihoods' are left out. The network is
`mlp_tiny` but where another is named: `tripod` suffers from one that normalises
nothing, its tanh saturates, and some lanes decode one image for all.

"""


class Row(NamedTuple):
  """A method at its best setting."""

  run: str
  setting: str
  scores: dict[str, findings.Interval]


class About(NamedTuple):
  """What the lanes of a run share.

  Attributes:
    sees: "images", or what a method is given beside single ones.
    steps: of training.
    method: the objective's name, or that of a baseline.
    network: "" where it is that of most models.
    likelihood: p(x|z), "" where nothing is decoded.
    fixed: the weights that the method takes, where none is swept.
  """

  sees: str
  steps: int
  method: str
  network: str
  likelihood: str
  fixed: str


class Everything(NamedTuple):
  """Lanes of all studies as one table, and what their runs are."""

  table: findings.Table
  about: dict[str, About]


def sees(method: str) -> str:
  """What a method is given: "images", "pairs", "groups and factors"."""
  objective = OBJECTIVES[method]
  given = []
  if objective.companions:
    kinds = {pairs.draw: ["pairs"], groups.draw: ["groups"]}
    given += kinds.get(objective.companions.draw, [])
  if reads(objective, "factors"):
    given.append("factors")
  return " and ".join(given) or "images"


def weights(method: str, hparams: dict) -> str:
  """What a method's penalty or loss is given: "beta 4, gamma 20"."""
  objective = OBJECTIVES[method]
  taken = (*keywords(objective.penalty), *keywords(objective.loss))
  names = [name for name in taken if name in hparams]
  return ", ".join(f"{name} {hparams[name]:g}" for name in names)


def everything(root: Path = ROOT) -> Everything:
  """Every committed study below a folder, and the rotated autoencoder."""
  lanes: list[dict] = []
  about: dict[str, About] = {}
  for name in STUDIES:
    folder = root / "results" / name
    if not (folder / "lanes.jsonl").exists():
      continue
    study = load_study(folder)
    lanes += study.lanes
    for lane in study.lanes:
      method, config = lane["method"], study.about["runs"][lane["run"]]
      about[lane["run"]] = About(
        sees(method),
        lane["step"],
        method,
        config["network"].replace(NETWORK, ""),
        config["likelihood"],
        weights(method, config["hparams"]),
      )
    for lane in rundir.read_jsonl(folder / rotated.FILE):
      lanes.append(lane)
      rotation = lane["run"].partition("+")[2]
      method = f"{lane['method']}+{rotation}"
      about[lane["run"]] = About("images", lane["step"], method, "", "", "")
  return Everything(findings.table_of(lanes), about)


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


def best_budgets(found: list[Row], about: dict[str, About]) -> list[Row]:
  """Of each method and network the first row: it stands at its best budget."""
  first: dict[str, Row] = {}
  for row in found:
    first.setdefault(label(about[row.run]), row)
  return list(first.values())


def label(own: About) -> str:
  """What a row is called: "`tripod` (`mlp_norm`)"."""
  return f"`{own.method}`" + f" (`{own.network}`)" * bool(own.network)


def markdown(found: list[Row], about: dict[str, About], names) -> str:
  """The rows as a table."""
  columns = [*names, "reconstruction"]
  words = ("method", "setting", "steps", "sees")
  head = [*words, *map(titled, columns), "published MIG"]
  lines = [head, ["---"] * len(head)]
  for row in found:
    own = about[row.run]
    scores = dict(row.scores)
    if own.likelihood != "bernoulli":
      scores.pop("reconstruction", None)
    theirs = PUBLISHED.get(own.method)
    lines.append([
      label(own), row.setting or own.fixed, f"{own.steps:,}", own.sees,
      *(str(scores.get(name, "")) for name in columns),
      f"{theirs:.2f}" if theirs else "",
    ])  # fmt: skip
  return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def values_of(every: Everything, row: Row, name: str):
  """A score of a row's lanes, (L,)."""
  table = every.table
  own = (table.run == row.run) & (table.setting == row.setting)
  return table.scores[name][own]


def ahead(every: Everything, a: Row, b: Row, name: str = "mig") -> bool:
  """Whether a's mean is above b's, its interval over seeds excluding 0."""
  gap = findings.over_seeds(
    lambda x, y: float(x.mean() - y.mean()),
    *(values_of(every, row, name) for row in (a, b)),
  )
  return gap.low > 0


def named(every: Everything, found: list[Row]) -> str:
  """Rows in words: "`a`, `b` and `c` (18,000 steps)"."""
  words = []
  for row in found:
    own = every.about[row.run]
    other = "" if own.steps == BUDGET else f" ({own.steps:,} steps)"
    words.append(f"{label(own)}{other}")
  return listed(words)


def conclusion(every: Everything) -> str:
  """What a reader should take away, from the lanes alone."""
  every_row = rows(every.table)
  found = best_budgets(every_row, every.about)
  alone = [row for row in found if every.about[row.run].sees == "images"]
  given = [row for row in found if row not in alone]
  parts = [_first(every, alone), _rotation(every, alone)]
  parts += [_given(every, given, alone[0]), _budgets(every, every_row)]
  parts += [_disagreement(every, alone), _again(), _limits()]
  return " ".join(filter(None, parts)) + "\n"


def _first(every: Everything, alone: list[Row]) -> str:
  best, *others = alone
  level = [row for row in others if not ahead(every, best, row)]
  text = (
    f"Of {len(alone)} rows that see images alone, {named(every, [best])} has"
    f" the highest mean MIG, {best.scores['mig']}"
  )
  seeds = len(values_of(every, best, "mig"))
  if level:
    return f"{text}; {seeds} seeds don't tell it from {named(every, level)}."
  return f"{text}, above every other's at {seeds} seeds."


def _rotation(every: Everything, alone: list[Row]) -> str:
  rotations = [row for row in alone if "+" in row.run]
  if not rotations:
    return ""
  best, plain = rotations[0], rotated.METHOD
  others = [row for row in alone if row not in rotations]
  trained = [row for row in others if every.about[row.run].method != plain]
  worse = [row for row in trained if ahead(every, best, row)]
  better = [row for row in trained if ahead(every, row, best)]
  return (
    f"{named(every, [best])}, a rotation that costs no training, has"
    f" {best.scores['mig']}: of {len(trained)} trained ones {len(worse)} are"
    f" below it and {len(better)} above by more than chance."
  )


def _given(every: Everything, given: list[Row], best: Row) -> str:
  if not given:
    return ""
  above = [row for row in given if ahead(every, row, best)]
  if not above:
    return "None that is given pairs or factors is above them."
  words = [
    f"{named(every, [row])} ({every.about[row.run].sees})"
    f" {row.scores['mig'].value:.2f}"
    for row in above
  ]
  return f"Given more than images, above all of these: {', '.join(words)}."


def _budgets(every: Everything, found: list[Row]) -> str:
  """What other budgets of steps change, of methods that have several."""
  usual = {
    label(every.about[row.run]): row
    for row in reversed(found)  # the best of those with one budget
    if every.about[row.run].steps == BUDGET
  }
  others: dict[int, list[Row]] = {}
  for row in found:
    own = every.about[row.run]
    if own.steps != BUDGET and label(own) in usual:
      others.setdefault(own.steps, []).append(row)
  parts = []
  for steps, group in sorted(others.items()):
    pairs = [(row, usual[label(every.about[row.run])]) for row in group]
    better = [row for row, own in pairs if ahead(every, row, own)]
    worse = [row for row, own in pairs if ahead(every, own, row)]
    names = named(every, better).replace(f" ({steps:,} steps)", "")
    parts.append(
      f"With {steps:,} steps instead of {BUDGET:,} MIG is higher by more than"
      f" chance for {len(better)} of {len(group)} methods"
      f"{f' ({names})' if better else ''} and lower for {len(worse)}."
    )
  return " ".join(parts)


def _disagreement(every: Everything, alone: list[Row]) -> str:
  """Which row each other score has first."""
  firsts: dict[str, list[str]] = {}
  for name in SCORES:
    rated = [row for row in alone if name in row.scores]
    if not rated:
      continue
    top = max(rated, key=lambda row: worth(name, row.scores[name].value))
    firsts.setdefault(named(every, [top]), []).append(f"`{name}`")
  if len(firsts) == 1:
    return "Every score here puts it first."
  words = [f"{', '.join(names)}: {top}" for top, names in firsts.items()]
  return f"Which is first depends on the score ({'; '.join(words)})."


def _again() -> str:
  """What training the laptop study a second time changed in its settings."""
  folder = ROOT / "results" / "laptop"
  both = [
    findings.table_of(rundir.read_jsonl(folder / name))
    for name in ("lanes.jsonl", EARLIER)
  ]
  ours, theirs = (findings.means(table, "mig") for table in both)
  within = sum(ours[key].low <= theirs[key].value <= ours[key].high
               for key in ours)  # fmt: skip
  told = lambda score: _rank_correlation(*both, score)
  return (
    "The laptop study was trained twice, on processors that round differently:"
    f" of {len(ours)} settings' mean MIGs {within} lie within the other"
    " training's interval; the settings' rank correlation between the two is"
    f" {told('mig')} in MIG and {told('reconstruction')} in reconstruction."
  )


def _rank_correlation(a, b, score: str) -> findings.Interval:
  """Spearman's, of the settings' means in two trainings of a study."""

  def means(table, rows):
    group = table.group[rows]  # by name, so that both have one order
    return np.bincount(group, table.scores[score][rows]) / np.bincount(group)

  found = [
    ranks.spearman(np.array([means(a, i), means(b, j)]))[0, 1]
    for i, j in zip(
      findings.resampled(a, seed=0), findings.resampled(b, seed=1), strict=True
    )
  ]
  every = (np.arange(len(table.run)) for table in (a, b))
  whole = np.array([means(*pair) for pair in zip((a, b), every, strict=True)])
  own = ranks.spearman(whole)[0, 1]
  # Samples of seeds scatter about means that scatter already, and rank less
  # alike: they are moved by their mean's distance from ours.
  moved = np.array(found) + own - np.mean(found)
  return findings.interval(own, moved.clip(-1, 1))


def _limits() -> str:
  """What the small grid says of all images, by experiments/claim_grid.py."""
  kept = json.loads((ROOT / "results/claims/grid.json").read_text())
  claim = runpy.run_path(str(ROOT / "experiments" / "claim_grid.py"))
  told = lambda score: claim["between"](kept["lines"], score)
  return (
    "All of it is of a small grid: where 36 settings are trained on all"
    f" {claim['IMAGES']:,} images instead, their rank correlation with this"
    f" grid's is {told('reconstruction')} in reconstruction but"
    f" {told('mig')} in MIG."
  )


def choice(table: findings.Table, by: str = "mig") -> str:
  """What UDR and other criteria choose, of all models and of each method's."""
  found = {name: part[0] for name, part in choosing.choices(table, by).items()}
  runs = [str(run) for run in dict.fromkeys(table.run)]
  above: dict[str, list[str]] = {name: [] for name in CRITERIA if name in found}
  for run in runs:
    own = choosing.choices(table.rows(table.run == run), by)
    for name, better in above.items():
      if own[name][0].low > own["at random"][0].high:
        better.append(f"`{run}`")
  counts = [
    f"`{name}` for {len(better)}" + f" ({', '.join(better)})" * bool(better)
    for name, better in above.items()
  ]
  return (
    f"Of the {len(table.run)} models in"
    " [results/laptop](results/laptop/report/study.md), the one that UDR ranks"
    f" first has MIG {found['udr']}; the best has {found['best']}, one at"
    f" random {found['at random']}. Of a single method's models a criterion's"
    " choice is above one at random by more than chance, of"
    f" {len(runs)} methods, by {', '.join(counts)}."
  )


def tables() -> dict[str, findings.Table]:
  """Every committed study, by name."""
  folders = {name: ROOT / "results" / name for name in STUDIES}
  return {
    name: findings.table_of(load_study(folder).lanes)
    for name, folder in folders.items()
    if (folder / "lanes.jsonl").exists()
  }


def page(found: dict[str, findings.Table], every: Everything) -> str:
  """docs/results.md."""
  parts = [HEAD, EVERY, markdown(rows(every.table), every.about, SCORES)]
  parts.append(f"\n{conclusion(every)}")
  for name, table in found.items():
    about = json.loads((ROOT / f"results/{name}/study.json").read_text())
    parts.append(
      f"\n## {name}\n\n{len(table.run)} models, `{about['file']}`"
      f" ([all of it](../results/{name}/report/study.md)).\n\n"
      f"![{name}](results/{name}.svg)\n"
    )
  return "".join(parts)


def readme(every: Everything) -> str:
  """README.md with table and conclusion between its marks."""
  shown = best_budgets(rows(every.table), every.about)
  block = markdown(shown, every.about, IN_README)
  block += f"\n{conclusion(every)}"
  text = MARKS.sub(lambda m: m[1] + block, README.read_text())
  said = f"{choice(tables()['laptop'])}\n"
  return CHOICE.sub(lambda m: m[1] + said, text)


def main() -> None:
  """Writes the page, its figures and README's table."""
  FIGURES.mkdir(parents=True, exist_ok=True)
  found = tables()
  for name, table in found.items():
    draw = spreads.distributions(table, "mig").draw
    assert draw is not None
    figure = draw(PAGE_WIDTH)
    with rc_context({"svg.hashsalt": name}):
      figure.savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
  every = everything()
  PAGE.write_text(page(found, every))
  README.write_text(readme(every))
  print(PAGE)


if __name__ == "__main__":
  main()
