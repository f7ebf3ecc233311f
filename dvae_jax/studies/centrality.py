"""ModelCentrality of a study's lanes: which models read each other's latents.

    python -m dvae_jax.study centrality runs/study_reference_laptop

adds `model_centrality` to the results of every lane, compared with the others
of its run: all strengths and seeds of a method. It takes the square of their
number, so that nothing does it unasked.
"""

import contextlib
import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dvae_jax import results, rundir
from dvae_jax.metrics.model_centrality import Coder, model_centrality
from dvae_jax.progress import progress_bar, say
from dvae_jax.runs import Run, load_run
from dvae_jax.studies.plan import MANIFEST, MANIFEST_FIELDS

NAME = "model_centrality"


def add(folder: str | Path, *, votes: int = 1000, group_size: int = 100) -> int:
  """Adds ModelCentrality to the results of a study, run by run.

  Args:
    folder: the study's. A run is skipped where its lanes have it already,
      where some aren't evaluated yet and where its models have no prior.
    votes, group_size: of `model_centrality`.

  Returns:
    The number of lanes that got it.

  Raises:
    ValueError: no study, or a run that can't be read or that another process
      holds.
  """
  folder = Path(folder)
  if not (folder / MANIFEST).exists():
    raise ValueError(f"{folder}: no study (no {MANIFEST} in it)")
  manifest = rundir.read_json(folder / MANIFEST, MANIFEST_FIELDS)
  number = 0
  for name in manifest["runs"]:
    parts = [folder / p for p in manifest["parts"] if p.startswith(f"{name}/")]
    if not all(results.evaluated(part) for part in parts):
      say(f"{name}: not evaluated yet")
      continue
    with contextlib.ExitStack() as stack:  # nobody else writes meanwhile
      for part in parts:
        stack.enter_context(rundir.locked(part))
      lines = [results.evaluated(part) for part in parts]
      if all(NAME in line["details"] for part in lines for line in part):
        say(f"{name}: has it")
      else:
        number += _add(name, parts, lines, votes, group_size)
  return number


def _add(name: str, parts: list[Path], lines, votes, group_size) -> int:
  """Writes the scores of one run's lanes into its parts' results."""
  models = loaded(parts)
  if models[0].prior(1) is None:
    say(f"{name}: its models have no prior to draw images from")
    return 0
  with progress_bar() as bar:
    total = sum(len(run.lanes) for run in models)
    task = bar.add_task(f"ModelCentrality of {name}", total=total)
    advance = functools.partial(bar.advance, task)
    found = score(models, votes, group_size, advance)
  compared = int(np.isfinite(np.concatenate(found)).sum())
  variant = f"lin2020, {compared} models, {votes} votes of {group_size} images"
  for part, own, values in zip(parts, lines, found, strict=True):
    for line, value in zip(own, values, strict=True):
      line["details"][NAME] = {"variant": variant}
      if np.isfinite(value):
        line["metrics"][NAME] = float(value)
    rundir.write_jsonl(part / rundir.RESULTS, own)
  return compared


def loaded(folders: Sequence[Path]) -> list[Run]:
  """Runs that differ in their lanes alone, whose programs are compiled once."""
  first = load_run(folders[0])
  return [first, *(load_run(f, setup=first.setup) for f in folders[1:])]


def score(
  runs: Sequence[Run], votes: int, group_size: int, advance=lambda _: None
) -> list[np.ndarray]:
  """ModelCentrality of all lanes of some runs, compared with each other.

  Args:
    runs: of the same images, with priors.
    votes, group_size: of `model_centrality`.
    advance: called with 1 after the images of each model.

  Returns:
    (L,) of each run; NaN of diverged lanes.
  """
  places = [
    (run, lane, coder_of(run, lane))
    for run in runs
    for lane in range(len(run.lanes))
    if run.state(lane).diverged_at < 0
  ]
  values = model_centrality(
    [coder for _, _, coder in places],
    rng=np.random.default_rng(0),
    num_votes=votes,
    group_size=group_size,
    advance=advance,
  )
  found = {id(run): np.full(len(run.lanes), np.nan) for run in runs}
  for (run, lane, _), value in zip(places, values, strict=True):
    found[id(run)][lane] = value
  return [found[id(run)] for run in runs]


def coder_of(run: Run, lane: int) -> Coder:
  """One lane as ModelCentrality reads it."""

  def prior(number: int, seed: int) -> np.ndarray:
    drawn = run.prior(number, seed=seed)
    assert drawn is not None
    return drawn

  return Coder(
    prior,
    functools.partial(run.decode, lane=lane),
    functools.partial(run.encode, lane=lane),
  )
