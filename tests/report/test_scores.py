"""What scores mean: directions, labels, means over seeds."""

import numpy as np
import pytest
from scipy.stats import sem

from dvae_jax.metrics import METRICS, missing
from dvae_jax.report import scores


@pytest.mark.parametrize("name", METRICS)
def test_metrics_own_record_decides(name):
  metric = METRICS[name]
  assert scores.better(name) == scores.better(f"{name}.part") == metric.better
  refusal = missing(name, factors=None, logvars=np.ones((1, 1)))
  assert scores.needs_labels(name) == refusal.startswith("factors")


@pytest.mark.parametrize(
  ("name", "better"),
  [("elbo", "high"), ("reconstruction", "low"), ("kl", "low"), ("tc", "low"),
   ("mi", ""), ("active_units", ""), ("of somebody else", "")],
)  # fmt: skip
def test_models_own_quantities_need_no_labels(name, better):
  assert scores.better(name) == better
  assert not scores.needs_labels(name)


def test_arrow_and_worth_point_to_the_better_side():
  assert scores.titled("mig") == "mig ↑"
  assert scores.titled("total_correlation") == "total_correlation ↓"
  assert scores.titled("mi") == "mi"
  np.testing.assert_array_equal(scores.worth("mig", [1, 2]), [1, 2])
  np.testing.assert_array_equal(scores.worth("tc", [1, np.nan]), [-1, np.nan])


def test_headline_is_a_metric_with_labels_then_one_without_then_the_elbo():
  known = {
    name: np.ones(2)
    for name in ("kl", "reconstruction", "elbo", "wasserstein", "sap")
  }
  assert scores.headline(known) == "sap"
  assert scores.rated(known) == ["sap", "wasserstein"]
  known["sap"] = np.full(2, np.nan)
  assert scores.headline(known) == "wasserstein"
  del known["wasserstein"]
  assert scores.headline(known) == "elbo"
  del known["elbo"]
  assert scores.headline(known) == "reconstruction"
  assert scores.headline({"kl": np.ones(2)}) == ""


def test_summary_has_an_error_from_two_numbers_on():
  found = scores.summary([0.1, np.nan, 0.4, 0.7])
  np.testing.assert_allclose(found, [0.4, sem([0.1, 0.4, 0.7]), 3])
  assert np.isnan(scores.summary([0.1]).error)
  assert scores.summary([np.nan]).number == 0


def test_best_setting_has_the_best_mean_not_the_best_lane():
  settings = ["a", "a", "b", "b", "c"]
  values = [0.9, 0.1, 0.6, 0.6, np.nan]
  assert scores.best_setting("mig", settings, values) == ("b", (0.6, 0, 2))
  name, found = scores.best_setting("total_correlation", settings, values)
  assert (name, found.mean) == ("a", 0.5)
  assert scores.best_setting("mig", ["c"], [np.nan]) is None
