"""Trains, evaluates and reports one experiment.

python -m dvae_jax.main --config=experiments/betavae_dsprites.py:quick
"""

import sys
from pathlib import Path
from typing import Any

from absl import app, flags
from ml_collections import config_flags

from dvae_jax import config as configs


def shorter_command(path: str) -> str:
  """What to type for a result in minutes; empty where it was typed."""
  file, _, profile = path.partition(":")
  command = f"python -m dvae_jax.main --config={file}:quick"
  return "" if profile == "quick" else command


def main(_) -> None:
  """Does one run, or what is left of it."""
  config = flags.FLAGS.config
  if config is None:
    sys.exit("error: --config=FILE[:PROFILE] is missing; see experiments/")
  # Not above: what is refused needn't wait for what only a run needs.
  from dvae_jax import checks, processes, session, trackers
  from dvae_jax.progress import be_quiet
  from dvae_jax.registration import register

  be_quiet(flags.FLAGS.quiet)
  with (
    session.refusing(),
    processes.joined(
      flags.FLAGS.coordinator,
      flags.FLAGS.num_processes,
      flags.FLAGS.process_id,
    ),
  ):
    for experiment in flags.FLAGS.register:
      register(experiment)
    checks.check(config)
    trackers.check(flags.FLAGS.tracker)
    run(
      config,
      config_flags.get_config_filename(flags.FLAGS["config"]),
      workdir=flags.FLAGS.workdir,
      registered=[*flags.FLAGS.register, ""][0],
      tracker=flags.FLAGS.tracker,
    )


def run_experiment(
  path: str, *, workdir: str | Path | None = None, **fields: Any
):
  """Does in this process, such as a notebook's, what the command does.

  Args:
    path: an experiment file, with a profile after a colon.
    workdir: the run directory; runs/<experiment> if None.
    fields: of the config, with two underscores for a dot: `train__steps=100`.

  Returns:
    The trained `Run`.

  Raises:
    ValueError: names the field or the file, and what is wrong with it.
  """
  from dvae_jax import checks, runs

  config = configs.load(path)
  named = {name.replace("__", "."): value for name, value in fields.items()}
  with config.unlocked():
    config.update_from_flattened_dict(named)
  checks.check(config)
  return runs.load_run(run(config, path, workdir=workdir))


def run(
  config,
  path: str,
  *,
  workdir: str | Path | None = None,
  registered: str = "",
  tracker: str = "tensorboard",
) -> Path:
  """Trains, evaluates and reports, as far as that isn't done.

  Args:
    config: checked.
    path: its file, with the profile after a colon.
    workdir: the run directory; runs/<experiment> if None.
    registered: another file, which registers what the config names.
    tracker: a name in `trackers.TRACKERS`.

  Returns:
    The run directory.
  """
  from dvae_jax import checks, data, processes, session
  from dvae_jax.progress import say
  from dvae_jax.report import words
  from dvae_jax.train import loop, sweep, training

  session.set_up()
  place = workdir or Path("runs") / session.experiment_name(path)
  sweep.use_cores(checks.num_lanes(config))
  with processes.as_one():
    dataset = data.load(config.data)
    checks.check_dataset(config, dataset)
    setup = training.set_up(config, dataset)
    checks.check_size(config, setup)
  settings, about = config.to_dict(), session.describe(dataset)
  say(words.training_in_words(settings, about, dataset.image_shape))
  file = registered or path.partition(":")[0]
  with session.opened(place, settings, dataset, experiment=file) as folder:
    loop.train(
      config, setup, folder, shorter=shorter_command(path), tracker=tracker
    )
    measure(folder, settings["eval"], tracker)
    if processes.leads():
      conclude(folder)
  return folder


def measure(folder: Path, settings: dict[str, Any], tracker: str) -> None:
  """Evaluates a trained run, as far as that isn't done."""
  from dvae_jax import evaluate, processes, results, runs, trackers

  left = evaluate.unmeasured(results.evaluated(folder), settings)
  (only,) = processes.agreed(left)[:1]
  if only is None or only:
    found = evaluate.evaluate(runs.load_run(folder), settings, only=only)
    if processes.leads():
      trackers.write_scores(tracker, folder, found)


def conclude(folder: Path) -> None:
  """Makes the report; the last words are the settings' scores and the path.

  They are on standard output, where nothing else is; of a quiet run the path
  alone.
  """
  from dvae_jax.progress import counting, is_quiet, say
  from dvae_jax.report import page

  with counting("Drawing figures") as advance:
    report = page.write(folder, advance=advance)
  print(folder if is_quiet() else last_words(folder), flush=True)
  say(f"Report: {report}")


def last_words(folder: Path) -> str:
  """Settings with their mean scores, and where all else is."""
  from dvae_jax.report import records, tables
  from dvae_jax.report.formats import to_text

  rows = tables.summary_rows(records.read(folder, arrays=False))
  notes = ["All scores are in the report."]
  if "±" in str(rows):
    notes.insert(0, "Means over seeds, ± their standard error.")
  return f"{to_text(rows)}\n{' '.join(notes)}\nRun: {folder}"


if __name__ == "__main__":
  config_flags.DEFINE_config_file(
    "config",
    None,
    "Experiment file, with a profile after a colon.",
    lock_config=False,
    accept_new_attributes=True,  # `checks.check` refuses what isn't taken
  )
  flags.DEFINE_string("workdir", None, "Run directory; runs/<experiment>.")
  flags.DEFINE_multi_string(
    "register", [], "Another file, which registers what the config names."
  )
  flags.DEFINE_string(
    "tracker", "tensorboard", "none, tensorboard, wandb or trackio."
  )
  flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of process 0, where several do the run."
  )
  flags.DEFINE_integer("num_processes", None, "How many do the run together.")
  flags.DEFINE_integer("process_id", None, "Which of them this is, from 0.")
  flags.DEFINE_bool(
    "quiet", False, "Say nothing but warnings, and print the run's path."
  )
  app.run(main, flags_parser=configs.parse_flags)
