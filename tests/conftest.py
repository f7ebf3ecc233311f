"""Every test runs with rank promotion refused and shapes checked."""

import jax
import pytest
from jaxtyping import install_import_hook

jax.config.update("jax_numpy_rank_promotion", "raise")

# Shapes in signatures are checked here and nowhere else: before first import.
install_import_hook(
  ["dvae_jax.densities", "dvae_jax.objectives", "dvae_jax.metrics"],
  "beartype.beartype",
)


@pytest.fixture(autouse=True)
def _own_caches(tmp_path_factory, monkeypatch):
  """Keeps tests out of the user's cache folder."""
  monkeypatch.setenv(
    "XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache")
  )
