"""Trains, evaluates and reports one experiment.

python -m dvae_jax.main --config=experiments/betavae_dsprites.py:quick
"""

import sys
from pathlib import Path

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
  from dvae_jax import checks, session
  from dvae_jax.registration import register

  with session.refusing():
    for experiment in flags.FLAGS.register:
      register(experiment)
    checks.check(config)
  run(config, config_flags.get_config_filename(flags.FLAGS["config"]))


def run(config, path: str) -> None:
  """Trains, evaluates and reports, as far as that isn't done.

  Args:
    config: checked.
    path: its file, with the profile after a colon.
  """
  from dvae_jax import checks, data, evaluate, results, rundir, runs, session
  from dvae_jax.progress import say
  from dvae_jax.report import page as report
  from dvae_jax.train import loop, sweep, training

  session.set_up()
  workdir = flags.FLAGS.workdir or Path("runs") / session.experiment_name(path)
  with session.refusing():
    sweep.use_cores(checks.num_lanes(config))
    dataset = data.load(config.data)
    checks.check_dataset(config, dataset)
    setup = training.set_up(config, dataset)
    checks.check_size(config, setup)
    say(f"Data: {rundir.to_json(session.describe(dataset))}")
    settings = config.to_dict()
    file = [*flags.FLAGS.register, path.partition(":")[0]][0]
    with session.opened(workdir, settings, dataset, experiment=file) as folder:
      loop.train(config, setup, folder, shorter=shorter_command(path))
      lines = results.evaluated(folder)
      only = evaluate.unmeasured(lines, settings["eval"])
      if only is None or only:
        evaluate.evaluate(runs.load_run(folder), settings["eval"], only=only)
      say(f"Report: {report.write(folder)}")


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
  app.run(main, flags_parser=configs.parse_flags)
