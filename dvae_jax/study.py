"""Reads several runs together: one table, agreement of metrics, selection.

python -m dvae_jax.study runs/a runs/b --out=study

The folder --out gets study.md (the tables), lanes.csv (every lane and number),
agreement.png and one violins_<score>.png for each score.
"""

from absl import app, flags

from dvae_jax.registration import register
from dvae_jax.report import study


def main(argv) -> None:
  """Reads the flags; what is wrong with them is one line."""
  if len(argv) < 2:
    raise app.UsageError("name one or more run directories; see --help")
  try:
    for experiment in flags.FLAGS.register:
      register(experiment)
    path = study.write(argv[1:], flags.FLAGS.out, by=flags.FLAGS.by)
  except ValueError as error:
    raise SystemExit(f"error: {error}") from error
  print(path.read_text())


if __name__ == "__main__":
  flags.DEFINE_string("out", "study", "Folder to write.")
  flags.DEFINE_string("by", "", "Score that rates choices; the first one.")
  flags.DEFINE_multi_string(
    "register", [], "Experiment file that registers a metric of the runs."
  )
  app.run(main)
