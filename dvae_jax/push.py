"""Uploads a run to the Hugging Face Hub: `load_run("hf://user/name")` reads it.

python -m dvae_jax.push --workdir=runs/mine --to=user/name

It needs huggingface_hub, and to be logged in (`hf auth login`). A repository
that doesn't exist yet is made, private unless --public is given.
"""

from pathlib import Path

from absl import app, flags

from dvae_jax import hub, session
from dvae_jax.registration import register


def main(argv) -> None:
  """Uploads --workdir and prints where it is."""
  if len(argv) > 1:
    raise app.UsageError(f"unknown argument {argv[1]!r}; see --help")
  with session.refusing():
    for experiment in flags.FLAGS.register:
      register(experiment)
    folder = Path(flags.FLAGS.workdir)
    print(hub.push(folder, flags.FLAGS.to, private=not flags.FLAGS.public))


if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "The run directory.", required=True)
  flags.DEFINE_string("to", None, "user/name on the Hub.", required=True)
  flags.DEFINE_bool("public", False, "Whether a new repository is public.")
  flags.DEFINE_multi_string(
    "register", [], "Experiment file that registers what the run names."
  )
  app.run(main)
