"""Float64 inside a block, on every JAX."""

import jax


def x64():
  """A context in which arrays are float64; its name moved in JAX 0.8."""
  if hasattr(jax, "enable_x64"):
    return jax.enable_x64(True)
  from jax.experimental import enable_x64

  return enable_x64(True)
