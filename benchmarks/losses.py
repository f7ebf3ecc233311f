"""Compares every loss with independent float64 code, step by step.

    python -m benchmarks.losses [--only=vae,factor_vae]    writes docs/losses.md

Theirs are the trajectories of tests/golden, which trajectories.py, recent.py,
compared.py and labelled.py wrote there in PyTorch and NumPy from the papers'
formulas; ours are three steps of the program that trains, in float32, computed
now. With --only the objectives named are printed and nothing is written.
"""

import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from golden import compared_cases, labelled_cases, recent_cases  # noqa: E402
from golden import trajectory_cases as given  # noqa: E402

from benchmarks import timing  # noqa: E402

GOLDEN = tuple(
  ROOT / "tests" / "golden" / f"{name}.json"
  for name in ("trajectories", "recent", "compared", "labelled")
)
LATER = recent_cases.CASES | compared_cases.CASES | labelled_cases.CASES
CASES = given.CASES | LATER
PAGE = ROOT / "docs" / "losses.md"
HEAD = """# Losses against independent code

Written by `python -m benchmarks.losses`. Theirs: {versions}, float64, written
from the papers' formulas (`trajectories.py`, `recent.py`, `compared.py` and
`labelled.py` in `tests/golden`). Ours: the compiled training step, float32.
Each case trains for {steps} steps on {batch} images; terms are nats per image
and stand for the batch of that step, so that those of later steps hold only if
gradients and updates do. All differences are rounding to float32;
`tests/train/test_golden.py` bounds them by {rtol:.0e} of the value, those of
mi, tc and dwkl, which are differences of log densities of about 10 nats, by
{atol:.0e} more. Tripod's second differences cost float32 a digit."""
RTOL, ATOL = 1e-4, 1e-4
DENSITY = ("mi", "tc", "dwkl")


def read_golden() -> dict:
  """{case: terms of each step}, and the versions that made them."""
  files = [json.loads(path.read_text()) for path in GOLDEN]
  every = {n: t for file in files for n, t in file["trajectories"].items()}
  return {
    "versions": files[-1]["versions"],
    "terms": {name: t["terms"] for name, t in every.items()},
    "pairs": {name: t.get("pairs") for name, t in every.items()},
  }


def rtol_of(case: str) -> float:
  """The relative tolerance of a case."""
  return 10 * RTOL if case.startswith("tripod") else RTOL


def numbers(terms: dict) -> dict[str, float]:
  """The terms as single numbers: kl_per_latent is one of each latent."""
  flat = {}
  for name, value in terms.items():
    if np.ndim(value) == 0:
      flat[name] = float(value)
    else:
      each = enumerate(np.ravel(value))
      flat |= {f"{name} {i}": float(v) for i, v in each}
  return flat


def rows(theirs: list[dict], ours: list[dict]) -> list[tuple]:
  """(step, term, theirs, ours) of one case."""
  found = []
  for step, (their, our) in enumerate(zip(theirs, ours, strict=True)):
    wanted, mine = numbers(their), numbers(our)
    found += [(step, name, wanted[name], mine[name]) for name in wanted]
  return found


def markdown(table: dict[str, list[tuple]], versions: dict) -> str:
  """docs/losses.md."""
  told = ", ".join(f"{name} {version}" for name, version in versions.items())
  lines = HEAD.format(
    versions=told, steps=given.STEPS, batch=given.BATCH, rtol=RTOL, atol=ATOL
  ).split("\n")
  lines += ["", "| case | likelihood | terms | largest difference | of |"]
  lines += ["| --- | --- | --- | --- | --- |"]
  for case, found in table.items():
    worst = max(found, key=lambda row: abs(row[3] - row[2]))
    _, name, theirs, ours = worst
    lines.append(
      f"| {case} | {CASES[case].likelihood} | {len(found)} |"
      f" {ours - theirs:+.1e} | {name} {theirs:.4f} |"
    )
  for case, found in table.items():
    lines += ["", f"## {case}", ""]
    lines += ["| step | term | theirs | ours | difference |"]
    lines += ["| --- | --- | --- | --- | --- |"]
    lines += [
      f"| {step} | {name} | {theirs:.7g} | {ours:.7g} | {ours - theirs:+.1e} |"
      for step, name, theirs, ours in found
    ]
  return "\n".join(lines) + "\n"


def compare(golden: dict, names) -> dict[str, list[tuple]]:
  """{case: rows}, training every case now."""
  from train.test_golden import train

  return {
    name: rows(
      golden["terms"][name], train(CASES[name], golden["pairs"][name])[0]
    )
    for name in names
  }


def main() -> None:
  """Compares, and writes docs/losses.md or prints."""
  parser = timing.parser(__doc__)
  parser.add_argument("--only", help="comma-separated names of objectives")
  flags = parser.parse_args()
  golden = read_golden()
  only = flags.only.split(",") if flags.only else None
  names = [
    name
    for name in golden["terms"]
    if only is None or CASES[name].objective in only
  ]
  text = markdown(compare(golden, names), golden["versions"])
  if only:
    print(text)
  else:
    PAGE.write_text(text)


if __name__ == "__main__":
  main()
