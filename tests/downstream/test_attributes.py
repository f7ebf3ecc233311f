"""Attributes as directions."""

import numpy as np
import pytest

from dvae_jax.downstream import attributes


def test_the_vector_leads_from_one_mean_to_the_other():
  rng = np.random.default_rng(3)
  codes, has = rng.normal(size=(20, 3)), np.arange(20) < 8
  vector = attributes.attribute_vector(codes, has)
  moved = attributes.add_attribute(codes[~has], vector)
  np.testing.assert_allclose(moved.mean(0), codes[has].mean(0))
  back = attributes.add_attribute(moved, vector, -1.0)
  np.testing.assert_allclose(back, codes[~has])


def test_an_attribute_of_all_or_none_is_refused():
  with pytest.raises(ValueError, match="has: 4 of 4 images"):
    attributes.attribute_vector(np.zeros((4, 2)), np.ones(4))
