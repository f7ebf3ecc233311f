"""dvae_jax: disentangled variational autoencoders in JAX and Flax."""

import importlib

from dvae_jax.registration import register

__all__ = ["load_run", "load_study", "register", "run_experiment"]
__version__ = "0.2.0"
_LATER = {
  "load_run": "dvae_jax.runs",
  "load_study": "dvae_jax.studies",
  "run_experiment": "dvae_jax.main",
}


def __getattr__(name):
  """Loads a name on first use, so that importing metrics needs no JAX."""
  if name in _LATER:
    return getattr(importlib.import_module(_LATER[name]), name)
  raise AttributeError(f"module 'dvae_jax' has no attribute {name!r}")
