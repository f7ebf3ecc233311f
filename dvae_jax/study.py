"""Studies: many runs from one file, and many runs read together.

    python -m dvae_jax.study run --config=experiments/study_reference.py:laptop
    python -m dvae_jax.study cost --config=...
    python -m dvae_jax.study status --config=...
    python -m dvae_jax.study report runs/study_reference_laptop --out=study
    python -m dvae_jax.study gather runs/study_reference_laptop --out=results/x
    python -m dvae_jax.study centrality runs/study_reference_laptop

`run` does what isn't done of a study; more processes, on this machine or on
others that share the folder, may do the same at the same time, or each a slice
(--slice=3/16); --metrics=pipe,downstream adds to what a study measures, also of
models that are trained. It begins by saying what it will take; `cost` says no
more than that. `status` says how far it is. `report` reads studies and runs;
`gather` keeps a study's results and codes as data (`dvae_jax.load_study`).
`centrality` adds ModelCentrality, a criterion without labels, to its results.
"""

from pathlib import Path

from absl import app, flags

from dvae_jax import session, studies
from dvae_jax.progress import be_quiet
from dvae_jax.registration import register
from dvae_jax.report import study


def run_parts() -> None:
  """Does what isn't done of the study; ends with 1 where a part failed."""
  session.set_up()
  study, plan, folder = _planned()
  studies.hold_to(plan, folder)
  studies.say_cost(plan, folder, which=flags.FLAGS.slice)
  found = studies.work(plan, folder, which=flags.FLAGS.slice)
  print(studies.table(plan, folder))
  if any(state.name == "failed" for state in found):
    raise SystemExit(1)
  if study.after and studies.finished(plan, folder):
    study.after(folder)


def cost() -> None:
  """Prints how long what is left takes on this machine, by its own pace."""
  _, plan, folder = _planned()
  studies.say_cost(plan, folder, which=flags.FLAGS.slice)


def status() -> None:
  """Prints what is done, running, failed and left."""
  _, plan, folder = _planned()
  print(studies.table(plan, folder))


def report(folders: list[str]) -> None:
  """Reads a study, its results, or runs together."""
  if not folders:
    raise ValueError("report: name one or more run or study directories")
  out, by = flags.FLAGS.out, flags.FLAGS.by
  if (Path(folders[0]) / studies.MANIFEST).exists():
    if not (Path(folders[0]) / studies.LANES).exists():
      studies.gather(folders, Path(out) / "results")
      folders = [f"{out}/results"]
    print(studies.write(studies.load_study(folders[0]), out, by=by or "mig"))
    return
  print(study.write(folders, out, by=by).read_text())


def gather(folders: list[str]) -> None:
  """Writes the results of a study as data: lines and codes of every lane."""
  if not folders:
    raise ValueError("gather: name the study's directory")
  print(studies.gather(folders, flags.FLAGS.out))


def centrality(folders: list[str]) -> None:
  """Adds ModelCentrality to the results of a study's lanes."""
  if len(folders) != 1:
    raise ValueError(f"centrality: {len(folders)} folders found, 1 expected")
  session.set_up()
  votes, size = flags.FLAGS.votes, flags.FLAGS.group_size
  number = studies.add_centrality(folders[0], votes=votes, group_size=size)
  print(f"{number} lanes got model_centrality")


def _planned() -> tuple[studies.Study, studies.Plan, Path]:
  file = flags.FLAGS.config
  if file is None:
    raise ValueError("--config=FILE[:PROFILE] is missing; see experiments/")
  folder = flags.FLAGS.workdir or Path("runs") / session.experiment_name(file)
  study = studies.load(file)
  for config in study.runs.values():
    names = dict.fromkeys((*config.eval.metrics, *flags.FLAGS.metrics))
    config.eval.metrics = tuple(names)
  return study, studies.plan(study, file), Path(folder)


def main(argv) -> None:
  """Reads the verb and the flags; what is wrong with them is one line."""
  verb, *rest = argv[1:] or [""]
  be_quiet(flags.FLAGS.quiet)
  verbs = {"run": run_parts, "cost": cost, "status": status}
  of_folders = {"report": report, "gather": gather, "centrality": centrality}
  with session.refusing():
    for experiment in flags.FLAGS.register:
      register(experiment)
    if verb in verbs and not rest:
      verbs[verb]()
    elif verb in of_folders:
      of_folders[verb](rest)
    else:
      raise ValueError(
        f"{verb!r} found, run, cost, status, report FOLDER, gather FOLDER or"
        " centrality FOLDER expected"
      )


if __name__ == "__main__":
  flags.DEFINE_string("config", None, "Study file, a profile after a colon.")
  flags.DEFINE_string("workdir", None, "Study's folder; runs/<file>_<profile>.")
  flags.DEFINE_bool("quiet", False, "Say nothing but warnings and results.")
  flags.DEFINE_string("slice", "", "Part of the work, 3/16; else all.")
  flags.DEFINE_list(
    "metrics", [], "What run measures beside the study's own metrics."
  )
  flags.DEFINE_string("out", "study", "Folder that report writes.")
  flags.DEFINE_string("by", "", "Score that rates choices; the first one.")
  flags.DEFINE_integer("votes", 1000, "Votes of a model's images.", 1)
  flags.DEFINE_integer("group_size", 100, "Images of a vote.", 2)
  flags.DEFINE_multi_string(
    "register", [], "File that registers what the study names."
  )
  app.run(main)
