"""The config: the defaults of every experiment, and its flags.

Nothing of the package is imported here that takes time, so that `--help` and a
refused flag take no longer than absl; `checks` knows what a config may hold.
"""

import sys
from typing import Any

import ml_collections
from absl import flags

from dvae_jax import registration

# All but `dci`, which takes about a minute a lane; these take seconds.
FAST_METRICS = (
  "mig",
  "mig_exact",
  "sap",
  "beta_vae",
  "factor_vae",
  "modularity",
  "explicitness",
  "irs",
  "dcimig",
  "infomec",
  "total_correlation",
  "wasserstein",
  "mutual_info_score",
  "selectivity",
)
QUOTES = "'\""
# A data set ignores the fields that don't concern it.
DATA: dict[str, Any] = {
  "name": "dsprites",
  "source": "auto",  # "auto", "rendered", "tfds" or "file"
  "dir": "",  # where prepared copies are; "" = the default folder
  "resolution": 0,  # side in pixels; 0 = native
  "stride": (),  # keep every s-th value of each factor; () = all of them
  "crop": "",  # how images become square, where there's a choice
  "placement": "auto",  # "auto", "device" or "streamed"
  "heldout_fraction": 0.0,  # of the images, chosen by a hash of the index
  "holdout": "",  # combinations left out, such as "shape=heart,posX>15"
  "correlate": "",  # sampled together: "posX,posY;shape,scale" or "posX,*"
  "correlation_strength": 0.2,  # sigma: the smaller, the stronger
  "variant": "",  # of petals: "full", "punctured", "weights", ...
  "pair_changes": 0,  # factors in which the images of a pair differ
}


def base() -> ml_collections.ConfigDict:
  """Defaults of every experiment: the protocol of Locatello et al. 2019."""
  return ml_collections.ConfigDict(
    {
      "objective": "beta_vae",
      "network": "conv",
      "likelihood": "bernoulli",
      "latent_dim": 10,
      "estimator": "mss",
      "hparams": {"learning_rate": 1e-4},
      "sweep": {"seed": (0,), "learning_rate": ()},
      "data": dict(DATA),
      "train": {
        "steps": 300_000,
        "batch_size": 64,
        "steps_per_call": 0,  # 0: about a second's worth
        "lanes_per_call": 0,  # 0: all on a GPU, one elsewhere
        "optimizer": "adam",
        "clip": "none",  # of the gradient: "none", "value" or "norm"
        "schedule": "constant",  # of the learning rate
        "dtype": "float32",
        "relu": "sign",  # how its gradient is computed; "mask" is Flax's way
        "log_every": 100,
      },
      "checkpoint": {"every": 1000, "keep": 2},
      "eval": {
        "metrics": (*FAST_METRICS, "dci"),
        "stride": (),  # () or one per factor: every stride-th value
        "codes": True,  # keep codes.npz
      },
    }
  )


def load(path: str) -> ml_collections.ConfigDict:
  """Runs an experiment file: `experiments/x.py` or `experiments/x.py:profile`.

  Raises:
    ValueError: no such file, one that raises, or whose get_config returns no
      config; names the file, and the line if there is one.
  """
  file, colon, profile = path.partition(":")
  found = registration.execute("--config", file)
  if not callable(getattr(found, "get_config", None)):
    raise ValueError(
      f"--config: {registration.shown(file)} has no get_config(profile);"
      " see experiments/"
    )
  with registration.running("--config", file):
    config = found.get_config(*[profile] if colon else [])
  if not isinstance(config, ml_collections.ConfigDict):
    raise ValueError(
      f"--config: get_config of {registration.shown(file)} returned a"
      f" {type(config).__name__}, a ConfigDict expected, as"
      " dvae_jax.config.base() is one"
    )
  return config


def parse_flags(argv: list[str]) -> list[str]:
  """Parses absl flags; what is wrong with one of them is one line.

  A new field is taken, whose name `check` then looks at. A field given twice is
  refused: absl would join two tuples into one.
  """
  given = [a.partition("=")[0] for a in argv if a.startswith("--config.")]
  for flag in given:
    if given.count(flag) > 1:
      sys.exit(f"error: {flag}: given {given.count(flag)} times; give it once")

  def load_checked(path: str):
    try:
      config = load(path)
      for flag in given:
        _check_leads(config, flag)
    except ValueError as error:
      sys.exit(f"error: {error}")
    return config

  if "config" in flags.FLAGS:
    parser: Any = flags.FLAGS["config"].parser
    parser.parse = load_checked
  try:
    return flags.FLAGS(argv)
  except flags.Error as error:
    words = str(error).partition("\n")[0]
    sys.exit(f"error: {words[:250]}; --help says what there is")
  except (AttributeError, KeyError) as error:
    cause = error.args[0]
    words = str(cause.args[0] if isinstance(cause, KeyError) else cause)
    name, _, hint = words.replace("\n", ";").partition(";")
    flag = next((a for a in argv if f".{name.strip(QUOTES)}" in a), "--config")
    sys.exit(
      f"error: {flag.partition('=')[0][:80]}: the config has no field"
      f" {name[:80]}. {hint[:100]}"
    )
  except Exception as error:  # of a value that can't be parsed
    words = registration.in_words(error)
    sys.exit(f"error: {', '.join(given)[:80] or '--config'}: {words}")


def _check_leads(config: ml_collections.ConfigDict, flag: str) -> None:
  """Refuses a flag of a field below one that holds a value."""
  *above, last = flag.removeprefix("--config.").split(".")
  place: Any = config
  for name in above:
    if not isinstance(place, ml_collections.ConfigDict) or name not in place:
      break
    place = place[name]
  if not isinstance(place, ml_collections.ConfigDict):
    raise ValueError(f"{flag[:80]}: {'.'.join(above)[:80]} holds no fields")
  if not all([*above, last]):
    raise ValueError(f"{flag[:80]}: names no field")
