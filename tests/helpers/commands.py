"""The package's commands, run in this process as they are typed."""

import contextlib
import io
import runpy
import sys
import warnings
from pathlib import Path

from absl import app, flags

from dvae_jax import data, metrics
from dvae_jax.methods import LIKELIHOODS, OBJECTIVES
from dvae_jax.methods.estimators import ESTIMATORS
from dvae_jax.networks import NETWORKS

STRANGERS = Path(__file__).parents[1] / "strangers"
REGISTRIES = (
  OBJECTIVES,
  LIKELIHOODS,
  ESTIMATORS,
  NETWORKS,
  data.DATASETS,
  metrics.METRICS,
)
OWN = [dict(registry) for registry in REGISTRIES]
# runpy's, of a module that others have imported, and ml_collections'.
UNAVOIDABLE = (".* found in sys.modules", "the load_module")
# What makes an experiment of any kind the smallest one.
TINY = (
  "--config.latent_dim=4",
  "--config.hparams.learning_rate=0.003",
  "--config.train.batch_size=16",
  "--config.train.log_every=20",
)
SPRITES = (
  "--config.network=mlp_small",
  "--config.data.resolution=16",
  "--config.data.stride=(1,5,40,8,8)",
)


def stranger(name):
  """The file of a stranger's task."""
  return STRANGERS / f"{name}.py"


def forget():
  """Leaves in the registries what the package itself puts there.

  A command then finds what it would find in a process of its own.
  """
  for registry, entries in zip(REGISTRIES, OWN, strict=True):
    registry.clear()
    registry.update(entries)


def run(module, *arguments):
  """What `python -m module arguments` prints; SystemExit where it refuses."""
  before, argv, printed = set(flags.FLAGS), sys.argv, io.StringIO()
  forget()
  sys.argv = [module, *map(str, arguments)]
  try:
    with (
      contextlib.redirect_stdout(printed),
      contextlib.redirect_stderr(printed),
      warnings.catch_warnings(),
    ):
      for unavoidable in UNAVOIDABLE:
        warnings.filterwarnings("ignore", unavoidable)
      runpy.run_module(module, run_name="__main__", alter_sys=True)
  except SystemExit as end:
    if end.code:
      raise SystemExit(f"{end.code}\n{printed.getvalue()}") from end
  finally:
    sys.argv = argv
    for name in set(flags.FLAGS) - before:
      delattr(flags.FLAGS, name)
    flags.FLAGS.unparse_flags()
    forget()
  return printed.getvalue()


def train(workdir, config, *overrides):
  """Trains, evaluates and reports an experiment file made tiny."""
  return run(
    "dvae_jax.main",
    f"--config={config}",
    f"--workdir={workdir}",
    *TINY,
    *overrides,
  )


app.define_help_flags()  # once a process, before `run` looks what there is
