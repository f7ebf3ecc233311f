"""Every claim beside this file, tried in one study that shares its runs.

    python -m dvae_jax.study run --config=experiments/claims.py
    python -m benchmarks.claims runs/claims        writes docs/claims.md

A claim is experiments/claim_<name>.py and can be run alone in the same way.
Profile "full" has the size of the sources, for accelerators.
"""

from pathlib import Path

from dvae_jax.studies import Study, load_claim, study_of


def get_study(profile: str = "") -> Study:
  """The runs of all claims."""
  files = sorted(Path(__file__).parent.glob("claim_*.py"))
  return study_of([load_claim(path) for path in files], profile)
