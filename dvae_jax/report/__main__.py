"""Makes the report of a run directory again.

python -m dvae_jax.report --workdir=runs/x
python -m dvae_jax.report --workdir=runs/x --format=pdf,svg    for a paper
"""

import sys

from absl import app, flags

from dvae_jax.progress import counting
from dvae_jax.registration import register
from dvae_jax.report import page


def main(argv) -> None:
  """Writes the report of --workdir again and prints where it is."""
  if len(argv) > 1:
    raise app.UsageError(f"unknown argument {argv[1]!r}; see --help")
  try:
    for experiment in flags.FLAGS.register:
      register(experiment)
    formats = tuple(filter(None, flags.FLAGS.format))
    run, out = flags.FLAGS.workdir, flags.FLAGS.out
    with counting("Drawing figures") as advance:
      path = page.write(run, formats=formats, out=out, advance=advance)
    print(path)
  except ValueError as error:
    sys.exit(f"error: {error}")
  except OSError as error:
    place, why = error.filename or out or run, error.strerror or error
    sys.exit(f"error: {place}: {why}; --out=FOLDER writes it elsewhere")


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "The run directory.", required=True)
  flags.DEFINE_string("out", "", "Folder to write into; the run's if unset.")
  flags.DEFINE_list(
    "format", [], "Also write figures as pdf, svg, and settings.tex."
  )
  flags.DEFINE_multi_string(
    "register", [], "Experiment file that registers a metric of the run."
  )
  app.run(main)
