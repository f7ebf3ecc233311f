"""Keeps what claims measured, and writes their page and figures.

    python -m benchmarks.claims [runs/claims]          writes docs/claims.md

With a study's folder, what it measured is copied to results/claims first. The
page and the figures are made from results/claims alone.
"""

import json
import shutil
import sys
from pathlib import Path

from matplotlib import rc_context

from dvae_jax.studies import claims

ROOT = Path(__file__).parents[1]
KEPT, FIGURES = ROOT / "results" / "claims", ROOT / "docs" / "claims"
PAGE = ROOT / "docs" / "claims.md"
HEAD = """# The field's claims, tried

Written by `python -m benchmarks.claims` from `results/claims`, which

    python -m dvae_jax.study run --config=experiments/claims.py
    python -m benchmarks.claims runs/claims

measured and kept. Intervals are 95%. A claim that failed is a result, of this
setting and size; `experiments/claim_<name>.py:full` is the source's.

| claim | verdict |
| --- | --- |
"""


def found() -> dict[str, tuple[claims.Claim, dict]]:
  """Every claim that was measured: name -> claim, what is kept of it."""
  files = sorted((ROOT / "experiments").glob("claim_*.py"))
  every = {claim.name: claim for claim in map(claims.load_claim, files)}
  return {
    name: (claim, json.loads((KEPT / f"{name}.json").read_text()))
    for name, claim in every.items()
    if (KEPT / f"{name}.json").exists()
  }


def waiting() -> list[str]:
  """Names of the claims that nobody measured yet."""
  files = sorted((ROOT / "experiments").glob("claim_*.py"))
  names = [file.stem.removeprefix("claim_") for file in files]
  return [name for name in names if not (KEPT / f"{name}.json").exists()]


def page() -> str:
  """docs/claims.md, from results/claims."""
  rows, parts = [], []
  for name, (claim, kept) in found().items():
    verdict, measured = claim.conclude(kept["lines"])
    assert verdict in claims.VERDICTS
    rows.append(f"| [{claim.text}](#{name}) | {verdict} |")
    parts.append(_part(claim, kept["about"], verdict, measured))
  left = ", ".join(f"`claim_{name}.py`" for name in waiting())
  last = f"\nWritten, and not measured yet: {left}.\n" if left else ""
  return HEAD + "\n".join(rows) + "\n" + last + "".join(parts)


def _part(claim: claims.Claim, about: dict, verdict: str, measured: str) -> str:
  minutes = about["minutes_training"] + about["minutes_measuring"]
  return f"""
## {claim.name}

{claim.text} ({claim.source})

**{verdict.capitalize()}.** {measured}

![{claim.name}](claims/{claim.name}.svg)

{claim.setting}. `python -m dvae_jax.study run --config=experiments/\
claim_{claim.name}.py`, {about["date"]}, {minutes:.0f} min on two cores.
"""


def main() -> None:
  """Copies, draws and writes."""
  KEPT.mkdir(parents=True, exist_ok=True)
  FIGURES.mkdir(parents=True, exist_ok=True)
  for folder in sys.argv[1:]:
    for path in sorted((Path(folder) / claims.MEASURED).glob("*.json")):
      shutil.copy(path, KEPT / path.name)
  for name, (claim, kept) in found().items():
    figure = claim.draw(kept["lines"])
    with rc_context({"svg.hashsalt": name}):  # the same file every time
      figure.savefig(FIGURES / f"{name}.svg", metadata={"Date": None})
  PAGE.write_text(page())
  print(PAGE)


if __name__ == "__main__":
  main()
