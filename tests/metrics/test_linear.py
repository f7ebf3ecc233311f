"""The metrics' classifiers and areas against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.svm import LinearSVC

from dvae_jax.metrics.explicitness import roc_area
from dvae_jax.metrics.linear import decide, fit_logistic
from dvae_jax.metrics.svc import fit_line_svc


def labelled(num_classes):
  rng = np.random.default_rng(num_classes)
  y = rng.integers(num_classes, size=800)
  x = rng.normal(size=(800, 3)) + 0.7 * y[:, None] * (1, -1, 0)
  return x, y


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("penalty", [1.0, 0.0])
@pytest.mark.parametrize("balanced", [False, True])
def test_logistic_regression_is_scikit_learns(num_classes, penalty, balanced):
  x, y = labelled(num_classes)
  kept = (y < num_classes - 1) | (np.arange(800) % 2 == 0)
  x, y = x[kept], y[kept]  # half of the last class is missing
  model = fit_logistic(x, y, penalty=penalty, balanced=balanced)
  expected = LogisticRegression(
    C=1.0 if penalty else np.inf, class_weight="balanced" if balanced else None
  ).fit(x, y)
  shown = decide(model, x)[:, 1:] if num_classes == 2 else decide(model, x)
  # Both stop at a gradient of 1e-4, rounding apart: logits are as sharp as this
  # where the classes are many and nothing penalises their weights.
  np.testing.assert_allclose(
    shown.squeeze(), expected.decision_function(x), rtol=0, atol=0.01
  )


@pytest.mark.parametrize("num_classes", [2, 3, 7])
@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_line_svc_is_scikit_learns(num_classes, scale):
  x, y = labelled(num_classes)
  x = x[:, 0] * scale
  order = np.argsort(x)
  model = fit_line_svc(x[order], np.stack([y, y % 2], 1)[order])[0]
  expected = LinearSVC(
    C=0.01, class_weight="balanced", dual=False, tol=1e-12, max_iter=10_000
  ).fit(x[:, None], y)
  shown = decide(model, x[:, None])
  shown = shown[:, 1] if num_classes == 2 else shown
  np.testing.assert_allclose(
    shown, expected.decision_function(x[:, None]), rtol=1e-4, atol=1e-5
  )


def test_a_constant_feature_has_no_slope():
  labels = np.arange(30)[:, None] % 3
  (model,) = fit_line_svc(np.zeros(30), labels)
  np.testing.assert_array_equal(model.weights, 0.0)


def test_roc_area_is_scikit_learns_with_ties():
  rng = np.random.default_rng(0)
  positive = rng.random(300) < 0.3
  scores = np.round(rng.normal(size=300) + positive, 1)
  expected = roc_auc_score(positive, scores)
  np.testing.assert_allclose(roc_area(scores, positive), expected, rtol=1e-12)
