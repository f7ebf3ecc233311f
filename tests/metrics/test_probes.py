"""downstream and dci_es: what classifiers make of the codes."""

import numpy as np
import pytest

from dvae_jax.metrics.dci_es import dci_es, explicitness
from dvae_jax.metrics.downstream import downstream


def rng():
  return np.random.default_rng(0)


def table(rows=3000, noise=0.1):
  generator = rng()
  factors = np.stack([generator.integers(s, size=rows) for s in (2, 4)], 1)
  return factors + noise * generator.normal(size=factors.shape), factors


def test_more_labels_tell_more_and_clear_codes_need_few():
  noisy = downstream(*table(noise=0.6), rng=rng())
  assert noisy["downstream_10"] < noisy["downstream"] < noisy["downstream_1000"]
  np.testing.assert_allclose(
    noisy["sample_efficiency"], noisy["downstream"] / noisy["downstream_1000"]
  )
  clear = downstream(*table(), rng=rng())
  assert clear["downstream"] > 0.95
  assert clear["downstream"] > noisy["downstream"]
  assert 0 < noisy["downstream_spread"] < 0.03


def test_accuracy_is_of_images_without_labels():
  # Noise: 10 labels in 20 latents are learnt by heart; others are guessed. The
  # better guess of the two factors is 1/2 and 1/4.
  _, factors = table()
  noise = rng().normal(size=(3000, 20))
  found = downstream(noise, factors, rng=rng())
  for name in ("downstream", "downstream_10", "downstream_1000"):
    assert abs(found[name] - 0.375) < 0.03


def test_few_images_have_few_labels():
  codes, factors = table(rows=1999)
  assert "downstream_1000" not in downstream(codes, factors, rng=rng())
  with pytest.raises(ValueError, match="199 rows; downstream learns from 100"):
    downstream(codes[:199], factors[:199], rng=rng())


def test_explicitness_is_the_area_over_a_curve():
  # Loss .8 at 1, .4 at 3, .2 at 5 and on to 9; least .2. Area of the loss over
  # it: 2 (.6 + .2) / 2 + 2 (.2 + 0) / 2 = 1.0; half of 8 times .8 is 3.2.
  capacity = np.array([1.0, 3.0, 5.0, 9.0])
  loss = np.array([0.8, 0.4, 0.2, 0.2])
  np.testing.assert_allclose(
    explicitness(capacity, loss, 0.8), 1 - 1 / 3.2, rtol=1e-12
  )
  # A deeper probe that does worse counts as the best shallower one.
  worse = np.array([0.8, 0.4, 0.2, 0.5])
  np.testing.assert_allclose(
    explicitness(capacity, worse, 0.8), 1 - 1 / 3.2, rtol=1e-12
  )
  assert explicitness(capacity, np.full(4, 0.3), 0.8) == 1


@pytest.mark.slow
def test_what_takes_deeper_trees_is_less_explicit():
  place = rng().uniform(size=(2000, 2))
  halves = (place > 0.5).astype(int)  # one split each
  stripes = np.floor(16 * place).astype(int) % 2  # every tree needs 15
  own = dci_es(place, halves, rng=rng())
  hidden = dci_es(place, stripes, rng=rng())
  assert own["dci_es_informativeness"] > 0.99
  assert hidden["dci_es_informativeness"] > 0.9
  assert own["dci_es"] > 0.98
  assert hidden["dci_es"] < 0.9
  assert own["dci_es_size"] == 1
  more = np.hstack([place, place])
  assert dci_es(more, halves, rng=rng(), depths=(1, 2))["dci_es_size"] == 0.5
