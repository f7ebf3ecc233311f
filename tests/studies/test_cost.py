"""A study's cost is that of its own programs, multiplied out."""

import math

import pytest
from helpers import tiny

from dvae_jax import studies
from dvae_jax.studies import cost


def plan_of(**runs):
  return studies.plan(studies.Study(runs, lanes=2), "study.py")


def config_of(method="vae", seeds=(0, 1, 2)):
  config = tiny.get_config()
  config.objective = method
  config.sweep = {"seed": seeds}
  return config


def test_the_estimate_is_steps_times_lanes_times_the_pace(monkeypatch):
  def pace(config, setup):
    return len(config.sweep.seed) * 0.5  # half a second a lane

  monkeypatch.setattr(cost, "seconds_per_step", pace)
  more = config_of("autoencoder", (0, 1, 2, 3, 4))
  plan = plan_of(few=config_of(), more=more)
  found = cost.estimate(plan.parts)
  steps = plan.parts[0].config.train.steps
  hours = lambda lanes: lanes * steps * 0.5 / 3600
  assert found == {
    "few": (3, pytest.approx(hours(3))),
    "more": (5, pytest.approx(hours(5))),
  }
  text = cost.tell(found)
  assert "8 models to train" in text
  assert f"| more | 5 | {hours(5):.2f} |" in text


def test_a_step_is_timed():
  (part,) = plan_of(plain=config_of(seeds=(0, 1))).parts
  ((models, hours),) = cost.estimate([part]).values()
  assert models == 2
  # A tiny step takes at least a microsecond, and at most a second.
  steps = 2 * part.config.train.steps
  assert 1e-6 * steps < 3600 * hours < steps


def test_what_cant_be_timed_has_no_hours(capsys):
  config = config_of()
  config.data.name, config.data.source = "smallnorb", "file"
  config.data.dir = "/nowhere"
  ((models, hours),) = cost.estimate(plan_of(far=config).parts).values()
  assert models == 2 + 1
  assert math.isnan(hours)
  assert "far can't be timed" in capsys.readouterr().err


@pytest.mark.parametrize(
  ("hours", "words"),
  [(0.2, "12 minutes"), (3.44, "3.4 hours"), (1000, "42 days")],
)
def test_long_times_are_words(hours, words):
  assert cost.in_words(hours) == words
