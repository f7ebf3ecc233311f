"""dvae_jax: disentangled variational autoencoders in JAX and Flax."""

from dvae_jax.registration import register

__all__ = ["load_run", "register"]
__version__ = "0.2.0"


def __getattr__(name):
  """Loads `load_run` on first use, so that importing metrics needs no JAX."""
  if name == "load_run":
    from dvae_jax.runs import load_run

    return load_run
  raise AttributeError(f"module 'dvae_jax' has no attribute {name!r}")
