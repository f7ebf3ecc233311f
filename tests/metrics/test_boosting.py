"""The trees of dci against scikit-learn's GradientBoostingClassifier."""

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from dvae_jax.metrics import METRICS, boosting
from dvae_jax.metrics.boosting import boost


def table(num_classes, rows=900, seed=0):
  rng = np.random.default_rng(seed)
  y = rng.integers(num_classes, size=rows)
  x = rng.normal(size=(rows, 4)) + y[:, None] * (1, -0.5, 0.2, 0)
  return x[:600], y[:600], x[600:], y[600:]


def theirs(x, y, x_test, seed=0, stages=100):
  model = GradientBoostingClassifier(random_state=seed, n_estimators=stages)
  model.fit(x, y)
  return model.feature_importances_, model.predict(x_test)


def ours(x, y, x_test, seed=0):
  return boost(x, y, x_test, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_importances_and_classes_are_scikit_learns(num_classes):
  x, y, x_test, _ = table(num_classes)
  found, expected = ours(x, y, x_test), theirs(x, y, x_test)
  # The residuals of the first stages have few values, so that splits tie; the
  # reference chooses by its random state and moves by as much as this.
  np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=0.01)
  assert (found[1] != expected[1]).mean() < 0.03


def test_without_ties_every_split_is_scikit_learns(monkeypatch):
  # One informative latent and one stage: no two splits are equally good.
  monkeypatch.setattr(boosting, "STAGES", 1)
  x, y, x_test, _ = table(2, seed=3)
  found = ours(x, y, x_test)
  expected = theirs(x, y, x_test, stages=1)
  np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)
  np.testing.assert_array_equal(found[1], expected[1])


def test_quantised_latents_are_split_between_their_values():
  x, y, x_test, truth = table(3)
  found = ours(np.rint(x), y, np.rint(x_test))
  expected = theirs(np.rint(x), y, np.rint(x_test))
  np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=0.01)
  assert (found[1] != expected[1]).mean() < 0.03
  assert (found[1] == truth).mean() > 0.5


def test_copies_of_a_latent_share_its_importance():
  x, y, x_test, _ = table(3)
  # Exact ties: the generator chooses, over many splits evenly.
  importances, _ = ours(x[:, [0, 0]], y, x_test[:, [0, 0]])
  np.testing.assert_allclose(importances, 0.5, atol=0.15)


def test_a_class_that_is_missing_in_training_is_never_guessed():
  x, y, x_test, _ = table(3)
  importances, guess = ours(x, np.where(y == 1, 0, y), x_test)
  assert set(guess) == {0, 2}
  np.testing.assert_allclose(importances.sum(), 1)
  importances, guess = ours(x, np.full(len(y), 4), x_test)
  assert set(guess) == {4}
  np.testing.assert_array_equal(importances, 0)


def test_constant_latents_are_not_split():
  x, y, x_test, _ = table(3)
  importances, _ = ours(np.ones_like(x), y, x_test)
  np.testing.assert_array_equal(importances, 0)


def test_dci_scores_images_that_it_was_not_fitted_on():
  # 768 images of noise: when test rows were drawn from the rows fitted on, the
  # trees knew them by heart and informativeness was 0.9996.
  rng = np.random.default_rng(0)
  factors = np.stack([rng.integers(s, size=768) for s in (4, 3)], 1)
  codes = rng.normal(size=(768, 3))
  for name in ("dci", "dci_fast"):
    metric = METRICS[name].function
    found = metric(codes, factors, rng=np.random.default_rng(0))
    # Chance is the mean of 1/4 and 1/3; a mean over 256 rows moves by 0.03.
    assert abs(found["informativeness"] - 0.29) < 0.06
    assert "without a common image" in found["variant"]
    assert 0 < found[f"{name}_spread"] < 0.05
