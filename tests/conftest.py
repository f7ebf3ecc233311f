"""Every test runs with rank promotion refused and shapes checked."""

import os
import tempfile

import jax
import pytest
from jaxtyping import install_import_hook

# Shapes in signatures are checked here and nowhere else: before first import.
install_import_hook(
  ["dvae_jax.methods", "dvae_jax.metrics"], "beartype.beartype"
)

# Tests stay out of the user's cache folder and share compiled programs.
_CACHE = tempfile.TemporaryDirectory(prefix="dvae_jax_tests_")


def pytest_configure():
  """Sets up JAX for this process and those that tests start."""
  from dvae_jax import session

  os.environ["XDG_CACHE_HOME"] = _CACHE.name
  os.environ["TFDS_DATA_DIR"] = os.path.join(_CACHE.name, "tfds")
  session.set_up()
  jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(autouse=True)
def rows():
  """Takes out again what a test's experiment files put into registries."""
  from helpers import commands

  yield
  commands.forget()
