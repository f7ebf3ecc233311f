"""Times the metrics beside disentanglement_lib 1.5, on the same codes.

    python -m benchmarks.metrics              the metrics other than dci
    python -m benchmarks.metrics --dci        dci and dci_fast
    python -m benchmarks.metrics --rank       does dci_fast rank like dci?
    python -m benchmarks.metrics --agree --seed=2 [--dci]      are values met?

The codes are the five of tests/golden/cases.py. The two take turns, and the
median of the turns is printed. --rank compares the scores of the five and of
twenty random mixtures of them by Spearman's correlation; with --json it goes on
from the tables that the file holds. Its time is that of dci, 25 times: --rows
fits on fewer than 10,000. --agree makes tables of another seed and of --sizes,
on which nothing was tuned, scores them with both, and compares by the
tolerances of tests/metrics/test_golden.py: 1 is the most that is allowed.
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
from dvae_jax.metrics import METRICS, score  # noqa: E402

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


def run_ours(names, codes, factors) -> dict:
  return {
    name: score(name, codes, factors, rng=np.random.default_rng(0))
    for name in names
  }


def run_theirs(name, theirs, codes, sizes=SIZES, seed=0) -> dict:
  function, options = theirs[name]
  state = np.random.RandomState(seed)
  return function(dlib.Grid(sizes), lambda rows: codes[rows], state, **options)


def timed(function, *args) -> float:
  start = time.perf_counter()
  function(*args)
  return time.perf_counter() - start


def compare(tables, factors, names, theirs, rounds) -> list[dict]:
  """One row per case and metric file: median seconds of both."""
  rows = []
  for case, codes in tables.items():
    for name, ours in names.items():
      turns: dict[str, list[float]] = {"seconds": [], "dlib_seconds": []}
      for _ in range(rounds):
        turns["seconds"].append(timed(run_ours, ours, codes, factors))
        if theirs:
          seconds = timed(run_theirs, name, theirs, codes)
          turns["dlib_seconds"].append(seconds)
      median = {k: statistics.median(v) for k, v in turns.items() if v}
      rows.append({"case": case, "ours": ours, **median})
      print(f"{case:6} {'+'.join(ours):52} {beside(median)}", flush=True)
  keys = ("seconds", "dlib_seconds") if theirs else ("seconds",)
  print(f"in all {beside({k: sum(row[k] for row in rows) for k in keys})}")
  return rows


def beside(seconds: dict) -> str:
  """Both times and their ratio, or only ours."""
  text = f"{seconds['seconds']:7.3f} s"
  if "dlib_seconds" in seconds:
    other = seconds["dlib_seconds"]
    text += f", disentanglement_lib {other:7.3f} s, "
    text += f"{other / seconds['seconds']:5.1f} times"
  return text


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
    found = {
      name: METRICS[name].function(
        codes,
        factors,
        rng=np.random.default_rng(0),
        num_train=num_train,
        num_test=num_train // 2,
      )
      for name in ("dci", "dci_fast")
    }
    rows.append({"table": name, **found})
    timing.write(path, rows)
    print(name, [round(found[m][m], 4) for m in found], flush=True)
  for value in SCORES:
    pairs = [[row[m][value] for m in ("dci", "dci_fast")] for row in rows]
    print(f"{value}: Spearman {spearmanr(*np.transpose(pairs))[0]:.3f}")
  return rows


def agree(sizes, seed, theirs, with_dci) -> list[dict]:
  """One row per table and value: both, and their distance in tolerances."""
  from metrics.test_golden import DCI_NAMES, NAMES, allowed

  factors, tables = cases(sizes, seed=seed)
  if with_dci:
    wanted = {("dci", key): name for key, name in DCI_NAMES.items()}
    files, states = {"dci": ("dci",)}, 1
  else:
    wanted, files, states = NAMES, OURS, 2
  rows = []
  for case, codes in tables.items():
    for file, names in files.items():
      golden = [
        run_theirs(file, theirs, codes, sizes, state) for state in range(states)
      ]
      found = run_ours(names, codes, factors)
      for (metric, key), name in wanted.items():
        if metric not in found:
          continue
        values = [result[name.partition(".")[2]] for result in golden]
        off = abs(found[metric][key] - np.mean(values))
        rows.append(
          {
            "table": case,
            "value": f"{metric}.{key}",
            "ours": found[metric][key],
            "dlib": values,
            "of_tolerance": off / allowed(metric, values),
          }
        )
  for row in sorted(rows, key=lambda row: -row["of_tolerance"])[:8]:
    print(
      f"{row['table']:6} {row['value']:30} {row['ours']:.4f} "
      f"{np.round(row['dlib'], 4)} {row['of_tolerance']:.2f}"
    )
  met = sum(row["of_tolerance"] <= 1 for row in rows)
  print(f"sizes {sizes}, seed {seed}: {met} of {len(rows)} values are met")
  return rows


def main() -> None:
  parser = timing.parser(__doc__)
  parser.add_argument("--dci", action="store_true")
  parser.add_argument("--rank", action="store_true")
  parser.add_argument("--agree", action="store_true")
  parser.add_argument("--seed", type=int, default=2, help="of --agree")
  parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
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
    if flags.agree:
      return
    theirs = None
  if flags.agree:
    rows = agree(tuple(flags.sizes), flags.seed, theirs, flags.dci)
  elif flags.dci:
    rows = []
    for name in ("dci", "dci_fast"):
      rows += compare(tables, factors, {"dci": (name,)}, theirs, rounds=1)
  else:
    rows = compare(tables, factors, OURS, theirs, rounds=3)
  timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
