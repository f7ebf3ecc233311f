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


def test_numbers_of_indices_streams_and_places_are_independent():
  indices = jnp.arange(5000)
  streams = np.stack([hashing.uniform(indices, k, (3,)) for k in range(1, 5)])
  numbers = np.moveaxis(streams, 1, 2).reshape(12, 5000)
  assert numbers.min() >= 0
  assert numbers.max() < 1
  # U(0, 1) has the mean 1/2 and the variance 1/12: within 5 sigma.
  np.testing.assert_allclose(
    numbers.mean(1), 0.5, atol=5 * (1 / 12 / 5000) ** 0.5
  )
  atol = 5 / 5000**0.5
  np.testing.assert_allclose(np.corrcoef(numbers), np.eye(12), atol=atol)
  later = [np.corrcoef(row[1:], row[:-1])[0, 1] for row in numbers]
  np.testing.assert_allclose(later, 0, atol=atol)


def test_numbers_of_an_index_are_its_own():
  pair = hashing.uniform(jnp.array([7, 300]), 2, (4, 4))
  assert pair.shape == (2, 4, 4)
  alone = hashing.uniform(jnp.array([300]), 2, (4, 4))
  np.testing.assert_array_equal(pair[1:], alone)
