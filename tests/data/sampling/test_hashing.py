"""Random numbers that are a function of an index."""

import jax.numpy as jnp
import numpy as np

from dvae_jax.data.sampling import hashing


def test_hash_is_one_to_one():
  words = np.arange(2**16, dtype=np.uint32) * np.uint32(65521)
  assert len(np.unique(hashing.mix(words))) == 2**16
  np.testing.assert_array_equal(
    hashing.mix(jnp.asarray(words)), hashing.mix(words)
  )
