"""Compares every metric with its authors' code on twenty tables.

    python -m benchmarks.peers [--only=mig,sap]     writes docs/metrics.md

Theirs are the numbers of tests/golden/metrics_peers.json, which says how they
were made; ours are computed now, dci in about ten minutes. With --only, the
metrics named are printed and nothing is written.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from golden.tables import SIZES, orbits, sample, tables  # noqa: E402

from benchmarks import timing  # noqa: E402
from dvae_jax.metrics import score  # noqa: E402

NAMES = ("shape", "scale", "orientation", "posX", "posY")
GOLDEN = ROOT / "tests" / "golden" / "metrics_peers.json"
PAGE = ROOT / "docs" / "metrics.md"
DLIB = "disentanglement_lib"


class Row(NamedTuple):
  """A number that a peer computes as well.

  Attributes:
    metric: a name in METRICS.
    key: the number in what the metric returns.
    peer: a name in the golden file's "peers".
    rows: "all", "sample" or "orbits": the rows of a table that both read.
    allowed: largest difference, besides that between the peer's two seeds.
    why: what the difference comes from.
  """

  metric: str
  key: str
  peer: str
  rows: str
  allowed: float
  why: str


# The golden file's name of the value -> what of ours it is compared with.
DRAWS = "other draws of 10,000 points"
REPEATS = "theirs draw with replacement: of 15,360 rows, 2,600 twice or more"
# Ours of rows drawn with replacement is theirs (tests/metrics/test_peers.py).
TREES = f"trees learn such rows by heart, or meet them in the test; {REPEATS}"
ROWS = {
  "mig": Row("mig", "mig", DLIB, "all", 0.02, DRAWS),
  "beta_vae": Row("beta_vae", "beta_vae", DLIB, "all", 0.02, DRAWS),
  "factor_vae": Row("factor_vae", "factor_vae", DLIB, "all", 0.02, DRAWS),
  "sap": Row(
    "sap", "sap", DLIB, "all", 0.012, f"{DRAWS}; test rows not fitted on"
  ),
  "modularity": Row(
    "modularity",
    "modularity",
    DLIB,
    "all",
    0.02,
    "a latent of noise scores what the draw gives it; ours is a mean of many",
  ),
  "explicitness": Row(
    "explicitness",
    "explicitness",
    DLIB,
    "all",
    0.02,
    "half of their test rows were fitted on",
  ),
  "irs": Row("irs", "irs", DLIB, "all", 0.04, f"extremes; {REPEATS}"),
  "total_correlation": Row(
    "total_correlation", "total_correlation", DLIB, "all", 0.02,
    "ours reads all rows, theirs 10,000 draws",
  ),
  "wasserstein": Row(
    "wasserstein", "wasserstein", DLIB, "all", 0.01,
    "ours reads all rows, theirs 10,000 draws",
  ),
  "wasserstein_norm": Row(
    "wasserstein", "wasserstein_norm", DLIB, "all", 0.01,
    "ours reads all rows, theirs 10,000 draws",
  ),
  "mutual_info_score": Row(
    "mutual_info_score", "mutual_info_score", DLIB, "all", 0.02,
    f"rows that repeat look like information; {REPEATS}",
  ),
  "dci.disentanglement": Row(
    "dci", "disentanglement", DLIB, "all", 0.07, TREES
  ),
  "dci.completeness": Row("dci", "completeness", DLIB, "all", 0.07, TREES),
  "dci.informativeness": Row(
    "dci", "informativeness", DLIB, "all", 0.13, TREES
  ),
  "mig_exact": Row(
    "mig_exact", "mig_exact", "beta-tcvae", "all", 0.025,
    "they sample 1,000 points per entropy, ours is quadrature",
  ),
  "infom": Row(
    "infomec", "infom", "latent_quantization", "sample", 1e-4, "rounding"
  ),
  "infoc": Row(
    "infomec", "infoc", "latent_quantization", "sample", 1e-4, "rounding"
  ),
  "infoe": Row(
    "infomec", "infoe", "latent_quantization", "sample", 0.005,
    "both stop an unpenalised fit after 100 steps, before its optimum",
  ),
  "dcimig": Row("dcimig", "dcimig", "ubisoft", "sample", 1e-4, "rounding"),
  "jemmig": Row("jemmig", "jemmig", "ubisoft", "sample", 1e-4, "rounding"),
  "mig_sup": Row(
    "mig_sup", "mig_sup", "ubisoft", "sample", np.inf,
    "theirs divides by the latent's entropy and counts all latents; the paper"
    " and its authors divide by the factor's and count active ones, as ours",
  ),
  "z_max_var": Row(
    "z_max_var", "z_max_var", "ubisoft", "all", 0.04,
    "they draw 800 votes, ours counts every group",
  ),
  "mcc": Row(
    "mcc", "mcc", "slow_disentanglement", "sample", 1e-4, "rounding"
  ),
  "mcc_spearman": Row(
    "mcc", "mcc_spearman", "slow_disentanglement", "sample", 0.003,
    "their columns of noise take latents of no use away from factors",
  ),
  "d_lsbd": Row("d_lsbd", "d_lsbd", "lsbd-vae", "orbits", 1e-4, "rounding"),
}  # fmt: skip


def read_golden() -> dict:
  """The golden file."""
  return json.loads(GOLDEN.read_text())


def ours(row: Row, codes, factors, discrete: bool) -> dict:
  """What our metric returns for the rows that the peer read."""
  rows = {"all": slice(None), "sample": sample(), "orbits": orbits().ravel()}
  rows = rows[row.rows]
  codes = codes[rows]
  return score(
    row.metric,
    codes,
    factors[rows],
    rng=np.random.default_rng(0),
    logvars=np.full(codes.shape, 2 * np.log(0.1)),
    factor_names=NAMES,
    discrete=discrete,
  )


def compare(names, golden: dict, show=lambda text: None) -> dict:
  """{name: {table: (theirs, ours)}}; None where the peer has no number."""
  factors, found = tables()
  result: dict = {name: {} for name in names}
  for table, (codes, discrete) in found.items():
    done: dict[str, dict] = {}
    for name in names:
      row, theirs = ROWS[name], golden["values"][name].get(table)
      if theirs is None:
        continue
      if row.metric not in done:
        done[row.metric] = ours(row, codes, factors, discrete)
      result[name][table] = theirs, done[row.metric][row.key]
    show(f"{table}: {', '.join(done)}")
  return result


def difference(theirs: list, mine: float) -> float:
  """Ours less the mean of theirs; NaN where they have none."""
  return np.nan if None in theirs else mine - float(np.mean(theirs))


def allowed(row: Row, theirs: list) -> float:
  """Largest difference: the row's, and that between the peer's seeds."""
  return row.allowed + (0.0 if None in theirs else float(np.ptp(theirs)))


def markdown(result: dict, golden: dict) -> str:
  """docs/metrics.md."""
  lines = [
    "# Metrics against their authors' code",
    "",
    "Written by `python -m benchmarks.peers`. Twenty tables of codes on a grid"
    f" of {' x '.join(map(str, SIZES))} factors (`tests/golden/tables.py`);"
    " theirs is the mean over their seeds.",
    "",
    "| value | peer | tables | largest difference | mean difference | what it"
    " comes from |",
    "| --- | --- | --- | --- | --- | --- |",
  ]
  for name, cases in result.items():
    off = np.array([difference(*case) for case in cases.values()])
    off = off[np.isfinite(off)]
    lines.append(
      f"| {name} | {ROWS[name].peer} | {len(off)} |"
      f" {off[np.abs(off).argmax()]:+.4f} | {off.mean():+.4f} |"
      f" {ROWS[name].why} |"
    )
  lines += ["", "A dash: their code gives no number."]
  lines += ["", "`udr` and the E of `dci_es` meet disentanglement_lib and the"]
  lines += ["authors on 40 and 20 cases to rounding: see"]
  lines += ["`tests/metrics/test_peers.py`. `selectivity` is checked against"]
  lines += ["scikit-learn, `downstream` has no peer that runs on codes.", ""]
  lines += [f"* {name}: {text}" for name, text in golden["peers"].items()]
  for name, cases in result.items():
    lines += ["", f"## {name}", "", "| table | theirs | ours | difference |"]
    lines += ["| --- | --- | --- | --- |"]
    lines += [_line(table, *case) for table, case in cases.items()]
  return "\n".join(lines) + "\n"


def _line(table: str, theirs: list, mine: float) -> str:
  if None in theirs:
    return f"| {table} | – | {mine:.4f} | – |"
  mean = np.mean(theirs)
  return f"| {table} | {mean:.4f} | {mine:.4f} | {mine - mean:+.4f} |"


def main() -> None:
  """Compares, prints, and writes docs/metrics.md."""
  parser = timing.parser(__doc__)
  parser.add_argument("--only", help="comma-separated names of metrics")
  flags = parser.parse_args()
  golden = read_golden()
  only = flags.only.split(",") if flags.only else None
  names = [n for n, row in ROWS.items() if only is None or row.metric in only]
  result = compare(names, golden, lambda text: print(text, flush=True))
  text = markdown(result, golden)
  if only:
    print(text)
  else:
    PAGE.write_text(text)


if __name__ == "__main__":
  main()
