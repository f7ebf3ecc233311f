"""Times the metrics beside disentanglement_lib 1.5, on the same codes.

    python benchmarks/metrics.py              the metrics other than dci
    python benchmarks/metrics.py --dci        dci and dci_fast
    python benchmarks/metrics.py --rank       does dci_fast rank like dci?

The codes are the five of tests/golden/cases.py. The two take turns, and the
median of the turns is printed. --rank compares the scores of the five and of
twenty random mixtures of them by Spearman's correlation; with --json it goes on
from the tables that the file holds. Its time is that of dci, 25 times: --rows
fits on fewer than 10,000.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from golden.cases import cases  # noqa: E402

from benchmarks import dlib, timing  # noqa: E402
from dvae_jax.metrics import METRICS  # noqa: E402

SIZES = (3, 6, 10, 8, 8)
OURS = {  # what each of disentanglement_lib's metric files computes
  "mig": ("mig",),
  "beta_vae": ("beta_vae",),
  "factor_vae": ("factor_vae",),
  "sap": ("sap",),
  "modularity": ("modularity", "explicitness"),
  "irs": ("irs",),
  "unsupervised": ("total_correlation", "wasserstein", "mutual_info_score"),
}
SCORES = ("disentanglement", "completeness", "informativeness")


def run_ours(names, codes, factors, **options) -> dict:
  return {
    name: METRICS[name](codes, factors, rng=np.random.default_rng(0), **options)
    for name in names
  }


def run_theirs(name, theirs, codes) -> dict:
  function, options = theirs[name]
  state = np.random.RandomState(0)
  return function(dlib.Grid(SIZES), lambda rows: codes[rows], state, **options)


def timed(function, *args) -> float:
  start = time.perf_counter()
  function(*args)
  return time.perf_counter() - start


def compare(tables, factors, names, theirs, rounds) -> list[dict]:
  """One row per case and metric file: median seconds of both."""
  rows = []
  for case, codes in tables.items():
    for name, ours in names.items():
      turns = [
        (
          timed(run_ours, ours, codes, factors),
          timed(run_theirs, name, theirs, codes) if theirs else np.nan,
        )
        for _ in range(rounds)
      ]
      mine, other = map(statistics.median, zip(*turns, strict=True))
      rows.append(
        {"case": case, "ours": ours, "seconds": mine, "dlib_seconds": other}
      )
      print(
        f"{case:6} {'+'.join(ours):52} {mine:7.3f} s, disentanglement_lib "
        f"{other:7.3f} s, {other / mine:5.1f} times",
        flush=True,
      )
  mine = sum(row["seconds"] for row in rows)
  other = sum(row["dlib_seconds"] for row in rows)
  print(f"in all {mine:.2f} s and {other:.2f} s: {other / mine:.1f} times")
  return rows


def mixtures(tables, count=20) -> dict:
  """The tables and random weighted sums of them, each standardised first."""
  rng = np.random.default_rng(7)
  scaled = np.stack([c / c.std(0) for c in tables.values()])
  weights = rng.dirichlet(np.full(len(tables), 0.5), size=count)
  mixed = {
    f"mixture {n}": np.tensordot(w, scaled, 1) for n, w in enumerate(weights)
  }
  return tables | mixed


def rank(tables, factors, path, num_train) -> list[dict]:
  """Scores of dci and dci_fast on every table, and their correlations."""
  from scipy.stats import spearmanr

  rows = json.loads(path.read_text()) if path and path.exists() else []
  done = {row["table"] for row in rows}
  for name, codes in mixtures(tables).items():
    if name in done:
      continue
    found = run_ours(
      ("dci", "dci_fast"),
      codes,
      factors,
      num_train=num_train,
      num_test=num_train // 2,
    )
    rows.append({"table": name, **found})
    timing.write(path, rows)
    print(name, [round(found[m][m], 4) for m in found], flush=True)
  for score in SCORES:
    pairs = [[row[m][score] for m in ("dci", "dci_fast")] for row in rows]
    print(f"{score}: Spearman {spearmanr(*np.transpose(pairs))[0]:.3f}")
  return rows


def main() -> None:
  parser = timing.parser(__doc__)
  parser.add_argument("--dci", action="store_true")
  parser.add_argument("--rank", action="store_true")
  parser.add_argument("--rows", type=int, default=10_000)
  factors, tables = cases(SIZES)
  parser.add_argument("--cases", nargs="*", choices=tables)
  flags = parser.parse_args()
  if flags.rank:
    rank(tables, factors, flags.json, flags.rows)
    return
  tables = {name: tables[name] for name in flags.cases or tables}
  try:
    theirs = dlib.load()
  except ImportError:
    print(dlib.INSTALL)
    theirs = None
  if flags.dci:
    rows = []
    for name in ("dci", "dci_fast"):
      rows += compare(tables, factors, {"dci": (name,)}, theirs, rounds=1)
  else:
    rows = compare(tables, factors, OURS, theirs, rounds=3)
  timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
