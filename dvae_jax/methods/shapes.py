"""Shapes in signatures: jaxtyping's, which the tests check with beartype.

Training does without the package, and then they are names.
"""

import jax

try:
  from jaxtyping import Bool, Float, Int, PRNGKeyArray
except ImportError:

  class _Named:
    """`Float[Array, "B D"]` is an array like any other."""

    def __class_getitem__(cls, _):
      return jax.Array

  Bool = Float = Int = _Named  # type: ignore[misc, assignment]
  PRNGKeyArray = jax.Array  # type: ignore[misc, assignment]

__all__ = ["Bool", "Float", "Int", "PRNGKeyArray"]
