"""What several tests of the training share."""

import jax
import pytest


@pytest.fixture(scope="module")
def compiled_quickly():
  """XLA's optimisations take most of the time and change no formula."""
  jax.config.update("jax_disable_most_optimizations", True)
  yield
  jax.config.update("jax_disable_most_optimizations", False)
